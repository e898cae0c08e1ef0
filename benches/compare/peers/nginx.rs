//! nginx: `return`, `proxy_pass` with kept connections, and locations. It is the upstream of everybody, too.

use std::fmt::Write as _;

use super::{PROXY, Peer, Setting, Skills, fill, version, words, write};
use crate::worlds::{LARGE, SMALL, World, answer, request};

pub const PEER: Peer = Peer {
    slug: "nginx",
    name: "nginx",
    version: || version("nginx", &["nginx", "-v"]),
    may_miss: false,
    set_up,
    // Scenarios of one path it could only tell apart by a map of its own for each kind.
    skills: Skills { stubs: usize::MAX, ..PROXY },
};

/// A location that answers with this body.
fn location(path: &str, body: &str) -> String {
    // A word of the configuration is at most 4 KiB long. Variables were measured to cost less than a file.
    if body.len() < 4000 {
        return format!("location = {path} {{ return 200 '{body}'; }}\n");
    }
    let pieces: Vec<String> =
        body.as_bytes().chunks(4000).map(|piece| String::from_utf8_lossy(piece).into_owned()).collect();
    let mut location = format!("location = {path} {{ ");
    for (at, piece) in pieces.iter().enumerate() {
        let _ = write!(location, "set $body{at} '{piece}'; ");
    }
    let all: String = (0..pieces.len()).map(|at| format!("$body{at}")).collect();
    let _ = writeln!(location, "return 200 \"{all}\"; }}");
    location
}

fn set_up(setting: &Setting<'_>) -> Vec<String> {
    let mut locations: Vec<String> = match setting.world {
        World::Stubs(n) => {
            (0..n).map(|i| request(setting.world, i)).map(|asked| location(&asked.target, &asked.answer)).collect()
        }
        _ => [SMALL, LARGE].map(|size| location(&format!("/mock/{size}"), &answer(size, 0))).to_vec(),
    };
    // nginx sorts them by insertion, and would take minutes for 100,000 in another order.
    locations.sort();
    let locations = locations.concat();
    start(setting, &locations)
}

/// The upstream of all that is forwarded.
pub fn upstream(setting: &Setting<'_>) -> Vec<String> {
    let locations = [SMALL, LARGE].map(|size| location(&format!("/real/{size}"), &answer(size, 1))).concat();
    start(setting, &locations)
}

fn start(setting: &Setting<'_>, locations: &str) -> Vec<String> {
    let config = fill(
        include_str!("nginx.conf"),
        &[
            ("PORT", &setting.port.to_string()),
            ("H2_PORT", &setting.h2_port.to_string()),
            ("UPSTREAM", &setting.upstream.to_string()),
            ("LOCATIONS", locations),
        ],
    );
    write(setting, "nginx.conf", &config);
    words(&["nginx", "-p", ".", "-c", "nginx.conf", "-e", "stderr"])
}
