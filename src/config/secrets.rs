//! What has the form of a secret: keys and tokens whose issuers gave them a form of their own, so that they can be found.

use regex::Regex;

use super::Context;
use crate::problem::{Code, Place, Problem};

/// Forms of secrets, with what they are. All are documented by whoever issues them.
const FORMS: &[(&str, &str)] = &[
    ("-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----", "a private key"),
    (r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b", "an access key of AWS"),
    (r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})", "a token of GitHub"),
    (r"\bglpat-[A-Za-z0-9_-]{20,}", "a token of GitLab"),
    (r"\bxox[abeprs]-[A-Za-z0-9-]{20,}", "a token of Slack"),
    (r"\b[rs]k_live_[A-Za-z0-9]{16,}", "a key of Stripe"),
    (r"\bAIza[0-9A-Za-z_-]{35}", "a key of Google"),
    (r"\bPMAK-[0-9a-f]{24}-[0-9a-f]{34}", "a key of Postman"),
    (r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}", "a signed token (JWT)"),
];

/// Reports what has the form of a secret in the files that people write.
pub(super) fn lint(cx: &mut Context<'_>) {
    let forms: Vec<(Regex, &str)> =
        FORMS.iter().filter_map(|(form, what)| Some((Regex::new(form).ok()?, *what))).collect();
    let mut found = Vec::new();
    for (source, text) in cx.sources.all().filter(|(_, source)| source.name.ends_with(".toml")) {
        for (form, what) in &forms {
            for secret in form.find_iter(&text.text) {
                found.push((Place { source, start: secret.start() as u32, end: secret.end() as u32 }, *what));
            }
        }
    }
    for (place, what) in found {
        // A key that must not stand in the file is an error already.
        let known = |other: &Problem| {
            other.code == Code::PlainSecret
                && other.place.as_ref().is_some_and(|(other, _)| {
                    other.source == place.source && other.start <= place.start && place.end <= other.end
                })
        };
        if cx.problems.iter().any(known) {
            continue;
        }
        cx.report(
            Problem::at(Code::LikelySecret, place, format!("this has the form of {what}"))
                .warning()
                .label("everybody who reads the file has it")
                .help("keep it in a variable or a file, `{ env = \"NAME\" }`, or write one that is made up in another form"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_an_expression() {
        for (form, what) in FORMS {
            assert!(Regex::new(form).is_ok(), "{what}");
        }
    }
}
