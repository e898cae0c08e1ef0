//! `standin explain`: what a configuration makes of a request, and why.

use std::io::Read as _;
use std::net::IpAddr;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::{FAILED, Source, UNANSWERED, WRONG, say, tell};
use crate::config;
use crate::redact::Redactor;
use crate::stubs::decision::Inputs;
use crate::stubs::explain::{self, CANDIDATES, Explanation, Question};
use crate::stubs::request::{BodyFault, BodyView, HeaderField, RequestView};
use crate::words::Decided;

/// Say how a request would be answered, and why
#[derive(Args, Debug)]
pub struct Explain {
    #[command(flatten)]
    source: Source,
    /// The request: 'GET /users/7', or a URL; the method is GET, or POST with a body, unless it is named
    #[arg(required = true, num_args = 1..=2)]
    request: Vec<String>,
    /// A header field; may be given several times
    #[arg(short = 'H', long, value_name = "NAME: VALUE", value_parser = field)]
    header: Vec<(String, String)>,
    /// The body; @FILE reads it from a file, @- from standard input. No content-type is added
    #[arg(short, long, value_name = "TEXT|@FILE")]
    data: Option<String>,
    /// The caller's address, for mocks whose selectors trust some only
    #[arg(long, value_name = "IP")]
    peer: Option<IpAddr>,
    /// How many scenarios are shown at most
    #[arg(long, value_name = "NUMBER", default_value_t = CANDIDATES)]
    candidates: usize,
    /// The form of the answer
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    /// For people
    Text,
    /// For programs
    Json,
}

impl Explain {
    pub fn run(self) -> ExitCode {
        let Explain { source, request, header, data, peer, candidates, format } = self;
        let wrong = |text: &dyn std::fmt::Display| {
            tell(format_args!("error: {text}"));
            ExitCode::from(WRONG)
        };
        let Some((method, host, target)) = line(&request, data.is_some()) else {
            return wrong(&"a request is 'METHOD /path', or a URL; spaces in it are written as %20");
        };
        let body = match data.as_deref().map(body).transpose() {
            Ok(body) => body.unwrap_or_default(),
            Err(error) => {
                tell(format_args!("error: the body cannot be read: {error}"));
                return ExitCode::from(FAILED);
            }
        };
        let loaded = match config::load(&source.request()) {
            Ok(loaded) => loaded,
            Err(refused) => return super::run::refused(&refused.problems),
        };
        let limits = &loaded.settings.limits;
        let of_url = host.iter().filter(|_| !header.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")));
        let fields: Vec<HeaderField<'_>> = of_url
            .map(|host| ("host", host.as_str()))
            .chain(header.iter().map(|(name, value)| (name.as_str(), value.as_str())))
            .map(|(name, value)| HeaderField { name, value: value.as_bytes() })
            .collect();
        let body = match body.len() > limits.match_body {
            true => BodyView::Unusable(BodyFault::TooLong),
            false => BodyView::Whole(&body),
        };
        let explanation = match RequestView::new(&method, target.as_bytes(), &fields, body) {
            Err(fault) => explain::refused(fault),
            Ok(view) => {
                let view = peer.into_iter().fold(view, RequestView::from_peer);
                let inputs = Inputs { dice: 0, delay_cap: limits.delay, now: std::time::Duration::ZERO };
                let question = Question { view: &view, inputs, redactor: &Redactor::default(), candidates };
                let upstreams = &loaded.settings.upstreams;
                explain::explain(&loaded.table, &question)
                    .with_upstream(|number| upstreams.get(number.0 as usize).map(|own| own.name.to_string()))
            }
        };
        show(&explanation, format);
        match explanation.decision {
            Some(Decided::Mocked | Decided::ServerStub | Decided::Preflight) => ExitCode::SUCCESS,
            _ => ExitCode::from(UNANSWERED),
        }
    }
}

fn show(explanation: &Explanation, format: Form) {
    match format {
        Form::Text => say(explanation.to_string().trim_end()),
        Form::Json => say(serde_json::to_string_pretty(explanation).unwrap_or_default()),
    }
}

/// Method, host and target of what was typed.
fn line(request: &[String], has_body: bool) -> Option<(String, Option<String>, String)> {
    let words: Vec<&str> = request.iter().flat_map(|part| part.split_ascii_whitespace()).collect();
    let (method, target) = match words.as_slice() {
        [target] => (if has_body { "POST" } else { "GET" }, *target),
        [method, target] => (*method, *target),
        _ => return None,
    };
    let (host, target) = match target.split_once("://") {
        Some(("http" | "https", rest)) => {
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            (Some(rest[..end].to_owned()), &rest[end..])
        }
        Some(_) if !target.starts_with('/') => return None,
        _ => (None, target),
    };
    let target = target.split('#').next().unwrap_or(target);
    let target = if target.starts_with('/') || target == "*" { target.to_owned() } else { format!("/{target}") };
    // A path that was typed without its slash is a slip of the command line, and not of the request.
    let is_path = host.is_some() || words.last().is_some_and(|typed| typed.starts_with(['/', '*']));
    let is_method = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/');
    (is_path && is_method).then(|| (method.to_owned(), host, target))
}

/// A header field as `curl -H` takes it.
fn field(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("write it as 'NAME: VALUE'")?;
    http::HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| format!("`{name}` is no name of a header"))?;
    http::HeaderValue::from_str(value.trim()).map_err(|_| "the value has characters that no header may have")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn body(data: &str) -> std::io::Result<Vec<u8>> {
    match data.strip_prefix('@') {
        None => Ok(data.as_bytes().to_vec()),
        Some("-") => {
            let mut bytes = Vec::new();
            std::io::stdin().lock().read_to_end(&mut bytes)?;
            Ok(bytes)
        }
        Some(path) => std::fs::read(path).map_err(|error| std::io::Error::other(format!("{path}: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_typed_in_the_order_of_http_or_as_a_url() {
        let line = |words: &[&str], has_body| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            line(&words, has_body)
                .map(|(method, host, target)| format!("{method} {} {target}", host.as_deref().unwrap_or("-")))
        };
        for (typed, has_body, expected) in [
            (&["GET /a?b=c"][..], false, Some("GET - /a?b=c")),
            (&["PUT", "/a"], false, Some("PUT - /a")),
            (&["/a"], true, Some("POST - /a")),
            (&["https://h:1/a?b#c"], false, Some("GET h:1 /a?b")),
            (&["DELETE http://h"], false, Some("DELETE h /")),
            (&["http://h?x=1"], false, Some("GET h /?x=1")),
            (&["OPTIONS *"], false, Some("OPTIONS - *")),
            (&["/a?u=http://x"], false, Some("GET - /a?u=http://x")),
            (&["a"], false, None),
            (&["GET /a HTTP/1.1"], false, None),
            (&["ftp://h/a"], false, None),
            (&["", ""], false, None),
        ] {
            assert_eq!(line(typed, has_body).as_deref(), expected, "{typed:?}");
        }
    }
}
