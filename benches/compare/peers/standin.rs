//! Standin, as it is shipped and with its call log and metrics reduced as far as its keys allow.

use std::fmt::Write as _;

use super::{PROXY, Peer, Setting, Skills, words, write};
use crate::worlds::{By, LARGE, SMALL, World, answer};

pub const SHIPPED: Peer = Peer {
    slug: "standin",
    name: "Standin",
    version: || Some(concat!("Standin ", env!("CARGO_PKG_VERSION")).to_owned()),
    may_miss: false,
    set_up: |setting| set_up(setting, ""),
    skills: Skills { stubs: usize::MAX, scenarios: usize::MAX, ..PROXY },
};

pub const QUIET: Peer = Peer {
    slug: "standin-quiet",
    name: "Standin, log off",
    set_up: |setting| set_up(setting, QUIETER),
    skills: PROXY,
    ..SHIPPED
};

const QUIETER: &str = "call_log = { memory = \"0B\", body = \"0B\", access_log = \"none\" }\nmetrics.max_stubs = 0\n";

fn set_up(setting: &Setting<'_>, more: &str) -> Vec<String> {
    let Setting { port, upstream, .. } = setting;
    let mut config = format!(
        "proxy = {{ listen = \"127.0.0.1:{port}\", upstream = \"http://127.0.0.1:{upstream}\" }}\n\
         ops.listen = \"127.0.0.1:0\"\nadmin.listen = \"127.0.0.1:0\"\n{more}"
    );
    let body = |size, i| format!("type = \"json\"\nbody = '{}'\n", answer(size, i));
    match setting.world {
        World::Plain => {
            for size in [SMALL, LARGE] {
                let _ = write!(config, "[[stub]]\nmatch = \"GET /mock/{size}\"\n{}", body(size, 0));
            }
        }
        World::Stubs(n) => {
            for i in 0..n {
                let _ = write!(config, "[[stub]]\nmatch = \"GET /v1/things/{i}\"\n{}", body(SMALL, i));
            }
        }
        World::Scenarios(by, n) => {
            let method = if by == By::Json { "POST" } else { "GET" };
            let _ = writeln!(config, "[[stub]]\nmatch = \"{method} /v1/search\"");
            let key = match by {
                By::Query => "query.term",
                By::Header => "header.x-term",
                By::Json => "json.\"$.term\"",
            };
            for i in 0..n {
                let _ = write!(config, "[[stub.scenario]]\nwhen.{key} = \"t{i}\"\n{}", body(SMALL, i));
            }
        }
    }
    write(setting, "standin.toml", &config);
    words(&[&setting.standin.display().to_string(), "run", "-c", "standin.toml"])
}
