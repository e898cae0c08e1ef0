//! The servers that are compared, each with one worker and without an access log. How each is set up stands in its file
//! and in the template beside it.

mod bare;
mod envoy;
mod haproxy;
mod mockoon;
mod nginx;
mod prism;
mod standin;
mod wiremock;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub use bare::serve;
pub use nginx::upstream;

use crate::worlds::World;

/// A server that can be compared.
#[derive(Debug)]
pub struct Peer {
    /// As `--peers` names it.
    pub slug: &'static str,
    /// As the tables name it.
    pub name: &'static str,
    /// Name and version; `None` where it is not on this machine.
    pub version: fn() -> Option<String>,
    /// Whether it comes from a registry that not every machine reaches, not with the packages of the system.
    pub may_miss: bool,
    /// Writes its configuration, and says how it is started.
    pub set_up: fn(&Setting<'_>) -> Vec<String>,
    pub skills: Skills,
}

/// What a server is asked for.
#[derive(Debug)]
pub struct Skills {
    /// Whether it can pass requests on, as fast as a proxy does.
    pub forwards: bool,
    pub h2c: bool,
    /// The most stubs that it holds; 0 where it is none of those that are compared by it.
    pub stubs: usize,
    /// The most scenarios of one stub, likewise.
    pub scenarios: usize,
    /// It runs on a JVM or on Node: it is warmed up first, and has fewer connections, since what is still under way when
    /// a round ends would else be much of the round.
    pub is_slow: bool,
}

/// A server of [`World::Plain`] alone.
const PROXY: Skills = Skills { forwards: true, h2c: true, stubs: 0, scenarios: 0, is_slow: false };

/// What a configuration is made of.
#[derive(Debug)]
pub struct Setting<'a> {
    /// Its own folder, empty.
    pub dir: &'a Path,
    pub world: World,
    pub port: u16,
    /// For servers that speak HTTP/2 on a port of its own only.
    pub h2_port: u16,
    pub upstream: u16,
    /// The sidecar to measure.
    pub standin: &'a Path,
}

/// All of them, ours first.
pub const PEERS: [&Peer; 10] = [
    &standin::SHIPPED,
    &standin::QUIET,
    &nginx::PEER,
    &haproxy::PEER,
    &bare::HYPER,
    &bare::PINGORA,
    &envoy::PEER,
    &wiremock::PEER,
    &mockoon::PEER,
    &prism::PEER,
];

impl Peer {
    /// Whether Standin's own figure is meant.
    pub fn is_ours(&self) -> bool {
        self.slug.starts_with("standin")
    }

    /// Where HTTP/2 without TLS is spoken.
    pub fn h2c_port(&self, setting: &Setting<'_>) -> u16 {
        if matches!(self.slug, "nginx" | "haproxy") { setting.h2_port } else { setting.port }
    }
}

/// Writes a file of a configuration.
fn write(setting: &Setting<'_>, name: &str, text: &str) {
    std::fs::write(setting.dir.join(name), text).expect("the folder was made for it");
}

/// A template with values in place of `@NAMES@`.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("@{name}@"), value))
}

fn words(command: &[&str]) -> Vec<String> {
    command.iter().map(|&word| word.to_owned()).collect()
}

/// A program that `.ci/install peers` made, or that is on the `PATH`.
pub fn program(name: &str) -> String {
    let made = peers().join("bin").join(name);
    if made.exists() { made.display().to_string() } else { name.to_owned() }
}

/// Where `.ci/install peers` puts what the machine's packages do not have.
fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers")
}

/// The first version number that a command prints, behind a name; `None` where it cannot be run.
pub fn version(name: &str, command: &[&str]) -> Option<String> {
    let output = Command::new(program(command[0])).args(&command[1..]).stdin(Stdio::null()).output().ok()?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let number = text.split(|c: char| !c.is_ascii_digit() && c != '.').find(|word| {
        word.contains('.')
            && word.starts_with(|c: char| c.is_ascii_digit())
            && word.ends_with(|c: char| c.is_ascii_digit())
    })?;
    Some(format!("{name} {number}"))
}
