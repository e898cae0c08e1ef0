//! Where a mock lives: hosts and base paths; and the origins that may call it.

use super::Context;
use crate::file::read::At;
use crate::problem::{Code, Problem};
use crate::stubs::path_template::Template;
use crate::stubs::scenario::HostPattern;

pub(super) fn base(text: &At<String>, cx: &mut Context<'_>) -> Option<Template> {
    let bad = |why: String| {
        let meant = (!text.value.is_empty() && !text.value.contains(['/', ':']))
            .then(|| format!("did you mean \"/{}\"?", text.value));
        let url =
            text.value.contains("://").then(|| "the host belongs into `hosts`: leave scheme and host out".to_owned());
        Problem::at(Code::BadBasePath, text.place, why)
            .help("write a literal path such as \"/api/v1\", or leave `base_path` out")
            .maybe_help(meant.or(url))
    };
    let path = text.value.strip_suffix('/').unwrap_or(&text.value);
    if path.is_empty() && !text.value.is_empty() {
        return None; // "/" is below everything
    }
    match Template::parse(path) {
        Ok(template) if template.literal_path().is_some() && !path.contains(['?', '#', ' ']) => Some(template),
        Ok(_) => {
            cx.report(bad("a base path has no parameters, no query and no white space".to_owned()));
            None
        }
        Err(fault) => {
            cx.report(bad(fault.to_string()));
            None
        }
    }
}

pub(super) fn host(text: &At<String>, cx: &mut Context<'_>) -> Option<HostPattern> {
    let lower = text.value.to_ascii_lowercase();
    let bare = match lower.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => &lower,
    };
    // As of a request's host, a final dot says nothing.
    let bare = bare.strip_suffix('.').unwrap_or(bare);
    let (name, below) = match bare.strip_prefix("*.") {
        Some(rest) => (rest, true),
        None => (bare, false),
    };
    let sound = !name.is_empty()
        && !name.starts_with('.')
        && match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_')),
        };
    if !sound {
        let rest = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest);
        let meant = rest.split('/').next().filter(|host| *host != lower && !host.is_empty());
        cx.report(
            Problem::at(Code::BadHost, text.place, format!("{:?} is no host", text.value))
                .help("write a host such as \"orders.local\", or \"*.local\" for all below; leave `hosts` out for every host")
                .maybe_help(meant.map(|host| format!("did you mean {host:?}? Paths stand in `match` and `base_path`"))),
        );
        return None;
    }
    Some(if below { HostPattern::Below(format!(".{name}").into()) } else { HostPattern::Exact(name.into()) })
}

/// How callers reach a mock: scheme, host and port.
pub(super) fn mock_url(text: &At<String>, cx: &mut Context<'_>) -> Option<Box<str>> {
    let bad = |why: &str| {
        Problem::at(Code::BadUrl, text.place, format!("{:?} is no URL of a mock", text.value)).label(why).help(
            "write scheme, host and port: \"https://orders.staging.test\"; paths stand in `match` and `base_path`",
        )
    };
    let uri = text.value.parse::<http::Uri>().ok();
    let why = match &uri {
        None => Some("malformed"),
        Some(uri) if !matches!(uri.scheme_str(), Some("http" | "https")) => Some("the scheme is `http` or `https`"),
        Some(uri) if uri.host().is_none_or(str::is_empty) => Some("the host is missing"),
        Some(uri) if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) => {
            Some("no user name and no password")
        }
        Some(uri) if uri.path() != "/" || uri.query().is_some() || text.value.contains('#') => {
            Some("no path and no query")
        }
        Some(_) => None,
    };
    if let Some(why) = why {
        cx.report(bad(why));
        return None;
    }
    Some(text.value.trim_end_matches('/').into())
}

pub(super) fn origin(text: &At<String>, cx: &mut Context<'_>) -> Option<Box<str>> {
    let sound = text.value == "null"
        || text.value.parse::<http::Uri>().is_ok_and(|uri| {
            uri.scheme().is_some()
                && uri.host().is_some_and(|host| !host.contains('*'))
                && uri.path() == "/"
                && !text.value.ends_with('/')
                && uri.query().is_none()
        });
    if !sound {
        cx.report(
            Problem::at(Code::BadHost, text.place, format!("{:?} is no origin", text.value))
                .help("an origin is scheme, host and port as browsers send it: \"https://app.test\", without a path"),
        );
        return None;
    }
    Some(text.value.to_ascii_lowercase().into())
}
