//! `match`: one line in HTTP order, taken apart.

use super::Context;
use crate::file::read::At;
use crate::problem::{Code, Problem};
use crate::stubs::path_template::{Template, TemplateFault};

/// A `match` line, taken apart.
pub(super) struct Line {
    pub method: String,
    pub path: Template,
    pub query: Vec<(String, String)>,
}

/// `is_postman`: whether the query is that of a saved request, in which a key need not have a value.
pub(super) fn match_line(line: &At<String>, is_postman: bool, cx: &mut Context<'_>) -> Option<Line> {
    let bad = |why: String| Problem::at(Code::BadMatch, line.place, why);
    let shape = "write it in HTTP order: `METHOD /path/{param}?key=value`";
    let text = line.value.trim();
    let Some((method, target)) = text.split_once(char::is_whitespace).map(|(m, target)| (m, target.trim_start()))
    else {
        let problem = bad("`match` has a method and a path".to_owned()).help(shape);
        let path = text.starts_with('/').then(|| format!("did you mean \"GET {text}\"?"));
        cx.report(problem.maybe_help(path));
        return None;
    };
    // HTTP allows methods with `*` or `|` in them; nobody has one, and many mean something by it.
    if method.is_empty() || !method.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
        let help = match method {
            "*" => "did you mean `ANY`?",
            _ if method.contains([',', '|']) => "a stub has one method: write one stub for each, or `ANY` for all",
            _ => shape,
        };
        cx.report(bad(format!("`{method}` is no method")).help(help));
        return None;
    }
    let upper = method.to_ascii_uppercase();
    if upper != method && (upper == "ANY" || http::Method::from_bytes(upper.as_bytes()).is_ok_and(|m| is_standard(&m)))
    {
        cx.report(
            bad(format!("methods are case-sensitive: `{method}` is not `{upper}`"))
                .help(format!("did you mean `{upper}`?")),
        );
        return None;
    }
    if method == "CONNECT" {
        cx.report(bad("CONNECT asks for a tunnel, which Standin refuses".to_owned()).help("leave the stub out"));
        return None;
    }
    if let Some((target, version)) = target.split_once(' ')
        && version.trim_start().starts_with("HTTP/")
    {
        cx.report(bad("`match` holds no HTTP version".to_owned()).help(format!("did you mean \"{method} {target}\"?")));
        return None;
    }
    if target.starts_with("{{") {
        cx.report(
            bad("`match` holds a path, no variable".to_owned())
                .help("leave the variable out: the path begins behind it; the host belongs into `hosts` of the mock"),
        );
        return None;
    }
    if target.contains("://") {
        cx.report(
            bad("`match` holds a path, no URL".to_owned())
                .help("the host belongs into `hosts` of the mock: leave scheme and host out"),
        );
        return None;
    }
    if target.contains([' ', '#']) || target.chars().any(char::is_control) {
        cx.report(bad("a path holds no white space and no `#`".to_owned()).help("percent-encode them: `%20`, `%23`"));
        return None;
    }
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let path = match Template::parse(path) {
        Ok(path) => path,
        Err(fault) => {
            cx.report(bad(fault.to_string()).help(template_help(&fault)));
            return None;
        }
    };
    // As a literal it would match nobody's request: it is how Express, Postman and others write parameters.
    if let Some(name) = target.split(['/', '?']).find_map(|segment| segment.strip_prefix(':').filter(|n| !n.is_empty()))
    {
        cx.report(
            bad(format!("`:{name}` is written `{{{name}}}` here"))
                .help(format!("write `{{{name}}}` for a parameter; a literal colon is `%3A`")),
        );
        return None;
    }
    let mut pairs = Vec::new();
    for pair in query.into_iter().flat_map(|query| query.split('&')) {
        if !pair.contains('=') && !is_postman {
            cx.report(bad(format!("the query condition `{pair}` has no value")).help(
                "`?key=value` means that the key has this value; for \"any value\" write `when.query.key = { present = true }`",
            ));
            return None;
        }
        if let Some((key, value)) = pair.split_once('=')
            && value.strip_prefix('{').and_then(|name| name.strip_suffix('}')).is_some_and(is_name)
        {
            let any = match is_postman {
                true => "another value of the key fits too, only less well".to_owned(),
                false => format!("for \"any value\" write `when.query.{key} = {{ present = true }}`"),
            };
            cx.report(
                bad(format!("`{pair}`: the query of `match` has values, no parameters"))
                    .help(format!("{any}; literal braces are `%7B` and `%7D`")),
            );
            return None;
        }
        pairs
            .extend(form_urlencoded::parse(pair.as_bytes()).map(|(key, value)| (key.into_owned(), value.into_owned())));
    }
    Some(Line { method: method.to_owned(), path, query: pairs })
}

pub(super) fn is_name(text: &str) -> bool {
    let name = text.trim_matches(['{', '}', ' ']);
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

pub(super) fn is_standard(method: &http::Method) -> bool {
    ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "CONNECT"].contains(&method.as_str())
}

pub(super) fn template_help(fault: &TemplateFault) -> &'static str {
    match fault {
        TemplateFault::NotAbsolute => "write it in HTTP order: `GET /users/{id}`",
        TemplateFault::PartialParameter(_) => {
            "match the whole segment as `{name}`, and narrow it with `when.path.name = { re = … }`"
        }
        TemplateFault::PartialStar(_) => {
            "`*` is one whole segment, `{rest...}` is all that is left; a literal star is `%2A`"
        }
        TemplateFault::BadParameter(_) => "write `{id}`, or `{rest...}` at the end",
        TemplateFault::DuplicateParameter(_) => "give each parameter a name of its own, or use `*`",
        TemplateFault::RestNotLast(_) => "move it to the end, or use `{name}` for one segment",
        TemplateFault::NeverNormal(_) => {
            "no request path has this in its normal form; such requests are refused with 400"
        }
        TemplateFault::Collapsed => "write the path as it is after resolving them",
        TemplateFault::TooLong => "shorten it",
    }
}
