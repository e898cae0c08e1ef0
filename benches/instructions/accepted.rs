//! The figures that were last accepted, in `benches/instructions.toml`.

use std::fmt::Write as _;
use std::process::Command;

/// Figures may differ by this share from the accepted ones, either way.
pub const TOLERANCE: f64 = 0.05;

const HEAD: &str = "\
# User-space instructions per request as last accepted, by processor, profile, door, kind of request and number of stubs
# or scenarios. `make instructions` compares with them, `make instructions ACCEPT=1` writes them.
";

/// The file, and the part of it that this run may be held against.
pub struct Accepted {
    path: String,
    all: toml::Table,
    profile: String,
}

impl Accepted {
    pub fn read() -> Accepted {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.toml").to_owned();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let all = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
        Accepted { path, all, profile: crate::support::profile() }
    }

    pub fn profile(&self) -> &str {
        &self.profile
    }

    /// What was accepted for this processor and profile.
    fn own(&self) -> Option<&toml::Table> {
        self.all.get(std::env::consts::ARCH)?.get(&self.profile)?.as_table()
    }

    /// The accepted figure; none where nobody has accepted any.
    pub fn figure(&self, door: &str, row: &str, size: usize) -> Option<f64> {
        let figure = self.own()?.get(door)?.get(row)?.get(size.to_string())?.as_integer()?;
        Some(figure as f64)
    }

    /// The compiler of the accepted figures, where it is another than today's: a likely reason of a difference.
    pub fn other_compiler(&self) -> Option<(&str, String)> {
        let (then, now) = (self.own()?.get("compiler")?.as_str()?, compiler());
        (then != now).then_some((then, now))
    }

    /// Takes these figures, by door, row and size, in place of those of this processor and profile.
    pub fn accept(mut self, figures: &[(&str, &str, usize, f64)]) {
        let mut own = toml::Table::new();
        own.insert("compiler".to_owned(), compiler().into());
        for (door, row, size, figure) in figures {
            let door = own.entry(*door).or_insert_with(|| toml::Table::new().into()).as_table_mut().unwrap();
            let row = door.entry(*row).or_insert_with(|| toml::Table::new().into()).as_table_mut().unwrap();
            row.insert(size.to_string(), toml::Value::Integer(figure.round() as i64));
        }
        let processor = self.all.entry(std::env::consts::ARCH).or_insert_with(|| toml::Table::new().into());
        processor.as_table_mut().unwrap().insert(self.profile.clone(), own.into());
        std::fs::write(&self.path, self.render()).unwrap_or_else(|error| panic!("{}: {error}", self.path));
        println!("accepted: {}", self.path);
    }

    /// The file, one line for each kind of request.
    fn render(&self) -> String {
        let mut out = HEAD.to_owned();
        for (processor, profiles) in &self.all {
            for (profile, doors) in profiles.as_table().unwrap() {
                let compiler = doors.get("compiler").and_then(toml::Value::as_str).unwrap_or("");
                write!(out, "\n[{processor}.{profile}]\ncompiler = \"{compiler}\"\n").unwrap();
                for (door, rows) in doors.as_table().unwrap().iter().filter(|(_, rows)| rows.is_table()) {
                    write!(out, "\n[{processor}.{profile}.{door}]\n").unwrap();
                    for (row, sizes) in rows.as_table().unwrap() {
                        let sizes = sizes.as_table().unwrap().iter().map(|(size, figure)| format!("{size} = {figure}"));
                        writeln!(out, "\"{row}\" = {{ {} }}", sizes.collect::<Vec<_>>().join(", ")).unwrap();
                    }
                }
            }
        }
        out
    }
}

/// The compiler, such as "rustc 1.95.0".
fn compiler() -> String {
    let said = Command::new("rustc").arg("--version").output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&said).split(' ').take(2).collect::<Vec<_>>().join(" ")
}
