//! Keys of the configuration: those of the schema, with the defaults that are in force, and no others.

use std::collections::{BTreeMap, BTreeSet};

use standin::config;

use super::lists::{found, set, source};
use super::page::{Page, code};

/// Where the keys of each table of the schema are listed: headings, each with the text above the table.
const KEYS: &[(&str, &[(&str, &str)])] = &[
    ("StandinFile", &[("The top of `standin.toml`", "")]),
    ("ProxyTable", &[("`[proxy]`", "")]),
    ("TlsTable", &[("`[proxy.tls]`", "")]),
    ("UpstreamTlsTable", &[("`[upstreams.NAME.tls]`", "")]),
    ("UpstreamTable", &[("`[upstreams.NAME]`", "")]),
    ("OpsTable", &[("`[ops]`", "")]),
    ("AdminTable", &[("`[admin]`", "")]),
    ("AdminTlsTable", &[("`[admin.tls]`", "")]),
    ("GateTable", &[("`[gate]`", "Without it")]),
    ("GateWhenTable", &[("`[gate]`", "Gate conditions")]),
    ("CallLogTable", &[("`[call_log]`", "")]),
    ("CallFileTable", &[("`[call_log.file]`", "")]),
    ("CallDatabaseTable", &[("`[call_log.database]`", "")]),
    ("LimitsTable", &[("`[limits]`", "")]),
    ("MetricsTable", &[("`[metrics]`", "")]),
    ("RandomTable", &[("`[random]`", "")]),
    ("MockFile", &[("A mock", ""), ("A mock", "also holds")]),
    ("PostmanTable", &[("A mock", "Keys of `postman`")]),
    ("OpenapiTable", &[("A mock", "Keys of `openapi`")]),
    ("AccessTable", &[("A mock", "Keys of `access`")]),
    ("LimitTable", &[("A mock", "Keys of `limit`")]),
    ("CorsTable", &[("A mock", "Keys of `cors`")]),
    ("SecretTable", &[("A mock", "Keys of a secret")]),
    ("TrustTable", &[("A mock", "Keys of `selectors`")]),
    ("DelayTable", &[("A mock", "Keys of a `delay`")]),
    ("EnvironmentTable", &[("A mock", "Keys of an environment")]),
    ("ReleaseTable", &[("A mock", "Keys of a release")]),
    ("ServerStubTable", &[("`[[server_stub]]`", ""), ("A response", "")]),
    ("ScenarioTable", &[("`[[stub.scenario]]`", ""), ("A response", "")]),
    ("ExampleTable", &[("`[[stub.example]]`", "")]),
    ("GetsTable", &[("`[[stub.example]]`", "Keys of `gets`")]),
    ("WhenTable", &[("Conditions", "holds conditions")]),
    ("OperatorTable", &[("Conditions", "table of operators")]),
];

/// The keys of each table of both schemas.
fn keys_of_the_schemas() -> BTreeMap<String, BTreeSet<String>> {
    let mut out = BTreeMap::new();
    let keys = |table: &serde_json::Value| {
        let properties = table["properties"].as_object()?;
        Some(properties.keys().cloned().collect::<BTreeSet<String>>())
    };
    for (name, schema) in [("StandinFile", config::schema()), ("MockFile", config::mock_schema())] {
        out.extend(keys(&schema).map(|keys| (name.to_owned(), keys)));
        let tables = schema["$defs"].as_object().unwrap();
        out.extend(tables.iter().filter_map(|(name, table)| Some((name.clone(), keys(table)?))));
    }
    out
}

#[test]
fn every_key_of_the_files_is_listed_and_no_other() {
    let page = Page::read();
    let listed = |places: &[(&str, &str)]| -> BTreeSet<String> {
        places.iter().flat_map(|(heading, intro)| page.table(heading, intro).names()).collect()
    };
    let mut tables = keys_of_the_schemas();
    for (table, places) in KEYS {
        let keys = tables.remove(*table).unwrap_or_else(|| panic!("the schema has no table {table}"));
        assert_eq!(listed(places), keys, "{table}");
    }
    // Two tables are parts of others: `[default]` is a mock without a name, and a stub in the short form has its own
    // keys and those of a scenario.
    let mut default = listed(&[("A mock", "")]);
    default.remove("name");
    assert_eq!(tables.remove("DefaultTable"), Some(default));
    let mut stub = listed(&[("`[[stub]]`", ""), ("`[[stub.scenario]]`", ""), ("A response", "")]);
    stub.retain(|key| !["STUB/SCENARIO", "only_selected", "alternative_to"].contains(&key.as_str()));
    assert_eq!(tables.remove("StubTable"), Some(stub));
    assert!(tables.is_empty(), "not in the README: {tables:?}");
}

#[test]
fn defaults_and_changes_are_as_check_effective_shows_them() {
    let page = Page::read();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("standin.toml"), "[default]\n[upstreams.x]\nurl = \"http://127.0.0.1:3000\"")
        .unwrap();
    let request = config::Request { config: Some(dir.path().to_owned()), ..config::Request::default() };
    let rows = config::load(&request).unwrap().effective;
    assert!(rows.len() > 30);
    for row in rows {
        let (table, key) = row.key.rsplit_once(['.', ' ']).unwrap_or(("", &row.key));
        let (heading, intro) = match table {
            "" => ("The top of `standin.toml`".to_owned(), ""),
            "upstreams.x" if key == "url" => continue,
            "upstreams.x" => ("`[upstreams.NAME]`".to_owned(), ""),
            "upstreams.x.tls" => ("`[upstreams.NAME.tls]`".to_owned(), ""),
            "gate" => ("`[gate]`".to_owned(), "Without it"),
            "mock default:" => ("A mock".to_owned(), ""),
            table => (format!("`[{table}]`"), ""),
        };
        let table = page.table(&heading, intro);
        let cell = |column| table.cell(key, column).unwrap_or_else(|| panic!("{} is not in the README", row.key));
        assert_eq!(cell("default").replace('`', ""), row.value, "{}", row.key);
        let change = match row.takes_effect {
            config::TakesEffect::Reload => "reload",
            config::TakesEffect::Restart => "restart",
        };
        assert_eq!(cell("change"), change, "{}", row.key);
    }
}

#[test]
fn headers_that_cannot_be_set_are_those_that_the_readme_names() {
    let page = Page::read();
    let line = page.prose.split("cannot be set:").nth(1).unwrap().split("\n\n").next().unwrap();
    let listed = set(code(line));
    let own = source("config/response.rs");
    let own = own.split("const OWN").nth(1).unwrap().split("];").next().unwrap();
    assert_eq!(listed, found(r#"\("([a-z-]+)","#, own));
}
