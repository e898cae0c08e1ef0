//! Prism, which answers with the example of an OpenAPI document.

use serde_json::{Map, Value, json};

use super::{Peer, Setting, Skills, program, version, words, write};
use crate::worlds::{Asked, LARGE, SMALL, World, mocked, request};

pub const PEER: Peer = Peer {
    slug: "prism",
    name: "Prism",
    version: || version("Prism", &["prism", "--version"]),
    may_miss: true,
    set_up,
    // Of 10,000 paths it took seconds for one answer.
    skills: Skills { forwards: false, h2c: false, stubs: 1_000, scenarios: 0, is_slow: true },
};

fn set_up(setting: &Setting<'_>) -> Vec<String> {
    let asked: Vec<Asked> = match setting.world {
        World::Stubs(n) => (0..n).map(|i| request(setting.world, i)).collect(),
        _ => [SMALL, LARGE].map(mocked).to_vec(),
    };
    let paths: Map<String, Value> = asked
        .into_iter()
        .map(|asked| {
            let example: Value = serde_json::from_str(&asked.answer).expect("answers are JSON");
            let content = json!({ "application/json": { "schema": { "type": "object" }, "example": example } });
            (asked.target, json!({ "get": { "responses": { "200": { "description": "", "content": content } } } }))
        })
        .collect();
    let document = json!({ "openapi": "3.0.3", "info": { "title": "compare", "version": "1" }, "paths": paths });
    write(setting, "openapi.json", &document.to_string());
    words(&[
        &program("prism"),
        "mock",
        "-h",
        "127.0.0.1",
        "-p",
        &setting.port.to_string(),
        "-v",
        "silent",
        "openapi.json",
    ])
}
