//! `standin import har`: one mock for each host of an archive.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{Made, Progress, Target, folder, named, nothing, scenarios};
use crate::cli::count;
use crate::cli::run::refused;
use crate::config;
use crate::import::har::{self, Archive};
use crate::import::names::{Unique, slug};
use crate::import::write;
use crate::problem::{Problem, Problems, Sources};

/// Make mock files of a HAR archive.
#[derive(Args, Debug)]
pub struct Har {
    /// The archive
    file: PathBuf,
    /// Take only the calls of this host; may be given several times [default: all hosts, one mock for each]
    #[arg(long, value_name = "HOST")]
    host: Vec<String>,
    /// Name of the mock; several are called after it and their hosts [default: that of the host]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    target: Target,
}

impl Har {
    pub fn run(self) -> ExitCode {
        let mut sources = Sources::default();
        let archive = match self.read(&mut sources) {
            Ok(archive) => archive,
            Err(problem) => return refused(&Problems::new(vec![*problem], sources)),
        };
        if archive.hosts.is_empty() {
            return nothing(&archive.notes, &sources, "none of the calls can be answered");
        }
        self.target.take(&self.made(archive), &sources)
    }

    fn read(&self, sources: &mut Sources) -> Result<Archive, Box<Problem>> {
        let source = sources.add(self.file.display().to_string(), config::read_text(&self.file)?);
        let text = sources.get(source).text.clone();
        let only: Vec<String> = self.host.iter().map(|host| host.to_ascii_lowercase()).collect();
        let mut progress = Progress::new("calls", 0);
        har::archive(&text, source, &only, &mut |done, all| {
            progress.all = all;
            progress.at(done);
        })
    }

    fn made(&self, archive: Archive) -> Vec<Made> {
        let Archive { hosts, mut notes, read } = archive;
        let is_one = hosts.len() == 1;
        let origin = self.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut folders = Unique::default();
        let mut made = Vec::new();
        for host in hosts {
            let own = slug(&host.name);
            let given = match &self.name {
                Some(name) if is_one => name.clone(),
                Some(name) => format!("{name}-{own}"),
                None => String::new(),
            };
            let name = named([given, own], "har");
            let folder = folders.take(&folder(&name));
            let sum = format!(
                "{} and {} from {} of {}",
                count(host.stubs.len(), "stub"),
                count(scenarios(&host.stubs), "scenario"),
                host.kept,
                count(read, "call"),
            );
            let only = [host.name];
            let mock = write::Mock {
                name: &name,
                folder: &folder,
                origin: &origin,
                variables: &[],
                stubs: host.stubs,
                // One mock alone answers however it is called.
                hosts: if is_one { &[] } else { &only },
                files: host.files,
            };
            let written = write::strict(mock, "har");
            // What was said of all hosts is said once.
            made.push(Made { folder, written, notes: std::mem::take(&mut notes), sum });
        }
        made
    }
}
