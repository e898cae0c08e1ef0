//! `standin inject`: the sidecar in a manifest that nobody renders with kustomize.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{FAILED, REFUSED, count, put, tell};
use crate::inject::{self, Wanted};

/// How large a manifest may be, bytes: a cluster takes objects of up to 1.5 MiB each.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Print a Kubernetes manifest with the sidecar in every workload and the Services moved to it.
#[derive(Args, Debug)]
pub struct Inject {
    /// The manifest; `-` is standard input
    #[arg(short, long, value_name = "FILE")]
    file: PathBuf,
    /// Port of the app [default: the one that the manifest's Services lead to, else the only one that is declared]
    #[arg(long, value_name = "PORT", value_parser = port())]
    app_port: Option<u16>,
    /// Name of a workload that gets the sidecar; may be given several times [default: all]
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Image of the sidecar
    #[arg(long, default_value = inject::IMAGE)]
    image: String,
    /// Name of the ConfigMap that holds standin.toml
    #[arg(long, value_name = "NAME", default_value = inject::CONFIG_MAP)]
    config_map: String,
    /// Port of the data listener
    #[arg(long, value_name = "PORT", default_value_t = inject::LISTEN, value_parser = port())]
    listen: u16,
    /// Port of the ops listener
    #[arg(long, value_name = "PORT", default_value_t = inject::OPS, value_parser = port())]
    ops: u16,
    /// Port of the admin listener
    #[arg(long, value_name = "PORT", default_value_t = inject::ADMIN, value_parser = port())]
    admin: u16,
}

fn port() -> clap::builder::RangedI64ValueParser<u16> {
    clap::value_parser!(u16).range(1..)
}

impl Inject {
    pub fn run(self) -> ExitCode {
        let (name, text) = match self.read() {
            Ok(read) => read,
            Err(code) => return code,
        };
        let Inject { file: _, app_port, only, image, config_map, listen, ops, admin } = self;
        if listen == ops || listen == admin || ops == admin {
            tell("error: --listen, --ops and --admin must differ");
            return ExitCode::from(super::WRONG);
        }
        match inject::inject(&text, &Wanted { image, config_map, listen, ops, admin, app_port, only }) {
            Ok(injected) => {
                put(injected.text.as_bytes());
                injected.notes.iter().for_each(tell);
                ExitCode::SUCCESS
            }
            Err(faults) => {
                for fault in &faults {
                    tell(format_args!("error: {}\n --> {name}:{}:{}", fault.what, fault.line, fault.column));
                    if !fault.help.is_empty() {
                        tell(format_args!("  = help: {}", fault.help));
                    }
                    tell("");
                }
                tell(count(faults.len(), "error"));
                ExitCode::from(REFUSED)
            }
        }
    }

    /// The manifest, and what it is called.
    fn read(&self) -> Result<(String, String), ExitCode> {
        let is_stdin = self.file.as_os_str() == "-";
        let name = if is_stdin { "standard input".to_owned() } else { self.file.display().to_string() };
        let mut bytes = Vec::new();
        let read = if is_stdin {
            std::io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes)
        } else {
            File::open(&self.file).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
        };
        if let Err(error) = read {
            tell(format_args!("error: {name}: {error}"));
            return Err(ExitCode::from(FAILED));
        }
        if bytes.len() as u64 > LARGEST {
            tell(format_args!("error: {name}: a manifest has 64 MiB at most"));
            return Err(ExitCode::from(REFUSED));
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok((name, text)),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                tell(format_args!("error: {name}: this is no UTF-8 text, from byte {valid} on"));
                Err(ExitCode::from(REFUSED))
            }
        }
    }
}
