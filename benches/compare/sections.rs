//! The five sections: who is asked what, and whose figures the others' are held against.

use clap::ValueEnum as _;

use crate::load::{CONNECTIONS, FEW_CONNECTIONS, Task};
use crate::options::{Options, Part};
use crate::peers::{PEERS, Peer};
use crate::worlds::{Asked, By, LARGE, SMALL, World, forwarded, mocked, sample};

/// One table.
#[derive(Debug)]
pub struct Section {
    pub title: &'static str,
    pub rows: Vec<Row>,
    pub ratios: Ratios,
}

/// One server and what it is asked.
#[derive(Debug)]
pub struct Row {
    /// Rows of one group are asked the same.
    pub group: String,
    pub peer: &'static Peer,
    pub world: World,
    pub task: Task,
    /// Why it is not run.
    pub obstacle: Option<&'static str>,
}

/// Whose figures the others of the group are divided by: slugs of peers.
#[derive(Default, Debug)]
pub struct Ratios {
    pub rate: &'static [&'static str],
    pub cpu: &'static [&'static str],
    pub p99: &'static [&'static str],
    /// The CPU of a larger table is divided by that of the same server's smallest.
    pub growth: bool,
}

/// The servers that were asked for. The short form leaves out those that take long to warm up.
pub fn peers(options: &Options) -> Vec<&'static Peer> {
    let wanted = |peer: &Peer| match options.peers.as_slice() {
        [] => !(options.short && peer.skills.is_slow),
        named => named.iter().any(|slug| slug == peer.slug),
    };
    PEERS.into_iter().filter(|peer| wanted(peer)).collect()
}

/// The sections that were asked for. `is_here` says whether a peer is on this machine.
pub fn all(options: &Options, is_here: impl Fn(&Peer) -> bool) -> Vec<Section> {
    let peers = peers(options);
    let wanted = Part::value_variants().iter().filter(|part| options.has(**part));
    let mut sections: Vec<Section> = wanted
        .map(|part| match part {
            Part::Mocked => mocked_answers(&peers),
            Part::Forwarded => forwarded_answers(&peers),
            Part::Stubs => stubs(&peers, options.short),
            Part::Scenarios => scenarios(&peers, options.short),
            Part::H2c => h2c(&peers),
        })
        .filter(|section| !section.rows.is_empty())
        .collect();
    for row in sections.iter_mut().flat_map(|section| &mut section.rows) {
        if !is_here(row.peer) {
            row.obstacle = Some("missing");
        }
    }
    sections
}

fn row(group: &str, peer: &'static Peer, world: World, asked: Vec<Asked>) -> Row {
    let connections = if peer.skills.is_slow { FEW_CONNECTIONS } else { CONNECTIONS };
    let task = Task { asked, is_h2c: false, connections };
    Row { group: group.to_owned(), peer, world, task, obstacle: None }
}

const SIZES: [(usize, &str); 2] = [(SMALL, "200 B"), (LARGE, "10 KB")];

fn mocked_answers(peers: &[&'static Peer]) -> Section {
    let rows = SIZES.into_iter().flat_map(|(size, group)| {
        let peers = peers.iter().filter(move |peer| size == SMALL || peer.slug != "standin-quiet");
        peers.map(move |peer| row(group, peer, World::Plain, vec![mocked(size)]))
    });
    let ratios = Ratios { rate: &["pingora"], cpu: &["nginx", "haproxy", "hyper", "pingora"], ..Ratios::default() };
    Section { title: "Mocked answers", rows: rows.collect(), ratios }
}

fn forwarded_answers(peers: &[&'static Peer]) -> Section {
    let rows = SIZES.into_iter().flat_map(|(size, group)| {
        let peers = peers.iter().filter(|peer| peer.skills.forwards);
        let peers = peers.filter(move |peer| size == SMALL || peer.slug != "standin-quiet");
        peers.map(move |peer| row(group, peer, World::Plain, vec![forwarded(size)]))
    });
    let cpu = &["envoy", "haproxy", "pingora"];
    let ratios = Ratios { rate: &["pingora"], cpu, p99: &["haproxy"], ..Ratios::default() };
    Section { title: "Pass-through", rows: rows.collect(), ratios }
}

fn stubs(peers: &[&'static Peer], is_short: bool) -> Section {
    let sizes: &[usize] = if is_short { &[10, 1_000] } else { &[10, 1_000, 10_000, 100_000] };
    let mut rows = Vec::new();
    for &n in sizes {
        for peer in peers.iter().filter(|peer| peer.skills.stubs > 0) {
            let world = World::Stubs(n);
            let holds = n <= peer.skills.stubs;
            let asked = if holds { sample(world) } else { Vec::new() };
            let obstacle = (!holds).then_some("not run: too slow");
            rows.push(Row { obstacle, ..row(&format!("{} stubs", thousands(n)), peer, world, asked) });
        }
    }
    let ratios = Ratios { cpu: &["nginx"], growth: true, ..Ratios::default() };
    Section { title: "Stubs told apart by path", rows, ratios }
}

fn scenarios(peers: &[&'static Peer], is_short: bool) -> Section {
    let (few, many) = if is_short { (2, 100) } else { (10, 10_000) };
    let mut rows = Vec::new();
    for by in [By::Query, By::Header, By::Json] {
        for peer in peers.iter().filter(|peer| peer.skills.scenarios > 0) {
            for n in [few, many] {
                // The others are here for what many scenarios cost; ours also shows what they add.
                if n == few && !peer.is_ours() {
                    continue;
                }
                let world = World::Scenarios(by, n);
                let obstacle = (n > peer.skills.scenarios).then_some("not run: too slow");
                let group = format!("{} by {by}", thousands(n));
                rows.push(Row { obstacle, ..row(&group, peer, world, sample(world)) });
            }
        }
    }
    let ratios = Ratios { growth: true, ..Ratios::default() };
    Section { title: "Scenarios of one stub", rows, ratios }
}

fn h2c(peers: &[&'static Peer]) -> Section {
    let mut rows = Vec::new();
    for (group, asked) in [("mocked", mocked(SMALL)), ("forwarded", forwarded(SMALL))] {
        for peer in peers.iter().filter(|peer| peer.skills.h2c && peer.slug != "standin-quiet") {
            let mut row = row(group, peer, World::Plain, vec![asked.clone()]);
            row.task.is_h2c = true;
            rows.push(row);
        }
    }
    let ratios = Ratios { cpu: &["nginx", "haproxy", "envoy", "pingora"], ..Ratios::default() };
    Section { title: "HTTP/2 without TLS, 200 B", rows, ratios }
}

/// 100000 as 100,000.
pub fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
