//! Mockoon's command line, without templates in bodies, logs in files and its own API.

use serde_json::{Value, json};

use super::{Peer, Setting, Skills, program, version, words, write};
use crate::worlds::{Asked, By, LARGE, SMALL, World, mocked, request};

pub const PEER: Peer = Peer {
    slug: "mockoon",
    name: "Mockoon",
    version: || version("Mockoon", &["mockoon-cli", "--version"]),
    may_miss: true,
    set_up,
    // Of 10,000 routes or scenarios it took seconds for one answer.
    skills: Skills { forwards: false, h2c: false, stubs: 1_000, scenarios: 1_000, is_slow: true },
};

/// Mockoon names everything by a UUID.
fn uuid(kind: u32, at: usize) -> String {
    format!("{kind:08x}-0000-4000-8000-{at:012x}")
}

fn response(at: usize, asked: &Asked, rules: &Value) -> Value {
    json!({
        "uuid": uuid(1, at), "body": asked.answer, "latency": 0, "statusCode": 200, "label": "",
        "headers": [{ "key": "content-type", "value": "application/json" }],
        "bodyType": "INLINE", "filePath": "", "databucketID": "", "sendFileAsBody": false,
        "rules": rules, "rulesOperator": "AND", "disableTemplating": true, "fallbackTo404": false,
        "default": at == 0, "crudKey": "id", "callbacks": [],
    })
}

fn route(at: usize, asked: &Asked, responses: &[Value]) -> Value {
    let path = asked.target.split('?').next().unwrap_or_default().trim_start_matches('/');
    json!({
        "uuid": uuid(2, at), "type": "http", "documentation": "", "method": asked.method.to_lowercase(),
        "endpoint": path, "responses": responses, "responseMode": null, "streamingMode": null, "streamingInterval": 0,
    })
}

fn set_up(setting: &Setting<'_>) -> Vec<String> {
    let alone = |(at, asked): (usize, Asked)| route(at, &asked, &[response(at, &asked, &json!([]))]);
    let routes: Vec<Value> = match setting.world {
        World::Plain => [SMALL, LARGE].map(mocked).into_iter().enumerate().map(alone).collect(),
        World::Stubs(n) => (0..n).map(|i| request(setting.world, i)).enumerate().map(alone).collect(),
        World::Scenarios(by, n) => {
            let (target, modifier) = match by {
                By::Query => ("query", "term"),
                By::Header => ("header", "x-term"),
                By::Json => ("body", "term"),
            };
            let answer = |i| {
                let rule = json!([{ "target": target, "modifier": modifier, "value": format!("t{i}"),
                    "invert": false, "operator": "equals" }]);
                response(i, &request(setting.world, i), &rule)
            };
            vec![route(0, &request(setting.world, 0), &(0..n).map(answer).collect::<Vec<_>>())]
        }
    };
    let children: Vec<Value> = routes.iter().map(|route| json!({ "type": "route", "uuid": route["uuid"] })).collect();
    let environment = json!({
        "uuid": uuid(0, 0), "lastMigration": 33, "name": "compare", "endpointPrefix": "", "latency": 0,
        "port": setting.port, "hostname": "127.0.0.1", "folders": [], "routes": routes, "rootChildren": children,
        "proxyMode": false, "proxyHost": "", "proxyRemovePrefix": false, "tlsOptions": { "enabled": false },
        "cors": false, "headers": [], "proxyReqHeaders": [], "proxyResHeaders": [], "data": [], "callbacks": [],
    });
    write(setting, "mockoon.json", &environment.to_string());
    let command = [&program("mockoon-cli"), "start", "--data", "mockoon.json", "--disable-log-to-file"];
    [words(&command.map(|word: &str| word)), words(&["--disable-admin-api", "--repair"])].concat()
}
