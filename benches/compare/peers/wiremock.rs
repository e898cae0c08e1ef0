//! WireMock: the standalone jar of the npm package `wiremock`, without its journal, which would grow without a bound.

use serde_json::{Value, json};

use super::{Peer, Setting, Skills, peers, version, words, write};
use crate::worlds::{By, LARGE, SMALL, World, mocked, request};

/// Named in full by the peers' folder.
const JAR: &str = "bin/wiremock.jar";

pub const PEER: Peer = Peer {
    slug: "wiremock",
    name: "WireMock",
    version: || {
        let jar = peers().join(JAR).display().to_string();
        let java = version("Java", &["java", "-version"])?;
        Some(format!("{}, {java}", version("WireMock", &["java", "-jar", &jar, "--version"])?))
    },
    may_miss: true,
    set_up,
    // It looks at one stub after the other, and answers some 30 requests a second at 10,000.
    skills: Skills { forwards: false, h2c: false, stubs: 10_000, scenarios: 10_000, is_slow: true },
};

fn set_up(setting: &Setting<'_>) -> Vec<String> {
    let stub = |asked: crate::worlds::Asked, condition: Value| {
        let path = asked.target.split('?').next().unwrap_or_default();
        let mut request = json!({ "method": asked.method, "urlPath": path });
        if let (Some(request), Value::Object(condition)) = (request.as_object_mut(), condition) {
            request.extend(condition);
        }
        let headers = json!({ "content-type": "application/json" });
        json!({ "request": request, "response": { "status": 200, "headers": headers, "body": asked.answer } })
    };
    let mappings: Vec<Value> = match setting.world {
        World::Plain => [SMALL, LARGE].map(|size| stub(mocked(size), Value::Null)).to_vec(),
        World::Stubs(n) => (0..n).map(|i| stub(request(setting.world, i), Value::Null)).collect(),
        World::Scenarios(by, n) => (0..n)
            .map(|i| {
                let condition = match by {
                    By::Query => json!({ "queryParameters": { "term": { "equalTo": format!("t{i}") } } }),
                    By::Header => json!({ "headers": { "x-term": { "equalTo": format!("t{i}") } } }),
                    By::Json => json!({ "bodyPatterns": [{ "matchesJsonPath":
                        { "expression": "$.term", "equalTo": format!("t{i}") } }] }),
                };
                stub(request(setting.world, i), condition)
            })
            .collect(),
    };
    std::fs::create_dir_all(setting.dir.join("mappings")).expect("the folder is ours");
    write(setting, "mappings/all.json", &json!({ "mappings": mappings }).to_string());
    let jar = peers().join(JAR).display().to_string();
    let port = setting.port.to_string();
    // oha would be sent packed bodies, wrk would not.
    let quiet = ["--no-request-journal", "--disable-banner", "--disable-gzip", "--use-chunked-encoding", "never"];
    let mut command = words(&["java", "-jar", &jar, "--bind-address", "127.0.0.1", "--port", &port]);
    command.extend(words(&["--root-dir", "."]));
    command.extend(words(&quiet));
    command
}
