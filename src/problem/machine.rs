//! Problems for programs: as JSON of our own, and as SARIF 2.1.0, which editors and code hosts read.
//!
//! SARIF is written by a dozen structs of ours: the crates that have all of it generate tens of thousands of lines from
//! its schema when they are built, for the few that are needed here.

use serde::Serialize;

use super::{Code, Place, Problem, Problems, Severity};

/// What a check found, for programs.
#[derive(Debug, Serialize)]
pub struct Report<'p> {
    /// How many errors there are.
    pub errors: usize,
    /// How many warnings.
    pub warnings: usize,
    /// All findings, errors first.
    pub problems: Vec<Finding<'p>>,
}

/// One finding.
#[derive(Debug, Serialize)]
pub struct Finding<'p> {
    /// Its code.
    pub code: &'static str,
    /// `error` or `warning`.
    pub severity: &'static str,
    /// One line.
    pub title: &'p str,
    /// Where it is; `null` for what has no text.
    pub place: Option<Spot<'p>>,
    /// A file without a place in it.
    pub file: Option<&'p str>,
    /// Other places that belong to it.
    pub related: Vec<Spot<'p>>,
    /// How to mend it.
    pub help: Option<&'p str>,
}

/// A stretch of a file, a variable or a flag. Lines and columns count from 1, columns in characters.
#[derive(Debug, Serialize)]
pub struct Spot<'p> {
    /// The file, variable or flag.
    pub file: &'p str,
    /// The first line.
    pub line: usize,
    /// The first column.
    pub column: usize,
    /// The last line.
    pub end_line: usize,
    /// The column behind the last.
    pub end_column: usize,
    /// What stands under the caret; empty where nothing does.
    pub label: &'p str,
}

impl Problems {
    /// All of them, for programs.
    pub fn report(&self) -> Report<'_> {
        let finding = |problem| self.finding(problem);
        let problems = self.list.iter().map(finding).collect();
        Report { errors: self.errors(), warnings: self.warnings(), problems }
    }

    fn finding<'p>(&'p self, problem: &'p Problem) -> Finding<'p> {
        let spot = |(place, label): &'p (Place, String)| self.spot(*place, label);
        Finding {
            code: problem.code.as_str(),
            severity: match problem.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            title: &problem.title,
            place: problem.place.as_ref().map(spot),
            file: problem.file.as_deref(),
            related: problem.related.iter().map(spot).collect(),
            help: problem.help.as_deref(),
        }
    }

    fn spot<'p>(&'p self, place: Place, label: &'p str) -> Spot<'p> {
        let (line, column) = self.sources.line_column(place);
        let (end_line, end_column) = self.sources.line_column(Place { start: place.end, ..place });
        Spot { file: &self.sources.get(place.source).name, line, column, end_line, end_column, label }
    }

    /// All of them as SARIF 2.1.0.
    pub fn sarif(&self) -> Sarif<'_> {
        let report = self.report();
        let mut codes: Vec<Code> = self.list.iter().map(|problem| problem.code).collect();
        codes.sort_unstable();
        codes.dedup();
        let rule =
            |code: Code| Rule { id: code.as_str(), short_description: Message { text: code.meaning().to_owned() } };
        let driver = Driver {
            name: "standin",
            version: env!("CARGO_PKG_VERSION"),
            rules: codes.into_iter().map(rule).collect(),
        };
        Sarif {
            schema: "https://json.schemastore.org/sarif-2.1.0.json",
            version: "2.1.0",
            runs: [Run {
                tool: Tool { driver },
                results: report.problems.iter().map(Found::of).collect(),
                column_kind: "unicodeCodePoints",
            }],
        }
    }
}

/// A log of SARIF 2.1.0 (OASIS), section 3.13.
#[derive(Debug, Serialize)]
pub struct Sarif<'p> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'p>; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'p> {
    tool: Tool,
    results: Vec<Found<'p>>,
    column_kind: &'static str,
}

#[derive(Debug, Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Debug, Serialize)]
struct Driver {
    name: &'static str,
    version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: Message,
}

#[derive(Debug, Serialize)]
struct Message {
    text: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Found<'p> {
    rule_id: &'p str,
    level: &'p str,
    message: Message,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: Physical,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Debug, Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}

impl<'p> Found<'p> {
    fn of(finding: &Finding<'p>) -> Self {
        let text = match finding.help {
            Some(help) => format!("{}\nhelp: {help}", finding.title),
            None => finding.title.to_owned(),
        };
        let whole = finding.file.map(|file| Location {
            physical_location: Physical { artifact_location: Artifact { uri: uri(file) }, region: None },
            message: None,
        });
        Found {
            rule_id: finding.code,
            level: finding.severity,
            message: Message { text },
            locations: finding.place.iter().map(Location::of).chain(whole).collect(),
            related_locations: finding.related.iter().map(Location::of).collect(),
        }
    }
}

impl Location {
    fn of(spot: &Spot<'_>) -> Self {
        let region = Region {
            start_line: spot.line,
            start_column: spot.column,
            end_line: spot.end_line,
            end_column: spot.end_column,
        };
        Location {
            physical_location: Physical { artifact_location: Artifact { uri: uri(spot.file) }, region: Some(region) },
            message: (!spot.label.is_empty()).then(|| Message { text: spot.label.to_owned() }),
        }
    }
}

/// A path as a reference to a URI (RFC 3986): relative where the path is.
fn uri(path: &str) -> String {
    let mut out = if path.starts_with('/') { "file://".to_owned() } else { String::new() };
    for byte in path.strip_prefix("./").unwrap_or(path).bytes() {
        match byte {
            byte if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) => out.push(byte as char),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Sources;

    #[test]
    fn sarif_points_at_lines_columns_and_encoded_paths() {
        let mut sources = Sources::default();
        let source = sources.add("./mocks/a b.toml", "x\nüb = 1\n");
        let at = |start, end| Place { source, start, end };
        let list = vec![
            Problem::at(Code::BadMatch, at(5, 6), "one").label("here").also(at(0, 1), "and here").help("mend it"),
            Problem::of(Code::UnreadableFile, Some("/etc/x.toml".to_owned()), "two").warning(),
        ];
        let sarif = serde_json::to_value(Problems::new(list, sources).sarif()).unwrap();
        let results = &sarif["runs"][0]["results"];
        let region = serde_json::json!({ "startLine": 2, "startColumn": 3, "endLine": 2, "endColumn": 4 });
        let place = &results[0]["locations"][0];
        assert_eq!(place["physicalLocation"]["region"], region);
        assert_eq!(place["physicalLocation"]["artifactLocation"]["uri"], "mocks/a%20b.toml");
        assert_eq!((&results[0]["ruleId"], &results[0]["level"]), (&"bad-match".into(), &"error".into()));
        assert_eq!(results[0]["message"]["text"], "one\nhelp: mend it");
        assert_eq!(results[0]["relatedLocations"][0]["message"]["text"], "and here");
        let file = &results[1]["locations"][0]["physicalLocation"];
        assert_eq!((&file["artifactLocation"]["uri"], &file["region"]), (&"file:///etc/x.toml".into(), &().into()));
        let rules: Vec<_> = sarif["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap().iter().collect();
        assert_eq!(rules.len(), 2);
    }
}
