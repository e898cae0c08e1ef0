//! The machine: which cores are used for what, and what it is.

use std::path::Path;
use std::process::Command;

/// Which core who has; `None`: wherever the system puts it.
#[derive(Clone, Copy, Default, Debug)]
pub struct Cores {
    pub server: Option<usize>,
    pub load: Option<usize>,
    pub upstream: Option<usize>,
}

impl Cores {
    /// One core for the server, another for the load, and a third for the upstream where there is one.
    pub fn choose() -> Cores {
        if Command::new("taskset").arg("--version").output().is_err() {
            return Cores::default();
        }
        let cores = distinct(&allowed());
        match cores.as_slice() {
            [] | [_] => Cores::default(),
            [server, load] => Cores { server: Some(*server), load: Some(*load), upstream: Some(*load) },
            [server, load, upstream, ..] => {
                Cores { server: Some(*server), load: Some(*load), upstream: Some(*upstream) }
            }
        }
    }

    /// What the choice is, in a sentence.
    pub fn sentence(self) -> String {
        match (self.server, self.load, self.upstream) {
            (Some(server), Some(load), Some(upstream)) if load == upstream => {
                format!("The server has core {server}, the generator and the upstream share core {load}.")
            }
            (Some(server), Some(load), Some(upstream)) => {
                format!("The server has core {server}, the generator core {load}, the upstream core {upstream}.")
            }
            _ => {
                "Nothing is pinned to a core, since there is no `taskset` here, or only one core: Standin has a thread \
                  for each core, the others have one."
                    .to_owned()
            }
        }
    }
}

/// The processors that this process may use.
fn allowed() -> Vec<usize> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap_or_default();
    numbers(list)
}

/// The numbers of a list such as `0-2,7`.
fn numbers(list: &str) -> Vec<usize> {
    let ranges = list.trim().split(',').filter_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(first.parse::<usize>().ok()?..=last.parse::<usize>().ok()?)
    });
    ranges.flatten().collect()
}

/// One processor of each core; if they are all of one core, all of them.
fn distinct(processors: &[usize]) -> Vec<usize> {
    let siblings = |processor: usize| {
        let path = format!("/sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list");
        numbers(&std::fs::read_to_string(path).unwrap_or_default())
    };
    let mut chosen: Vec<usize> = Vec::new();
    for &processor in processors {
        if !siblings(processor).iter().any(|sibling| chosen.contains(sibling)) {
            chosen.push(processor);
        }
    }
    if chosen.len() < 2 { processors.to_vec() } else { chosen }
}

/// When this is, and on what machine.
pub fn description() -> String {
    let date = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("?").to_owned();
    format!("{date}: {cores} cores of {}, {}, load {load} before the run.", model(), printed("uname", &["-srm"]))
}

fn model() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = info.lines().find(|line| line.starts_with("model name"));
    match line.and_then(|line| line.split_once(':')) {
        Some((_, model)) => model.trim().to_owned(),
        None if Path::new("/usr/sbin/sysctl").exists() => printed("sysctl", &["-n", "machdep.cpu.brand_string"]),
        None => "an unknown processor".to_owned(),
    }
}

/// The first line that a command prints.
fn printed(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or("?").trim().to_owned()
}
