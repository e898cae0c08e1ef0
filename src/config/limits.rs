//! `[limits]`: what callers may cost.

use std::time::Duration;

use super::effective::{quoted, show, shown, shown_size, value};
use super::{Context, TakesEffect};
use crate::file::LimitsTable;
use crate::file::leaf::Count;
use crate::file::read::At;
use crate::problem::{Code, Problem};
use crate::settings::Limits;

/// Compiles `[limits]`.
pub(super) fn compile(table: LimitsTable, cx: &mut Context<'_>) -> Limits {
    let LimitsTable {
        head,
        head_timeout,
        request_body,
        body_timeout,
        match_body,
        match_body_total,
        match_body_timeout,
        template_work,
        template_output,
        keepalive_timeout,
        early_drain,
        delay,
        connections,
        h2_streams,
        drain_delay,
        drain_timeout,
    } = table;
    let mut d = Limits::default();
    // Bodies may take a quarter of the memory, whatever it is.
    d.match_body_total = cx.budget(d.match_body_total, 4);
    let span = |cx: &mut Context<'_>, key: &str, set: Option<At<crate::file::leaf::Span>>, default: Duration| {
        if let Some(zero) =
            set.as_ref().filter(|span| span.value.0.is_zero() && !["limits.delay", "limits.drain_delay"].contains(&key))
        {
            cx.report(
                Problem::at(Code::OutOfRange, zero.place, "a time limit of zero lets nothing through")
                    .help("write a limit that is longer than nothing"),
            );
        }
        value(cx, key, set.map(|span| span.map(|span| span.0)), default, |d| quoted(&shown(*d)))
    };
    let size = |cx: &mut Context<'_>, key: &str, set: Option<At<crate::file::leaf::Size>>, default: usize| {
        value(cx, key, set.map(|size| size.map(|size| size.0)), default as u64, shown_size) as usize
    };
    if let Some(small) = head.as_ref().filter(|size| !(1024..=1_000_000).contains(&size.value.0)) {
        // pingora itself refuses heads of more than 1,048,575 bytes.
        cx.report(
            Problem::at(Code::OutOfRange, small.place, "`head` lies between 1KiB and 1MB")
                .help("the default is \"64KiB\""),
        );
    }
    let count = |cx: &mut Context<'_>, key: &str, set: Option<At<Count>>, default: u64, most: u64| {
        if let Some(odd) = set.as_ref().filter(|count| !(1..=most).contains(&count.value.0)) {
            let title = format!("`{}` lies between 1 and {most}", key.rsplit('.').next().unwrap_or(key));
            cx.report(Problem::at(Code::OutOfRange, odd.place, title).help(format!("the default is {default}")));
        }
        value(cx, key, set.map(|count| count.map(|count| count.0)), default, u64::to_string)
    };
    let stop = drain_timeout.as_ref().map_or(d.drain_timeout, |span| span.value.0);
    let still = drain_delay.as_ref().map_or(d.drain_delay, |span| span.value.0);
    if let Some(odd) = drain_delay.as_ref().or(drain_timeout.as_ref()).filter(|_| !stop.is_zero() && still >= stop) {
        let label = if drain_delay.is_some() {
            format!("a stop takes at most {}", shown(stop))
        } else {
            format!("the first {} of a stop are `drain_delay`", shown(still))
        };
        cx.report(
            Problem::at(Code::OutOfRange, odd.place, "`drain_delay` leaves nothing of `drain_timeout`")
                .label(label)
                .help("the delay lies inside the time-out: make `drain_delay` shorter, or `drain_timeout` longer"),
        );
    }
    show(
        cx,
        "limits.request_body",
        request_body.as_ref().map(|size| (shown_size(&size.value.0), size.place)),
        "none",
        TakesEffect::Reload,
    );
    Limits {
        head: size(cx, "limits.head", head, d.head),
        head_timeout: span(cx, "limits.head_timeout", head_timeout, d.head_timeout),
        request_body: request_body.map(|size| size.value.0),
        body_timeout: span(cx, "limits.body_timeout", body_timeout, d.body_timeout),
        match_body: size(cx, "limits.match_body", match_body, d.match_body),
        match_body_total: size(cx, "limits.match_body_total", match_body_total, d.match_body_total),
        match_body_timeout: span(cx, "limits.match_body_timeout", match_body_timeout, d.match_body_timeout),
        template_work: count(cx, "limits.template_work", template_work, d.template_work, 1_000_000_000),
        template_output: size(cx, "limits.template_output", template_output, d.template_output),
        keepalive_timeout: span(cx, "limits.keepalive_timeout", keepalive_timeout, d.keepalive_timeout),
        early_drain: size(cx, "limits.early_drain", early_drain, d.early_drain),
        delay: span(cx, "limits.delay", delay, d.delay),
        connections: count(cx, "limits.connections", connections, d.connections as u64, 1_000_000) as usize,
        h2_streams: count(cx, "limits.h2_streams", h2_streams, d.h2_streams.into(), 100_000) as u32,
        drain_delay: span(cx, "limits.drain_delay", drain_delay, d.drain_delay),
        drain_timeout: span(cx, "limits.drain_timeout", drain_timeout, d.drain_timeout),
    }
}
