//! A sidecar under `valgrind --tool=callgrind`, and the instructions between two moments of it.

use std::process::Command;

use crate::support::Sidecar;

/// A sidecar whose user-space instructions can be counted. It starts and loads uncounted, which is faster and keeps
/// the cost of a large configuration out of the figures.
pub struct Counted {
    pub sidecar: Sidecar,
    dumps: usize,
}

impl Counted {
    /// Starts a sidecar. Functions that exist in several forms, such as `memcpy`, are the ones for AVX2, because valgrind
    /// knows nothing newer: so newer processors count the same.
    pub fn start(environment: &[(&str, &str)], config: &str) -> Counted {
        let before = [
            "valgrind",
            "--tool=callgrind",
            "--instr-atstart=no",
            "--callgrind-out-file=DIR/counted",
            "--log-file=DIR/valgrind.log",
        ];
        let counted = Counted { sidecar: Sidecar::start(&before, environment, config), dumps: 0 };
        counted.tell("instrumentation on");
        counted
    }

    /// The instructions of all threads while `work` is done, in user space.
    pub fn count(&mut self, work: impl FnOnce()) -> u64 {
        self.tell("zero");
        work();
        self.tell("dump");
        self.dumps += 1;
        let path = self.sidecar.dir.path().join(format!("counted.{}", self.dumps));
        let dump = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let summary = dump.lines().find_map(|line| line.strip_prefix("summary: ")).unwrap();
        summary.trim().parse().unwrap()
    }

    /// Gives valgrind an order and waits until it is carried out.
    fn tell(&self, order: &str) {
        let pid = format!("--pid={}", self.sidecar.pid());
        let told = Command::new("vgdb").arg(pid).args(order.split(' ')).output().unwrap();
        assert!(told.status.success(), "vgdb {order}: {}", String::from_utf8_lossy(&told.stderr));
    }
}
