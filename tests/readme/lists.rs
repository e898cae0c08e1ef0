//! Lists that the code has too: nothing is missing in the README, and nothing is listed that does not exist.

use std::time::Duration;

use std::collections::{BTreeMap, BTreeSet};

use clap::CommandFactory as _;
use regex::Regex;
use standin::calls::Whole;
use standin::metrics::{Metrics, Reloaded, Series};
use standin::problem::Code;
use standin::stubs::template;
use standin::words::{Decided, Failure, Reason, Rejection, Slip};
use standin::{admin, cli};

use super::page::{Page, code};
use crate::support::{Client, Upstream, root, sidecar, wait_for};

pub fn set<T: Into<String>>(items: impl IntoIterator<Item = T>) -> BTreeSet<String> {
    items.into_iter().map(Into::into).collect()
}

pub fn source(path: &str) -> String {
    std::fs::read_to_string(root().join("src").join(path)).unwrap()
}

/// The first group of each match.
pub fn found(pattern: &str, text: &str) -> BTreeSet<String> {
    Regex::new(pattern).unwrap().captures_iter(text).map(|found| found[1].to_owned()).collect()
}

// --- closed lists with their meanings ---

macro_rules! rows {
    ($list:ident) => {
        $list::ALL.iter().map(|word| (word.as_str().to_owned(), word.meaning().to_owned())).collect::<Vec<_>>()
    };
}

#[test]
fn codes_and_words_stand_in_the_readme_with_their_meanings() {
    let page = Page::read();
    for (heading, rows) in [
        ("Problem codes", rows!(Code)),
        ("Decisions", rows!(Decided)),
        ("Reasons", rows!(Reason)),
        ("Slips", rows!(Slip)),
        ("Rejections", rows!(Rejection)),
        ("Failures", rows!(Failure)),
    ] {
        assert_eq!(page.table(heading, "").pairs(), rows, "{heading}");
    }
}

#[test]
fn what_templates_know_stands_in_the_readme() {
    let page = Page::read();
    assert_eq!(page.table("What a template sees", "").names(), template::ROOTS);
    assert_eq!(page.table("Functions", "").names(), template::FUNCTIONS);
    let made_up: Vec<String> =
        page.table("Functions", "`fake` knows").rows.iter().flat_map(|row| code(&row[1])).collect();
    assert_eq!(made_up, template::fake::names().collect::<Vec<_>>());
    let table = page.table("Filters and tests", "");
    let names = |kind: &str| table.rows.iter().find(|row| row[0] == kind).map(|row| code(&row[1]));
    assert_eq!(names("filters").unwrap(), template::FILTERS);
    assert_eq!(names("tests").unwrap(), template::TESTS);
}

// --- the command line ---

/// The commands, by what is typed for each.
fn commands(of: &clap::Command, before: &str) -> Vec<(String, clap::Command)> {
    let named = |command: &clap::Command| {
        let typed = format!("{before} {}", command.get_name());
        if command.has_subcommands() { commands(command, &typed) } else { vec![(typed, command.clone())] }
    };
    of.get_subcommands().flat_map(named).collect()
}

#[test]
fn every_command_and_flag_is_listed_and_no_other() {
    let page = Page::read();
    let commands = commands(&cli::Cli::command(), "standin");
    let headings = page.headings.iter().map(|heading| heading.title.clone());
    let typed = commands.iter().map(|(typed, _)| format!("`{typed}`"));
    assert_eq!(set(headings.filter(|title| title.starts_with("`standin "))), set(typed));
    for (typed, command) in &commands {
        let table = page.table(&format!("`{typed}`"), "");
        let mut flags = BTreeSet::new();
        for argument in command.get_arguments().filter(|argument| argument.get_id() != "help") {
            let name =
                argument.get_long().map_or(argument.get_id().as_str().to_uppercase(), |long| format!("--{long}"));
            let defaults: Vec<_> = argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
            let row = table.rows.iter().find(|row| code(&row[0]).contains(&name)).cloned().unwrap_or_default().concat();
            let takes_value = argument.get_action().takes_values();
            assert!(!takes_value || defaults.iter().all(|d| row.contains(&format!("`{d}`"))), "{name}: {defaults:?}");
            flags.insert(name);
            flags.extend(argument.get_short().map(|short| format!("-{short}")));
        }
        assert_eq!(set(table.names()), flags, "{typed}");
    }
}

#[test]
fn exit_codes_are_those_of_the_command_line() {
    let codes = [0, cli::FAILED, cli::WRONG, cli::REFUSED, cli::UNANSWERED].map(|code| code.to_string());
    assert_eq!(Page::read().table("Exit codes", "").names(), codes);
}

#[test]
fn variables_are_those_that_the_code_reads() {
    let sources =
        ["cli/mod.rs", "cli/remote.rs", "cli/run.rs", "config/mod.rs", "telemetry/mod.rs"].map(source).concat();
    let read = found(r#""((?:STANDIN_[A-Z]+(?:_[A-Z]+)*|NO_COLOR))""#, &sources);
    assert_eq!(set(Page::read().table("Where values come from", "no keys").names()), read);
}

#[test]
fn variables_and_attributes_of_spans_are_those_that_the_code_names() {
    let page = Page::read();
    let sources = ["collector", "spans", "attributes"].map(|file| source(&format!("telemetry/{file}.rs"))).concat();
    assert_eq!(set(page.table("Spans", "nothing is paid").names()), found(r#""(OTEL_[A-Z_]+)""#, &sources));
    let named = found(r#""((?:http|url|server|client|network|user_agent|error|standin)\.[a-z_.]+)""#, &sources);
    assert!(named.len() > 20, "{named:?}");
    assert_eq!(set(page.table("Spans", "where it applies").names()), named);
}

// --- metrics ---

#[test]
fn every_metric_is_listed_with_its_labels_and_its_help() {
    let metrics = Metrics::new(1);
    let series = Series::new(1, 0, 1);
    series.scenario(&metrics, 0, ["m", "s", "default"], 200).inc();
    series.observe_delay(&metrics, 0, "m", 0.1);
    metrics.reloaded(Reloaded::Applied, 1.0);
    metrics.certificate("data", Some(1.0));
    metrics.rejected(Rejection::Host);
    metrics.missed(Reason::Path);
    metrics.template_failed("m", "s");
    metrics.observe(Decided::Mocked, Duration::from_millis(100), Duration::from_millis(100));
    metrics.upstream("u").answered(&metrics, 200, 0.1);
    metrics.upstream_failed("u", Failure::Dns);
    let text = String::from_utf8(metrics.render()).unwrap();

    let page = Page::read();
    let table = page.table("Metrics and labels", "");
    let help: Vec<(&str, &str)> =
        text.lines().filter_map(|line| line.strip_prefix("# HELP ")?.split_once(' ')).collect();
    assert_eq!(set(table.names()), set(help.iter().map(|(name, _)| *name)));
    for (name, help) in help {
        assert_eq!(table.cell(name, "meaning"), Some(help), "{name}");
        let series = text.lines().find(|line| line.starts_with(name)).unwrap();
        let mut labels = found(r#"([a-z]+)=""#, series);
        labels.remove("le");
        assert_eq!(set(code(table.cell(name, "labels").unwrap())), labels, "{name}");
    }
}

// --- routes, filters and fields ---

#[test]
fn the_routes_of_both_listeners_are_listed_and_no_others() {
    let page = Page::read();
    let ops = found(r#"\.route\("([^"]+)""#, &source("ops.rs"));
    assert_eq!(set(page.table("Probes and the ops listener", "").names()), set(ops.iter().map(|p| format!("GET {p}"))));
    let rows = admin::rows().into_iter().map(|(method, path, gives)| (format!("{method} {path}"), gives));
    assert_eq!(
        page.table("The admin listener", "as OpenAPI").pairs().into_iter().collect::<BTreeMap<_, _>>(),
        rows.collect::<BTreeMap<_, _>>()
    );
    let faults = page.table("The admin listener", "problem+json");
    let codes = admin::Fault::ALL.iter().map(|fault| (fault.as_str().to_owned(), fault.meaning().to_owned()));
    assert_eq!(faults.pairs(), codes.collect::<Vec<_>>());
    for fault in admin::Fault::ALL {
        assert_eq!(faults.cell(fault.as_str(), "status"), Some(fault.status().as_u16().to_string().as_str()));
    }
}

#[test]
fn each_place_of_postmans_mock_servers_has_a_route_that_there_is() {
    let page = Page::read();
    let table = page.table("Web UI", "");
    let rows: BTreeSet<String> =
        admin::rows().into_iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    let mut count = 0;
    for row in &table.rows {
        assert!(row.iter().all(|cell| !cell.trim().is_empty()), "{row:?}");
        for route in code(&row[2]).into_iter().filter(|code| code.contains("/v1/")) {
            assert!(rows.contains(&route), "{}: there is no {route}", row[0]);
            count += 1;
        }
    }
    assert!(count > 15, "routes were found: {count}");
}

#[test]
fn pictures_of_the_readme_are_there_and_small() {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let pictures = found(r"!\[[^\]]{10,}\]\(([^)]+\.png)\)", &text);
    assert!(pictures.len() > 1);
    for picture in pictures {
        let size = std::fs::metadata(root().join(&picture)).unwrap_or_else(|error| panic!("{picture}: {error}")).len();
        assert!((1..200_000).contains(&size), "{picture} has {size} bytes: run `make screenshots`");
    }
}

#[test]
fn the_filters_of_calls_are_listed_and_no_others() {
    let sidecar = sidecar().start();
    let help = sidecar.admin("/v1/calls?nonsense=1")["help"].as_str().unwrap().to_owned();
    let parameters: Vec<&str> = help.strip_prefix("the parameters are ").unwrap().split(", ").collect();
    assert_eq!(Page::read().table("Looking calls up", "all of which must fit").names(), parameters);
}

#[test]
fn the_fields_of_a_call_and_of_an_access_line_are_listed_and_no_others() {
    let upstream = Upstream::echo();
    let stubs = "[[stub]]\nmatch = \"GET /a\"\n[[stub]]\nmatch = \"POST /b\"\nwhen.query.x = \"1\"";
    let config = format!("call_log.access_log = \"all\"\nupstreams.none.url = \"http://127.0.0.1:1\"\n{stubs}");
    let files = "hosts = [\"none\"]\nupstream = \"none\"";
    let sidecar = sidecar()
        .upstream(&upstream)
        .config(&format!("mocks = [\"none.toml\"]\n{config}"))
        .file("none.toml", files)
        .start();
    let mut client = sidecar.connect();
    client.get_with("/a?q=1", "x-mock-response-delay: soon\r\n");
    client.post("/b", "", b"");
    client.send("GET /c HTTP/1.1\r\nHost: none\r\n\r\n");
    assert_eq!(client.response().status, 502);
    let mut client = sidecar.connect();
    client.send("GET / HTTP/1.1\r\n\r\n");
    client.response();
    let lines = wait_for("four lines", || Some(sidecar.lines()).filter(|lines| lines.len() == 4));
    let keys = |values: &[serde_json::Value]| -> BTreeSet<String> {
        values.iter().flat_map(|value| value.as_object().unwrap().keys().cloned()).collect()
    };
    let page = Page::read();
    let listed = set(page.table("Access lines", "").names());
    assert_eq!(listed, keys(&lines));
    let sample = page.fences.iter().find(|fence| fence.info == ["json", "access-line"]).unwrap();
    assert!(listed.is_superset(&keys(&[serde_json::from_str(&sample.text).unwrap()])));
    assert_eq!(set(page.table("Looking calls up", "Fields of a call").names()), keys(&sidecar.calls()));
    // What one call has beside that stands in a sentence; the type has it by name.
    let one = Client::connect(sidecar.app().admin())
        .as_host("localhost")
        .get(&format!("/v1/calls/{}", sidecar.calls()[0]["id"].as_str().unwrap()));
    let more: BTreeSet<String> = keys(&[one.json()]).difference(&keys(&sidecar.calls())).cloned().collect();
    assert_eq!(more, set(["request", "response"]), "{}", std::any::type_name::<Whole>());
}

// --- headers ---

#[test]
fn headers_that_the_code_looks_at_stand_in_the_readme_and_no_others() {
    let page = Page::read();
    let written = page.code();
    let border = source("proxy/headers.rs");
    let sources: String =
        ["decide", "front", "answer", "phases"].map(|file| source(&format!("proxy/{file}.rs"))).concat()
            + &["request", "table", "cors", "scenario"].map(|file| source(&format!("stubs/{file}.rs"))).concat();
    let mut read = found(r#"b"([a-z0-9]+(?:-[a-z0-9]+)*)"(?:\s*\||\s*=>)"#, &border);
    read.extend(found(r#"(?:header|named)\("([a-z-]+)"\)"#, &sources));
    read.remove("close"); // an option of `Connection`
    assert!(read.len() > 20, "{read:?}");
    let missing: Vec<_> = read.iter().filter(|name| !written.contains(*name)).collect();
    assert!(missing.is_empty(), "not in the README: {missing:?}");

    let all = format!("{border}{sources}{}", source("config/settings.rs")).to_lowercase().replace('_', "-");
    for heading in
        ["What Standin reads", "To the upstream", "To the caller, on forwarded answers", "On Standin's own answers"]
    {
        for name in page.table(heading, "").names() {
            assert!(all.contains(&name), "{heading}: no code knows `{name}`");
        }
    }
}

// --- rooms ---

#[test]
fn the_rooms_are_those_of_the_sources() {
    let rooms = std::fs::read_dir(root().join("src")).unwrap().map(|entry| entry.unwrap().file_name());
    let rooms = set(rooms.map(|name| name.to_string_lossy().trim_end_matches(".rs").to_owned()));
    assert_eq!(set(Page::read().table("Design", "").names()), rooms);
}
