//! What tests are made of: a sidecar in this process, an upstream that does what it is told, and a client that sends
//! exactly the bytes it is given. Everything runs on real sockets and port 0; waiting is for a state, with a limit.

pub mod client;
pub mod corpora;
pub mod process;
pub mod upstream;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub use client::{Client, Response};
pub use upstream::Upstream;

use standin::app::{App, Options, StartError};
use standin::calls::LineFormat;
use standin::config::Request;
use standin::proxy::Hooks;

/// How long a test waits for something that must happen.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A running sidecar with its configuration in a folder of its own.
pub struct Sidecar {
    pub dir: tempfile::TempDir,
    app: Option<App>,
    lines: Arc<Mutex<Vec<u8>>>,
}

/// The beginning of every test configuration: ports that nobody else has.
pub const PORTS: &str =
    "proxy.listen = \"127.0.0.1:0\"\nops.listen = \"127.0.0.1:0\"\nadmin.listen = \"127.0.0.1:0\"\n";

/// Builds a sidecar.
#[derive(Default)]
pub struct Builder {
    config: String,
    files: Vec<(String, String)>,
    hooks: Hooks,
    environment: Vec<(String, String)>,
    threads: Option<NonZeroUsize>,
    lines_to: Option<Box<dyn std::io::Write + Send>>,
}

impl Builder {
    /// Adds to `standin.toml`. Ports are set already; keys of tables that `PORTS` opens are written dotted.
    pub fn config(mut self, text: &str) -> Self {
        self.config.push_str(text);
        self.config.push('\n');
        self
    }

    /// Forwards to this upstream by default.
    pub fn upstream(mut self, upstream: &Upstream) -> Self {
        self.config = format!("proxy.upstream = \"http://{}\"\n{}", upstream.address(), self.config);
        self
    }

    pub fn file(mut self, path: &str, text: &str) -> Self {
        self.files.push((path.to_owned(), text.to_owned()));
        self
    }

    pub fn hooks(mut self, hooks: Hooks) -> Self {
        self.hooks = hooks;
        self
    }

    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Serves on so many threads.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = NonZeroUsize::new(threads);
        self
    }

    /// Writes access lines there instead of keeping them for `Sidecar::lines`.
    pub fn lines_to(mut self, writer: impl std::io::Write + Send + 'static) -> Self {
        self.lines_to = Some(Box::new(writer));
        self
    }

    pub fn try_start(self) -> Result<Sidecar, StartError> {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in &self.files {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let path = dir.path().join("standin.toml");
        std::fs::write(&path, format!("{PORTS}{}", self.config)).unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let app = App::start(Options {
            request: Request {
                config: Some(path),
                environment: lane_of_the_run().into_iter().chain(self.environment).collect(),
                ..Request::default()
            },
            access_lines: Some((LineFormat::Json, self.lines_to.unwrap_or_else(|| Box::new(Shared(lines.clone()))))),
            hooks: self.hooks,
            threads: self.threads.or_else(threads_of_the_run),
            ..Options::default()
        })?;
        Ok(Sidecar { dir, app: Some(app), lines })
    }

    pub fn start(self) -> Sidecar {
        match self.try_start() {
            Ok(sidecar) => sidecar,
            Err(StartError::Config(problems)) => panic!("{}", problems.render(false)),
            Err(error) => panic!("{error}"),
        }
    }
}

/// `STANDIN_TEST_THREADS` lets the whole suite run on another number of threads than the machine has cores.
fn threads_of_the_run() -> Option<NonZeroUsize> {
    std::env::var("STANDIN_TEST_THREADS").ok()?.parse().ok()
}

/// `STANDIN_TEST_LANE=false` lets the whole suite run without the lane, through pingora's door alone.
pub fn lane_of_the_run() -> Option<(String, String)> {
    let lane = std::env::var("STANDIN_TEST_LANE").ok()?;
    Some(("STANDIN_PROXY__LANE".to_owned(), lane))
}

/// A sidecar to be.
pub fn sidecar() -> Builder {
    Builder::default()
}

impl Sidecar {
    pub fn app(&self) -> &App {
        self.app.as_ref().unwrap()
    }

    pub fn address(&self) -> SocketAddr {
        self.app().data()[0]
    }

    /// A fresh connection to the data listener.
    pub fn connect(&self) -> Client {
        Client::connect(self.address())
    }

    /// One request on a connection of its own.
    pub fn get(&self, target: &str) -> Response {
        self.connect().get(target)
    }

    /// Writes a file of the configuration, in place of the old one.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.dir.path().join(path);
        let aside = path.with_extension("aside");
        std::fs::write(&aside, text).unwrap();
        std::fs::rename(aside, path).unwrap();
    }

    /// Replaces `standin.toml` and loads it, whatever the watcher does.
    pub fn reload_with(&self, config: &str) -> Result<(), String> {
        self.write("standin.toml", &format!("{PORTS}{config}"));
        self.app().reload().map(drop).map_err(|problems| problems.render(false))
    }

    /// A JSON document of the admin listener.
    pub fn admin(&self, target: &str) -> serde_json::Value {
        let response = Client::connect(self.app().admin()).as_host("localhost").get(target);
        serde_json::from_slice(&response.body).unwrap_or_else(|_| panic!("{response:?}"))
    }

    /// Entries of the call log, newest first.
    pub fn calls(&self) -> Vec<serde_json::Value> {
        self.admin("/v1/calls?limit=1000")["calls"].as_array().unwrap().clone()
    }

    /// The newest call, once it is over.
    pub fn last_call(&self) -> serde_json::Value {
        wait_for("the last call to end", || {
            let calls = self.calls();
            calls.first().filter(|call| !call["duration_us"].is_null()).cloned()
        })
    }

    /// The metrics as text.
    pub fn metrics(&self) -> String {
        Client::connect(self.app().ops()).get("/metrics").text()
    }

    /// The value of the first series whose line begins so.
    pub fn metric(&self, series: &str) -> Option<f64> {
        let text = self.metrics();
        let line = text.lines().find(|line| line.starts_with(series))?;
        line.rsplit(' ').next()?.parse().ok()
    }

    /// Access lines so far.
    pub fn lines(&self) -> Vec<serde_json::Value> {
        let bytes = self.lines.lock().unwrap().clone();
        bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(|l| serde_json::from_slice(l).unwrap()).collect()
    }

    /// What `/readyz` says.
    pub fn ready(&self) -> serde_json::Value {
        Client::connect(self.app().ops()).get("/readyz").json()
    }

    /// Stops and gives the folder back.
    pub fn stop(mut self) {
        self.app.take().unwrap().stop(PATIENCE);
    }
}

/// Waits until `ready` yields something; fails with `what` after [`PATIENCE`].
pub fn wait_for<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = ready() {
            return found;
        }
        assert!(Instant::now() < end, "waited in vain for {what}");
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// Bytes in gzip.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, bytes).unwrap();
    encoder.finish().unwrap()
}

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Memory that several writers share.
struct Shared(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
