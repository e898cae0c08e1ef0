//! Which calls are meant: filters that pages, streams, exports and verifications share.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Call;
use super::decode::said;
use crate::problem::nearest;
use crate::words::{Decided, Reason};

/// Conditions on calls, all of which must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    mock: Option<String>,
    stub: Option<String>,
    scenario: Option<String>,
    decision: Option<Decided>,
    status: Option<StatusFilter>,
    method: Option<String>,
    path: Option<String>,
    since: Option<SystemTime>,
    until: Option<SystemTime>,
    miss: Option<MissFilter>,
    q: Option<regex::bytes::Regex>,
    /// As they were written, to be shown again.
    written: Vec<(&'static str, String)>,
}

/// A status, or a class of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StatusFilter {
    /// Exactly this.
    Code(u16),
    /// Of this hundred.
    Class(u16),
}

/// A reason of a miss, or any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MissFilter {
    /// A stub could have answered, and did not.
    Any,
    /// For this reason.
    Is(Reason),
}

/// A parameter that is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadParameter {
    /// Its name.
    pub name: String,
    /// What is wrong with it.
    pub message: String,
    /// How to mend it.
    pub help: String,
}

impl BadParameter {
    /// One that is understood, with a value that is not.
    pub fn new(name: &str, message: String, help: impl Into<String>) -> Self {
        BadParameter { name: name.to_owned(), message, help: help.into() }
    }
}

/// In place of a reason of a miss: any.
const ANY: &str = "any";

/// The filters, as help texts list them.
pub const FILTERS: &[&str] =
    &["mock", "stub", "scenario", "decision", "status", "method", "path", "since", "until", "miss", "q"];

/// Decoded query pairs, each of them known, given once and not empty.
///
/// # Errors
/// The first that is not.
pub fn checked<'a>(
    pairs: impl IntoIterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
    known: &[&str],
) -> Result<Vec<(String, String)>, BadParameter> {
    let mut seen: Vec<(String, String)> = Vec::new();
    for (name, value) in pairs {
        if !known.contains(&name.as_ref()) {
            let help = match nearest(&name, known.iter().copied()) {
                Some(slip) => format!("did you mean `{slip}`?"),
                None if known.is_empty() => "this route takes no parameters".to_owned(),
                None => format!("the parameters are {}", known.join(", ")),
            };
            return Err(BadParameter::new(&name, format!("there is no parameter `{name}`"), help));
        }
        if seen.iter().any(|(other, _)| *other == name) {
            return Err(BadParameter::new(&name, format!("the parameter `{name}` stands twice"), "give it once"));
        }
        if value.is_empty() {
            let help = "give it a value, or leave it out";
            return Err(BadParameter::new(&name, format!("the parameter `{name}` is empty"), help));
        }
        seen.push((name.into_owned(), value.into_owned()));
    }
    Ok(seen)
}

impl Filter {
    /// Takes a filter on; says whether the name is that of one.
    ///
    /// # Errors
    /// Where its value is not understood.
    pub fn take(&mut self, name: &str, value: &str) -> Result<bool, BadParameter> {
        let Some(name) = FILTERS.iter().find(|filter| **filter == name) else { return Ok(false) };
        let bad = |what: &str, help: String| BadParameter::new(name, format!("`{value}` is no {what}"), help);
        let text = Some(value.to_owned());
        match *name {
            "mock" => self.mock = text,
            "stub" => self.stub = text,
            "scenario" => self.scenario = text,
            "method" => self.method = text,
            "path" => self.path = text,
            "decision" => {
                let words = || listed(value, Decided::ALL.iter().map(|word| word.as_str()));
                self.decision = Some(Decided::from_word(value).ok_or_else(|| bad("decision", words()))?);
            }
            "miss" => {
                let words = || listed(value, Reason::ALL.iter().map(|word| word.as_str()).chain([ANY]));
                let reason = || Reason::from_word(value).ok_or_else(|| bad("reason of a miss", words()));
                self.miss = Some(if value == ANY { MissFilter::Any } else { MissFilter::Is(reason()?) });
            }
            "status" => {
                let found = StatusFilter::parse(value);
                self.status = Some(found.ok_or_else(|| bad("status", "write 404 or 4xx".to_owned()))?);
            }
            "since" => self.since = Some(time(value).ok_or_else(|| bad("time", write_time(value).to_owned()))?),
            "until" => self.until = Some(time(value).ok_or_else(|| bad("time", write_time(value).to_owned()))?),
            _ => {
                let mut builder = regex::bytes::RegexBuilder::new(&regex::escape(value));
                let built = builder.case_insensitive(true).build();
                self.q = Some(built.map_err(|_| bad("text to look for", "look for something shorter".to_owned()))?);
            }
        }
        self.written.push((name, value.to_owned()));
        Ok(true)
    }

    /// The filters as they were written.
    pub fn written(&self) -> &[(&'static str, String)] {
        &self.written
    }

    /// The times between which a call must have begun.
    pub(super) fn times(&self) -> (Option<SystemTime>, Option<SystemTime>) {
        (self.since, self.until)
    }

    /// Texts that are somewhere in the bytes of every call that fits.
    pub(super) fn needles(&self) -> Vec<&[u8]> {
        let path = self.path.as_deref().map(|path| path.strip_suffix('*').unwrap_or(path));
        let names = [&self.mock, &self.stub, &self.scenario].map(Option::as_deref);
        names.into_iter().chain([path]).flatten().map(str::as_bytes).collect()
    }

    /// Whether all of them hold.
    pub fn fits(&self, call: &Call) -> bool {
        let is = |wanted: &Option<String>, own: &Option<Arc<str>>| {
            wanted.as_ref().is_none_or(|wanted| own.as_deref() == Some(wanted))
        };
        let (method, _, _) = call.request.request_line();
        let at = || shown_time(call.at);
        is(&self.mock, &call.decision.mock)
            && is(&self.stub, &call.decision.stub)
            && is(&self.scenario, &call.decision.scenario)
            && self.decision.is_none_or(|wanted| wanted == call.decided())
            && self.status.is_none_or(|wanted| call.status().is_some_and(|status| wanted.fits(status)))
            && self.method.as_ref().is_none_or(|wanted| wanted.as_bytes().eq_ignore_ascii_case(method))
            && self.since.is_none_or(|since| at() >= since)
            && self.until.is_none_or(|until| at() <= until)
            && self.miss.is_none_or(|wanted| match wanted {
                MissFilter::Any => call.is_miss(),
                MissFilter::Is(wanted) => call.decision.miss == Some(wanted),
            })
            && self.path.as_ref().is_none_or(|wanted| match wanted.strip_suffix('*') {
                Some(prefix) => call.path().starts_with(prefix.as_bytes()),
                None => call.path() == wanted.as_bytes(),
            })
            && self.q.as_ref().is_none_or(|wanted| call.texts().any(|text| wanted.is_match(&text)))
    }
}

const WRITE_TIME: &str = "write it as RFC 3339, such as 2026-01-31T12:00:00Z";

/// The time of a call as it is shown, to the microsecond: whoever asks with what was shown means that call.
fn shown_time(at: SystemTime) -> SystemTime {
    let nanos = at.duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_nanos() % 1_000);
    at - Duration::from_nanos(u64::from(nanos))
}

/// How a time is written, for who has written it so.
fn write_time(value: &str) -> &'static str {
    if value.contains(' ') { "write the `+` of a zone as %2B" } else { WRITE_TIME }
}

fn time(text: &str) -> Option<SystemTime> {
    text.parse::<jiff::Timestamp>().ok().map(SystemTime::from)
}

/// The word that was probably meant, or all there are.
fn listed(value: &str, words: impl Iterator<Item = &'static str>) -> String {
    let words: Vec<&str> = words.collect();
    match nearest(value, words.iter().copied()) {
        Some(slip) => format!("did you mean `{slip}`?"),
        None => format!("one of {}", words.join(", ")),
    }
}

impl StatusFilter {
    fn parse(text: &str) -> Option<Self> {
        if let Some(class) = text.strip_suffix("xx").or_else(|| text.strip_suffix("XX")) {
            let class: u16 = class.parse().ok()?;
            return (1..=5).contains(&class).then_some(StatusFilter::Class(class));
        }
        let code: u16 = text.parse().ok()?;
        (100..=999).contains(&code).then_some(StatusFilter::Code(code))
    }

    fn fits(self, status: u16) -> bool {
        match self {
            StatusFilter::Code(code) => code == status,
            StatusFilter::Class(class) => class == status / 100,
        }
    }
}

impl Call {
    /// Whether a stub could have answered, and did not.
    pub(super) fn is_miss(&self) -> bool {
        self.decision.miss.is_some() || self.decided() == Decided::Unmatched
    }

    /// The path as it was sent.
    fn path(&self) -> &[u8] {
        let (_, target, _) = self.request.request_line();
        target.split(|b| *b == b'?').next().unwrap_or(target)
    }

    /// Everything of it that a free text may stand in: both heads, and what was kept of both bodies, decoded.
    fn texts(&self) -> impl Iterator<Item = Cow<'_, [u8]>> {
        let answer = self.answered.get().map(|answered| &answered.head);
        let bodies = self.closed.get().into_iter().flat_map(move |closed| {
            let request = closed.request_body.as_ref().map(|body| said(&self.request, body).0);
            let response = answer.zip(closed.response_body.as_ref()).map(|(head, body)| said(head, body).0);
            request.into_iter().chain(response)
        });
        [Some(&self.request), answer].into_iter().flatten().map(|head| Cow::Borrowed(&*head.0)).chain(bodies)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(pairs: &[(&str, &str)]) -> Filter {
        let mut filter = Filter::default();
        for (name, value) in pairs {
            assert_eq!(filter.take(name, value), Ok(true), "{name}");
        }
        filter
    }

    #[test]
    fn each_filter_can_fail_and_hold() {
        let call = Call::sample(1); // GET / at the epoch, mocked, without an answer
        for (name, holds, fails) in [
            ("decision", "mocked", "forwarded"),
            ("method", "get", "POST"),
            ("path", "/*", "/a"),
            ("since", "1970-01-01T00:00:00Z", "1970-01-01T00:00:01Z"),
            ("until", "1970-01-01T00:00:00Z", "1969-12-31T23:59:59Z"),
            ("q", "http/1.1", "head"),
        ] {
            assert!(filter(&[(name, holds)]).fits(&call), "{name}={holds}");
            assert!(!filter(&[(name, fails)]).fits(&call), "{name}={fails}");
        }
        for (name, value) in [("mock", "m"), ("stub", "s"), ("scenario", "s"), ("status", "200"), ("miss", "json")] {
            assert!(!filter(&[(name, value)]).fits(&call), "{name}");
        }
    }

    #[test]
    fn a_value_that_is_none_says_what_would_be_one() {
        for (name, value, help) in [
            ("decision", "mockd", "did you mean `mocked`?"),
            ("miss", "jsn", "did you mean `json`?"),
            ("status", "9xx", "write 404 or 4xx"),
            ("since", "yesterday", WRITE_TIME),
            ("until", "2026-01-31T12:00:00 02:00", "write the `+` of a zone as %2B"),
        ] {
            assert_eq!(Filter::default().take(name, value).unwrap_err().help, help);
        }
        assert_eq!(Filter::default().take("colour", "red"), Ok(false));
    }
}
