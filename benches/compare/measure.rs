//! Rounds: in each, every row of a section has its turn, in an order that changes, so that whatever else the machine does
//! hits everybody alike.

use std::collections::HashMap;

use crate::load::{ARRIVALS, Closed, Latency, closed, open};
use crate::options::Options;
use crate::sections::{Row, Section};
use crate::server::{Failure, Ground, Memory, Server};
use crate::worlds::{Asked, World};

/// So many different answers of a server are looked at before it is measured.
const CHECKED: usize = 8;

/// What was found for one row.
#[derive(Default, Debug)]
pub struct Figures {
    /// One for each round.
    pub closed: Vec<Closed>,
    /// One for each round, where latency was measured.
    pub open: Vec<Latency>,
    pub memory: Option<Memory>,
    /// Why all that is no result.
    pub failure: Option<Failure>,
}

impl Figures {
    /// Whether something went wrong. Ours is never to be too slow.
    pub fn is_invalid(&self, row: &Row) -> bool {
        match self.failure {
            Some(Failure::Wrong(_)) => true,
            Some(Failure::Slow(_)) => row.peer.is_ours(),
            None => false,
        }
    }
}

/// Measures all rows of a section.
pub fn measure(section: &Section, options: &Options, ground: &Ground, has_oha: bool) -> Vec<Figures> {
    let mut figures: Vec<Figures> = section.rows.iter().map(|_| Figures::default()).collect();
    let servers = start(section, ground, &mut figures);
    let running: Vec<(usize, &Row, &Server)> = (section.rows.iter().enumerate())
        .filter(|(at, _)| figures[*at].failure.is_none())
        .filter_map(|(at, row)| Some((at, row, servers.get(&key(row))?)))
        .collect();
    for (at, row, server) in &running {
        if row.peer.skills.is_slow {
            figures[*at].failure = closed(server, &row.task, options.warm_up(), ground).err();
        }
    }
    for round in 0..options.rounds() {
        let mut turns: Vec<_> = running.iter().filter(|(at, ..)| figures[*at].failure.is_none()).collect();
        fastrand::Rng::with_seed(round as u64).shuffle(&mut turns);
        for (at, row, server) in turns {
            figures[*at].failure = turn(row, server, options, ground, has_oha, &mut figures[*at]).err();
        }
    }
    for (at, _, server) in running {
        figures[at].memory = server.memory();
    }
    figures
}

/// One row's turn in a round. A figure that goes wrong once is wrong for good.
fn turn(
    row: &Row,
    server: &Server,
    options: &Options,
    ground: &Ground,
    has_oha: bool,
    figures: &mut Figures,
) -> Result<(), Failure> {
    let found = closed(server, &row.task, options.closed(), ground)?;
    figures.closed.push(found);
    if has_oha {
        // A server that is hardly fast enough would be measured by how long its queue has grown.
        let keeps_up = found.rate > 1.3 * f64::from(ARRIVALS);
        let latency = if keeps_up { open(server, &row.task, options.open(), ground) } else { Ok(Latency::BEHIND) };
        figures.open.push(latency.map_err(Failure::Wrong)?);
    }
    Ok(())
}

/// What makes two rows share a server.
fn key(row: &Row) -> (&'static str, String) {
    (row.peer.slug, format!("{:?}", row.world))
}

/// Starts every server that a section needs, and waits until each gives the right answers.
fn start(section: &Section, ground: &Ground, figures: &mut [Figures]) -> HashMap<(&'static str, String), Server> {
    let mut servers: HashMap<_, Result<Server, Failure>> = HashMap::new();
    let rows: Vec<(usize, &Row)> = section.rows.iter().enumerate().filter(|(_, row)| row.obstacle.is_none()).collect();
    for (_, row) in &rows {
        servers.entry(key(row)).or_insert_with(|| Server::start(row.peer, row.world, ground));
    }
    for (at, row) in rows {
        figures[at].failure = match servers.get_mut(&key(row)) {
            Some(Ok(server)) => server.wait(&few(row)).err(),
            Some(Err(failure)) => Some(failure.clone()),
            None => None,
        };
    }
    servers.into_iter().filter_map(|(key, server)| Some((key, server.ok()?))).collect()
}

/// Some of the requests of a row, from its whole table.
fn few(row: &Row) -> Vec<Asked> {
    let asked = &row.task.asked;
    let step = if row.world == World::Plain { 1 } else { asked.len().div_ceil(CHECKED).max(1) };
    asked.iter().step_by(step).cloned().collect()
}
