//! `standin force`: a scenario that answers for a while, whatever its conditions.

use std::collections::HashSet;
use std::process::ExitCode;

use clap::Args;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::remote::{Asking, Remote};
use super::{WRONG, say, tell};

/// Force a scenario of a running sidecar, or switch a stub off, until it is undone.
#[derive(Args, Debug)]
pub struct Force {
    /// The stub, and the scenario that answers for it
    #[arg(value_name = "STUB=SCENARIO", value_parser = pair, required_unless_present_any = ["off", "list", "undo"])]
    what: Option<(String, String)>,
    /// Switch this stub off instead: its calls go on as if it were not there
    #[arg(long, value_name = "STUB", conflicts_with_all = ["what", "list", "undo"])]
    off: Option<String>,
    /// Show what is forced, switched off and changed
    #[arg(long, conflicts_with_all = ["what", "undo"])]
    list: bool,
    /// Undo one of these, by its id
    #[arg(long, value_name = "ID", conflicts_with = "what")]
    undo: Option<String>,
    /// For how long, such as 90s, 2m, 1h [default: until it is undone]
    #[arg(long = "for", value_name = "TIME", conflicts_with_all = ["list", "undo"])]
    ttl: Option<String>,
    /// For how many requests [default: for all]
    #[arg(long, value_name = "COUNT", conflicts_with_all = ["list", "undo"])]
    count: Option<u64>,
    /// Only for requests with this header; may be given several times, each with a name of its own
    #[arg(long, short = 'H', value_name = "NAME: VALUE", value_parser = header, conflicts_with_all = ["list", "undo"])]
    header: Vec<(String, String)>,
    /// Name of the mock [default: the only one that fits]
    #[arg(long, value_name = "NAME")]
    mock: Option<String>,
    #[command(flatten)]
    remote: Remote,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (stub, scenario) = text.split_once('=').ok_or("say which scenario of the stub: STUB=SCENARIO")?;
    Ok((stub.to_owned(), scenario.to_owned()))
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("write it as `NAME: VALUE`")?;
    Ok((name.trim().to_lowercase(), value.trim().to_owned()))
}

impl Force {
    pub fn run(self) -> ExitCode {
        let mut names = HashSet::new();
        if let Some((twice, _)) = self.header.iter().find(|(name, _)| !names.insert(name)) {
            tell(format_args!("error: the header `{twice}` stands twice\n  = help: a condition compares one value"));
            return ExitCode::from(WRONG);
        }
        self.remote.run(|asking| match (&self.undo, self.list) {
            (Some(id), _) => self.undo(asking, id),
            (None, true) => self.list(asking),
            (None, false) => self.force(asking),
        })
    }

    fn force(&self, asking: &Asking) -> Result<(), String> {
        let mut change = Map::new();
        let stub = match (&self.off, &self.what) {
            (Some(stub), _) => {
                change.insert("off".to_owned(), true.into());
                stub
            }
            (None, Some((stub, scenario))) => {
                change.insert("scenario".to_owned(), scenario.as_str().into());
                stub
            }
            (None, None) => return Err("say which scenario of the stub: STUB=SCENARIO".to_owned()),
        };
        change.insert("stub".to_owned(), stub.as_str().into());
        change.extend(self.ttl.as_ref().map(|ttl| ("ttl".to_owned(), ttl.as_str().into())));
        change.extend(self.count.map(|count| ("count".to_owned(), count.into())));
        if !self.header.is_empty() {
            let fields = self.header.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
            change.insert("if".to_owned(), json!({ "header": fields.collect::<Map<_, _>>() }));
        }
        let mock = match &self.mock {
            Some(mock) => mock.clone(),
            None => mock_with(asking, stub)?,
        };
        let route = format!("/v1/mocks/{}/overrides", segment(&mock));
        let made = asking.send("POST", &route, &[], Some(&change.into()))?.welcome()?.json()?;
        say(line(&made));
        Ok(())
    }

    fn list(&self, asking: &Asking) -> Result<(), String> {
        self.each(asking)?.iter().for_each(|entry| say(line(entry)));
        Ok(())
    }

    fn undo(&self, asking: &Asking, id: &str) -> Result<(), String> {
        let all = self.each(asking)?;
        let mut found = all.iter().filter(|entry| entry["id"] == id);
        let (entry, other) = (found.next(), found.next());
        let entry = entry.ok_or_else(|| format!("there is no override `{id}`\n  = help: `--list` shows them"))?;
        if other.is_some() {
            return Err(format!("several mocks have an override `{id}`\n  = help: say which with `--mock`"));
        }
        let mock = entry["mock"].as_str().unwrap_or_default();
        let route = format!("/v1/mocks/{}/overrides/{}", segment(mock), segment(id));
        asking.send("DELETE", &route, &[], None)?.welcome()?;
        Ok(())
    }

    /// What lies over the files of the mock, or of all.
    fn each(&self, asking: &Asking) -> Result<Vec<Value>, String> {
        let route = match &self.mock {
            Some(mock) => format!("/v1/mocks/{}/overrides", segment(mock)),
            None => "/v1/overrides".to_owned(),
        };
        let mut page = asking.get(&route, &[("limit", "1000")])?.json()?;
        match page["overrides"].take() {
            Value::Array(entries) => Ok(entries),
            _ => Err("this is no admin listener".to_owned()),
        }
    }
}

/// The only mock that has this stub.
fn mock_with(asking: &Asking, stub: &str) -> Result<String, String> {
    let page = asking.get("/v1/mocks", &[("limit", "1000")])?.json()?;
    let names: Vec<&str> =
        page["mocks"].as_array().into_iter().flatten().filter_map(|mock| mock["name"].as_str()).collect();
    if let [only] = names.as_slice() {
        return Ok((*only).to_owned());
    }
    let mut found = Vec::new();
    for name in names {
        let route = format!("/v1/mocks/{}/stubs/{}", segment(name), segment(stub));
        match asking.send("GET", &route, &[], None)? {
            said if said.status == 404 => {}
            said => {
                said.welcome()?;
                found.push(name);
            }
        }
    }
    match found.as_slice() {
        [only] => Ok((*only).to_owned()),
        [] => Err(format!("no mock has a stub `{stub}`")),
        several => Err(format!("{} have a stub `{stub}`\n  = help: say which with `--mock`", several.join(" and "))),
    }
}

/// An override on one line.
fn line(entry: &Value) -> String {
    let mut line = format!("{} mock={}", entry["id"].as_str().unwrap_or("-"), entry["mock"]);
    for name in ["stub", "scenario", "change", "if", "until", "left"] {
        if !entry[name].is_null() {
            line.push_str(&format!(" {name}={}", entry[name]));
        }
    }
    if entry["kind"] == "off" {
        line.push_str(" off");
    }
    line
}

fn segment(name: &str) -> String {
    utf8_percent_encode(name, NON_ALPHANUMERIC).to_string()
}
