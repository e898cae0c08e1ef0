//! Selectors: `x-mock-response-*` headers of a request that choose among the scenarios that fit.
//!
//! Who may choose is settled before, by the mock's [`Selectors`](crate::stubs::scenario::Selectors).

use super::Table;
use super::overlay::Off;
use super::prefer::Prefer;
use crate::stubs::bucket::{Found, Rule, Wanted};
use crate::stubs::index::Candidates;
use crate::stubs::matcher::Outcome;
use crate::stubs::request::RequestView;

/// What the `x-mock-response-*` headers ask for.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::stubs) struct Asked<'a> {
    pub(in crate::stubs) code: Option<&'a [u8]>,
    pub(in crate::stubs) id: Option<&'a [u8]>,
    pub(in crate::stubs) name: Option<&'a [u8]>,
}

impl Table {
    /// The scenario that selectors choose among the candidates. An id, a name or an example chooses whatever its
    /// conditions; a code keeps the scenarios with that status, of which the first that holds answers, else the first.
    pub(super) fn selected(
        &self,
        view: &RequestView<'_>,
        found: &Candidates<'_>,
        (asked, prefer): (Asked<'_>, &Prefer),
        off: &Off<'_>,
    ) -> Found {
        let text = |value: &'_ [u8]| std::str::from_utf8(value).map(str::to_owned).unwrap_or_default();
        let code: Option<u16> = match asked.code.or(prefer.code.as_ref().map(String::as_bytes)).map(status) {
            None => None,
            Some(None) => return Found::None,
            code => code.flatten(),
        };
        let fits_code =
            |rule: &Rule| code.is_none_or(|code| self.scenarios[rule.scenario as usize].answer.status == code);
        let (id, name) = (asked.id.map(text), asked.name.map(text));
        let wanted = match (&id, &name, &prefer.example, code) {
            (Some(id), ..) => Wanted::Id(id),
            (None, Some(name), ..) => Wanted::Name(name),
            (None, None, Some(example), _) => Wanted::Example(example),
            (None, None, None, Some(code)) => Wanted::Status(code),
            (None, None, None, None) => return Found::None,
        };
        let mut fallback = Found::None;
        for bucket in &found.buckets {
            for rule in bucket.named(wanted, &self.scenarios).filter(fits_code).filter(|rule| !off.has(rule.stub)) {
                if !matches!(wanted, Wanted::Status(_)) {
                    return Found::Rule(rule);
                }
                match self.check(view, rule) {
                    Outcome::Holds => return Found::Rule(rule),
                    Outcome::NeedsBody => return Found::NeedsBody,
                    Outcome::Fails(_) if fallback == Found::None => fallback = Found::Rule(rule),
                    Outcome::Fails(_) => {}
                }
            }
        }
        fallback
    }
}

impl<'a> Asked<'a> {
    /// Whether one scenario and no other is asked for.
    pub(super) fn is_exact(&self) -> bool {
        self.id.is_some() || self.name.is_some()
    }

    pub(in crate::stubs) fn by(view: &RequestView<'a>) -> Self {
        Asked {
            code: view.header("x-mock-response-code"),
            id: view.header("x-mock-response-id"),
            name: view.header("x-mock-response-name"),
        }
    }

    pub(in crate::stubs) fn is_empty(&self) -> bool {
        self.code.is_none() && self.id.is_none() && self.name.is_none()
    }
}

/// Whether there is a header by which a caller chooses an answer or its delay.
pub(super) fn stand_in(view: &RequestView<'_>) -> bool {
    let selects = |name: &str| match name.len() {
        6 => name.eq_ignore_ascii_case("prefer"),
        _ => name.get(..16).is_some_and(|name| name.eq_ignore_ascii_case("x-mock-response-")),
    };
    view.headers.iter().any(|field| selects(field.name))
}

/// A status code as a selector names it: three digits and nothing else.
pub(in crate::stubs) fn status(code: &[u8]) -> Option<u16> {
    let is_code = code.len() == 3 && code.iter().all(u8::is_ascii_digit);
    is_code.then(|| std::str::from_utf8(code).ok()?.parse().ok()).flatten()
}
