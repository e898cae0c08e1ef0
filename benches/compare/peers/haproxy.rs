//! HAProxy: `http-request return`, and forwarding over shared connections.

use super::{PROXY, Peer, Setting, fill, version, words, write};
use crate::worlds::{LARGE, SMALL, answer};

pub const PEER: Peer = Peer {
    slug: "haproxy",
    name: "HAProxy",
    version: || version("HAProxy", &["haproxy", "-v"]),
    may_miss: false,
    set_up,
    skills: PROXY,
};

fn set_up(setting: &Setting<'_>) -> Vec<String> {
    for size in [SMALL, LARGE] {
        write(setting, &format!("{size}.json"), &answer(size, 0));
    }
    let config = fill(
        include_str!("haproxy.cfg"),
        &[
            ("PORT", &setting.port.to_string()),
            ("H2_PORT", &setting.h2_port.to_string()),
            ("UPSTREAM", &setting.upstream.to_string()),
        ],
    );
    write(setting, "haproxy.cfg", &config);
    words(&["haproxy", "-db", "-f", "haproxy.cfg"])
}
