//! From the tables of standin.toml to checked settings, and from all files to one table of stubs.

use std::mem::take;
use std::path::Path;
use std::sync::Arc;

use super::effective::{list, quoted, show, show_mock, value};
use super::listeners::listeners;
use super::mocks::Compiler;
use super::overlay::Entry;
use super::releases::canonical;
use super::upstreams::Upstreams;
use super::{Context, MockSource, TakesEffect, call_log, collections, conditions, drafts, examples, lint, openapi};
use crate::file::leaf::{Forwarded, GateDefault};
use crate::file::read::At;
use crate::file::{GateTable, MetricsTable, OpsTable, ProxyTable, RandomTable, StandinFile};
use crate::problem::{Code, Place, Problem};
use crate::settings::{self, Proxy, Random, Settings};
use crate::stubs::scenario::Gate;
use crate::stubs::table::Table;

/// What comes beside the files.
#[derive(Clone, Copy, Debug)]
pub struct Given<'g> {
    /// A collection that is a mock by itself.
    pub collection: Option<&'g Path>,
    /// An OpenAPI document that is a mock by itself.
    pub spec: Option<&'g Path>,
    /// What lies over the files.
    pub overlay: &'g [Arc<Entry>],
}

/// Compiles everything. Where problems were found the result is of no use, and nobody gets to see it.
pub fn compile(
    root: StandinFile,
    directory: &Path,
    files: Vec<MockSource>,
    Given { collection, spec, overlay }: Given<'_>,
    cx: &mut Context<'_>,
) -> (Settings, Table) {
    let StandinFile {
        mocks: patterns,
        proxy,
        upstreams,
        ops,
        admin,
        gate,
        call_log,
        limits,
        require_examples,
        metrics,
        random,
        default,
        server_stub,
        stub,
    } = root;
    list(cx, "mocks", patterns.as_ref().map(|p| (p.value.0.iter().map(|t| t.value.clone()).collect(), p.place)));

    let ProxyTable { listen, upstream, marker, lane, forwarded, files: body_files, tls } =
        proxy.map(|t| t.value).unwrap_or_default();
    let OpsTable { listen: ops } = ops.map(|t| t.value).unwrap_or_default();
    let mut admin = admin.map(|t| t.value).unwrap_or_default();
    let listeners = listeners(listen, ops, admin.listen.take(), cx);
    let admin = super::admin::admin(admin, listeners.admin, directory, cx);
    let mut upstreams = Upstreams::new(upstreams, listeners.all(), directory, cx);
    let proxy_upstream = upstream.as_ref().and_then(|text| upstreams.resolve(text, cx));
    show(cx, "proxy.upstream", upstream.as_ref().map(|t| (quoted(&t.value), t.place)), "none", TakesEffect::Reload);
    let marker = value(cx, "proxy.marker", marker, true, bool::to_string);
    let lane = value(cx, "proxy.lane", lane, true, bool::to_string);
    let forwarded = value(cx, "proxy.forwarded", forwarded, Forwarded::Append, |word| quoted(word.as_str()));
    show(
        cx,
        "proxy.files",
        body_files.as_ref().map(|t| (quoted(&t.value), t.place)),
        "the file's own directory",
        TakesEffect::Reload,
    );
    let body_files = body_files.map(|path| directory.join(&path.value));

    let tls = super::tls::server(tls, directory, cx);

    let gate = gate.map(|gate| compile_gate(gate.value, gate.place, cx)).unwrap_or_default();
    let limits = super::limits::compile(limits.map(|t| t.value).unwrap_or_default(), cx);
    let mut call_log = call_log::compile(call_log.map(|t| t.value).unwrap_or_default(), directory, cx);
    let MetricsTable { max_stubs } = metrics.map(|t| t.value).unwrap_or_default();
    let max_stubs = value(cx, "metrics.max_stubs", max_stubs.map(|n| n.map(|n| n.0)), 1000, u64::to_string);

    cx.ask_examples |= value(cx, "require_examples", require_examples, false, bool::to_string);
    let random = compile_random(random.map(|t| t.value).unwrap_or_default(), cx);

    let mock_files = files.iter().map(|file| canonical(&file.path)).collect();
    let mut drafts = drafts::drafts(default, server_stub, stub, directory, files, cx);
    let mut texts = collections::Texts::new();
    drafts.extend(collection.map(|path| collections::given(path, &mut texts, cx)));
    drafts.extend(spec.map(|path| openapi::given(path, &mut texts, cx)));
    super::overlay::choose(&mut drafts, overlay, cx);
    for draft in &drafts {
        show_mock(draft, cx);
    }
    let mut resolve = |text: &At<String>, cx: &mut Context<'_>| upstreams.resolve(text, cx);
    let mut compiler = Compiler::new(cx, body_files, limits, texts, &mut resolve);
    let mut rehearsals = Vec::new();
    for draft in drafts {
        rehearsals.extend(compiler.with_releases(draft, &mock_files));
    }
    let mut parts = take(&mut compiler.parts);
    let origins = take(&mut compiler.origins);
    call_log.redact_headers.append(&mut compiler.key_headers);
    call_log.redact_headers.sort();
    call_log.redact_headers.dedup();
    parts.gate = gate;
    parts.upstream = proxy_upstream;
    let (table, taken) = Table::build(parts);
    lint::routes(&taken, &table, &origins, compiler.cx);
    lint::reach(&table, &origins, compiler.cx);
    lint::shadows(&table, &origins, compiler.cx);
    if compiler.cx.ask_examples {
        examples::ask(&origins, &table, &limits, compiler.cx);
    }
    for rehearsal in rehearsals {
        compiler.rehearse(rehearsal);
    }

    let settings = Settings {
        proxy: Proxy {
            listen: listeners.data,
            marker,
            lane,
            forwarded: match forwarded {
                Forwarded::Append => settings::Forwarded::Append,
                Forwarded::Replace => settings::Forwarded::Replace,
                Forwarded::Pass => settings::Forwarded::Pass,
            },
            tls,
        },
        upstreams: upstreams.list,
        ops: listeners.ops,
        admin,
        call_log,
        limits,
        max_stubs: usize::try_from(max_stubs).unwrap_or(usize::MAX),
        random,
    };
    (settings, table)
}

fn compile_gate(table: GateTable, place: Place, cx: &mut Context<'_>) -> Gate {
    let GateTable { default, real_when, mock_when } = table;
    let real = default.as_ref().is_some_and(|word| word.value == GateDefault::Real);
    let word = default.as_ref().map(|word| (quoted(word.value.as_str()), word.place));
    show(cx, "gate.default", word, "\"mock\"", TakesEffect::Reload);
    match (&mock_when, real) {
        (Some(mock_when), false) if !cx.unread.key(place, "default") => cx.report(
            Problem::at(
                Code::ConflictingKeys,
                mock_when.place,
                "`mock_when` has no effect while mocks are on by default",
            )
            .help("write `default = \"real\"`, or use `real_when`"),
        ),
        (None, true) => {
            let title = "with `default = \"real\"` mocks are never on".to_owned();
            cx.missing_at("mock_when", place, place, title, "say when they are: `mock_when.header.x-mock = \"on\"`");
        }
        _ => {}
    }
    let mut compile = |table: Option<At<crate::file::GateWhenTable>>| {
        table.map(|table| {
            let before = cx.problems.len();
            let conditions = conditions::gate(table.value, cx);
            if conditions.is_empty() && cx.is_sound(table.place, before) {
                cx.report(
                    Problem::at(Code::BadOperand, table.place, "a gate condition without conditions always holds")
                        .help("give it one, such as `real_when.header.x-mock = \"off\"`, or leave it out"),
                );
            }
            conditions
        })
    };
    Gate { real_when: compile(real_when), mock_when: compile(mock_when) }
}

fn compile_random(table: RandomTable, cx: &mut Context<'_>) -> Random {
    let RandomTable { seed, header } = table;
    let shown = seed.as_ref().map(|seed| (seed.value.0.to_string(), seed.place));
    show(cx, "random.seed", shown, "another one at each start", TakesEffect::Reload);
    show(cx, "random.header", header.as_ref().map(|t| (quoted(&t.value), t.place)), "none", TakesEffect::Reload);
    let header = header.and_then(|name| match http::HeaderName::from_bytes(name.value.as_bytes()) {
        Ok(name) => Some(name.as_str().into()),
        Err(_) => {
            cx.report(super::response::bad_header_name(&name));
            None
        }
    });
    Random { seed: seed.map(|seed| seed.value.0), header }
}
