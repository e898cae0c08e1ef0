//! What the servers are set up with, what they are asked, and what they must answer.

use std::fmt;

/// Bytes of the short answer.
pub const SMALL: usize = 200;
/// Bytes of the long answer: 10 KB.
pub const LARGE: usize = 10 * 1024;
/// So many different requests take turns, at most: enough that a large table pays for its cache misses.
const REQUESTS: usize = 1024;

/// What a server is set up with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum World {
    /// `/mock/200` and `/mock/10240` are answered, all else is forwarded to the upstream, which has `/real/…`.
    Plain,
    /// So many stubs, each with a path of its own.
    Stubs(usize),
    /// So many scenarios of one stub.
    Scenarios(By, usize),
}

/// What tells the scenarios of one stub apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    Query,
    Header,
    Json,
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            By::Query => "query",
            By::Header => "header",
            By::Json => "JSON",
        })
    }
}

/// A request, and the body of its answer.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: &'static str,
    pub target: String,
    pub header: Option<(&'static str, String)>,
    pub body: Option<String>,
    pub answer: String,
}

/// A JSON object of exactly so many bytes that names `id`. It holds nothing that a configuration would have to escape.
pub fn answer(size: usize, id: usize) -> String {
    let head = format!(
        r#"{{"id":"{id}","name":"Ada Lovelace","email":"ada@example.test","roles":["admin","author"],"active":true,"note":""#
    );
    let filler = "first programmer, ".chars().cycle().take(size - head.len() - 2).collect::<String>();
    format!("{head}{filler}\"}}")
}

fn get(target: String, answer: String) -> Asked {
    Asked { method: "GET", target, header: None, body: None, answer }
}

/// The one answer of this size that every server of [`World::Plain`] gives by itself.
pub fn mocked(size: usize) -> Asked {
    get(format!("/mock/{size}"), answer(size, 0))
}

/// The one of this size that it gets from the upstream.
pub fn forwarded(size: usize) -> Asked {
    get(format!("/real/{size}"), answer(size, 1))
}

/// The request that stub or scenario `i` answers.
pub fn request(world: World, i: usize) -> Asked {
    let answer = answer(SMALL, i);
    match world {
        World::Plain => mocked(SMALL),
        World::Stubs(_) => get(format!("/v1/things/{i}"), answer),
        World::Scenarios(By::Query, _) => get(format!("/v1/search?page=1&term=t{i}"), answer),
        World::Scenarios(By::Header, _) => {
            Asked { header: Some(("x-term", format!("t{i}"))), ..get("/v1/search".to_owned(), answer) }
        }
        World::Scenarios(By::Json, _) => Asked {
            method: "POST",
            header: Some(("content-type", "application/json".to_owned())),
            body: Some(format!(r#"{{"page":1,"term":"t{i}"}}"#)),
            ..get("/v1/search".to_owned(), answer)
        },
    }
}

/// Requests spread evenly over all stubs or scenarios of a world, in no order.
pub fn sample(world: World) -> Vec<Asked> {
    let (World::Stubs(n) | World::Scenarios(_, n)) = world else { return vec![mocked(SMALL)] };
    let many = n.min(REQUESTS);
    let mut sample: Vec<Asked> = (0..many).map(|at| request(world, at * n / many)).collect();
    fastrand::Rng::with_seed(1).shuffle(&mut sample);
    sample
}
