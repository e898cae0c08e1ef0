//! Standin: a reverse-proxy sidecar that mocks selected routes and forwards the rest.
//!
//! One sentence explains a request: the table decides, an adapter does it, the ticket closes. A pure core (`stubs`)
//! turns a request into a decision, which is a value; thin adapters carry it out for traffic (`proxy`) and show it to
//! operators (`ops`, `admin`); one room owns change (`reload`).
//!
//! Imports point down in this table, never up and never sideways. `tests/architecture` holds the sources against it.
//!
//! | rooms | what they are |
//! |---|---|
//! | `cli` | one file per command |
//! | `app`, `inject` | the composition root: sockets, runtimes, signals; the sidecar in a Kubernetes manifest |
//! | `proxy`, `ops`, `admin`, `telemetry` | the adapters: traffic, probes and metrics, the API, the operational log |
//! | `reload` | the one way to change the configuration |
//! | `live`, `config`, `calls` | the snapshot in force; files checked and compiled; what passed through |
//! | `import` | what other tools have written, as types of the file |
//! | `file` | the file as the user writes it |
//! | `stubs`, `settings`, `metrics` | the pure core; checked values with units; every metric |
//! | `problem`, `words`, `redact`, `tls` | reports; the closed lists of words; what never reaches a log; certificates and keys |
pub mod admin;
pub mod app;
pub mod calls;
pub mod cli;
pub mod config;
pub mod file;
pub mod import;
pub mod inject;
pub mod live;
pub mod metrics;
pub mod ops;
pub mod problem;
pub mod proxy;
pub mod redact;
pub mod reload;
pub mod settings;
pub mod stubs;
pub mod telemetry;
pub mod tls;
pub mod words;
