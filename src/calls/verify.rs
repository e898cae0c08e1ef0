//! Verification: were calls like these seen, how often, in which order, and which came closest.

mod held;

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::decode::said;
use super::entry::Entry;
use super::filter::{BadParameter, Filter};
use super::{Call, CallLog};
use crate::redact::REDACTED;
use crate::stubs::json::json_contains;
use held::Held;

/// What is asked of a call: filters, and what its request must carry.
#[derive(Clone, Debug, Default)]
pub struct Criteria {
    /// One filter each, so that each can be told from the others.
    filters: Vec<Filter>,
    header: BTreeMap<String, String>,
    query: BTreeMap<String, String>,
    body: Option<String>,
    json: Option<Value>,
}

/// What is expected of the log.
#[derive(Clone, Debug)]
pub enum Expected {
    /// So many calls.
    Count(Criteria, Range),
    /// These, one after the other; others may lie between.
    InOrder(Vec<Criteria>),
}

impl Expected {
    /// Everything that is asked of calls.
    pub fn criteria(&self) -> &[Criteria] {
        match self {
            Expected::Count(criteria, _) => std::slice::from_ref(criteria),
            Expected::InOrder(steps) => steps,
        }
    }
}

/// How many calls are right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// At least.
    pub least: u64,
    /// At most.
    pub most: u64,
}

/// What a verification came to.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Verified {
    /// Whether it is as expected.
    pub verified: bool,
    /// How many calls fit; of an order, how many of its steps were seen.
    pub count: u64,
    /// Ids of the calls that fit, oldest first, 100 at most.
    pub calls: Vec<String>,
    /// How many calls more may fit: what was asked of them was not kept, or is redacted.
    pub undecided: u64,
    /// Whether the log holds every call since start, or since it was emptied, and nothing is undecided: only then is
    /// "at most" proven.
    pub complete: bool,
    /// What is not as expected, in words; null where all is.
    pub reason: Option<String>,
    /// Where calls are missing, those that came closest.
    pub nearest: Vec<Near>,
}

/// A call that nearly fits.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Near {
    /// The call.
    pub call: Entry,
    /// In what it does not fit.
    pub differs: Vec<Difference>,
}

/// One thing in which a call does not fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Difference {
    /// What was looked at, such as `method` or `header.x-plan`.
    pub field: String,
    /// What was asked for.
    pub expected: String,
    /// What the call has; null where it has nothing of the kind.
    pub actual: Option<String>,
}

/// How many ids and how many close calls are shown.
const SHOWN: (usize, usize) = (100, 3);

impl Criteria {
    /// What a request must carry: fields and query values, text in its body, and JSON of which every member is in it.
    pub fn new(
        header: BTreeMap<String, String>,
        query: BTreeMap<String, String>,
        body: Option<String>,
        json: Option<Value>,
    ) -> Self {
        Criteria { filters: Vec::new(), header, query, body, json }
    }

    /// Takes on a filter by its name; says whether there is one of that name.
    ///
    /// # Errors
    /// Where its value is not understood.
    pub fn take(&mut self, name: &str, value: &str) -> Result<bool, BadParameter> {
        let mut filter = Filter::default();
        let taken = filter.take(name, value)?;
        if taken {
            self.filters.push(filter);
        }
        Ok(taken)
    }

    /// What is asked of it by filters.
    pub fn filters(&self) -> &[Filter] {
        &self.filters
    }

    fn held(&self, call: &Call, entry: &Entry) -> Held {
        let mut held = Held::default();
        let mut differs = |is_known: bool, field: String, expected: &str, actual: Option<String>| {
            let list = if is_known { &mut held.differs } else { &mut held.unknown };
            list.push(Difference { field, expected: expected.to_owned(), actual });
        };
        for filter in self.filters.iter().filter(|filter| !filter.fits(call)) {
            for (name, value) in filter.written() {
                differs(true, (*name).to_owned(), value, entry.said(name));
            }
        }
        for (name, value) in &self.header {
            if !call.request_field(name).any(|own| own == value.as_bytes()) {
                let own = call.request_field(name).next().map(|own| String::from_utf8_lossy(own).into_owned());
                differs(is_known(own.as_deref()), format!("header.{name}"), value, own);
            }
        }
        let query: Vec<(String, String)> =
            form_urlencoded::parse(entry.query.as_deref().unwrap_or("").as_bytes()).into_owned().collect();
        for (name, value) in &self.query {
            if !query.iter().any(|(key, own)| (key, own) == (name, value)) {
                let own = query.iter().find(|(key, _)| key == name).map(|(_, own)| own.clone());
                differs(is_known(own.as_deref()), format!("query.{name}"), value, own);
            }
        }
        if self.body.is_none() && self.json.is_none() {
            return held;
        }
        let kept = call.closed.get().and_then(|closed| closed.request_body.as_ref());
        let (body, is_whole) = match kept {
            Some(body) => said(&call.request, body),
            None => (Cow::default(), call.says_that_it_has_none()),
        };
        let shown = || kept.map(|_| String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned());
        if let Some(text) = &self.body
            && memchr::memmem::find(&body, text.as_bytes()).is_none()
        {
            differs(is_whole, "body".to_owned(), text, shown());
        }
        if let Some(part) = &self.json {
            let whole = serde_json::from_slice::<Value>(&body).ok();
            if !whole.is_some_and(|whole| json_contains(&whole, part)) {
                differs(is_whole, "json".to_owned(), &part.to_string(), shown());
            }
        }
        held
    }
}

/// Whether a value is what was sent.
fn is_known(value: Option<&str>) -> bool {
    !value.is_some_and(|value| value.contains(REDACTED))
}

impl Entry {
    /// What an entry says of the thing that a filter looks at.
    fn said(&self, filter: &str) -> Option<String> {
        let text = |text: &Option<String>| text.clone();
        match filter {
            "mock" => text(&self.mock),
            "stub" => text(&self.stub),
            "scenario" => text(&self.scenario),
            "decision" => Some(self.decision.to_owned()),
            "status" => self.status.map(|status| status.to_string()),
            "method" => Some(self.method.clone()),
            "path" => Some(self.path.clone()),
            "since" | "until" => Some(self.at.clone()),
            "miss" => self.miss.map(str::to_owned),
            _ => None,
        }
    }
}

impl CallLog {
    /// Holds the log against what is expected of it.
    pub fn verify(&self, expected: &Expected) -> Verified {
        let calls = self.remembered();
        let ((fitting, reason, missing), undecided) = match expected {
            Expected::Count(criteria, range) => self.count(&calls, criteria, *range),
            Expected::InOrder(steps) => {
                let found = self.in_order(&calls, steps);
                // An order that was seen is certain, whatever else there was.
                let of_step = |call: &&Arc<Call>| steps.iter().any(|step| self.held(call, step).is_undecided());
                let undecided = if found.1.is_some() { calls.iter().filter(of_step).count() } else { 0 };
                (found, undecided as u64)
            }
        };
        let complete = self.is_whole() && undecided == 0;
        let nearest = missing.map(|(criteria, calls)| self.nearest(calls, criteria)).unwrap_or_default();
        Verified {
            verified: reason.is_none(),
            count: fitting.len() as u64,
            calls: fitting.iter().take(SHOWN.0).map(|number| self.id(*number)).collect(),
            undecided,
            complete,
            reason,
            nearest,
        }
    }

    fn held(&self, call: &Call, criteria: &Criteria) -> Held {
        criteria.held(call, &call.entry(self))
    }

    fn fits(&self, call: &Call, criteria: &Criteria) -> bool {
        self.held(call, criteria).fits()
    }

    /// What was found, and how many calls more may fit.
    fn count<'c>(&self, calls: &'c [Arc<Call>], criteria: &'c Criteria, range: Range) -> (Found<'c>, u64) {
        let (mut fitting, mut undecided) = (Vec::new(), 0);
        for call in calls {
            match self.held(call, criteria) {
                held if held.fits() => fitting.push(call.number),
                held => undecided += u64::from(held.is_undecided()),
            }
        }
        let count = fitting.len() as u64;
        let Range { least, most } = range;
        let wanted = match (least, most) {
            (least, u64::MAX) => format!("at least {least}"),
            (0, most) => format!("at most {most}"),
            (least, most) if least == most => format!("exactly {least}"),
            (least, most) => format!("{least} to {most}"),
        };
        let more = match undecided {
            0 => String::new(),
            more => format!("; {more} more may fit, of which what was asked for was not kept or is redacted"),
        };
        let reason = (count < least || count > most).then(|| format!("{count} calls fit, expected {wanted}{more}"));
        ((fitting, reason, (count < least).then_some((criteria, calls))), undecided)
    }

    fn in_order<'c>(&self, calls: &'c [Arc<Call>], steps: &'c [Criteria]) -> Found<'c> {
        let mut fitting = Vec::new();
        let mut from = 0;
        for (at, step) in steps.iter().enumerate() {
            let Some(found) = calls[from..].iter().position(|call| self.fits(call, step)) else {
                let behind = match fitting.last() {
                    None => String::new(),
                    Some(last) => format!(" behind {}", self.id(*last)),
                };
                let reason = format!("no call fits step {} of {}{behind}", at + 1, steps.len());
                return (fitting, Some(reason), Some((step, &calls[from..])));
            };
            fitting.push(calls[from + found].number);
            from += found + 1;
        }
        (fitting, None, None)
    }

    /// The calls that differ in the fewest things; of those the newest.
    fn nearest(&self, calls: &[Arc<Call>], criteria: &Criteria) -> Vec<Near> {
        let near = |call: &Arc<Call>| {
            let entry = call.entry(self);
            let Held { mut differs, unknown } = criteria.held(call, &entry);
            differs.extend(unknown);
            (differs.len(), Reverse(call.number), Near { call: entry, differs })
        };
        let mut found: Vec<_> = calls.iter().map(near).filter(|(count, _, _)| *count > 0).collect();
        found.sort_by_key(|(count, number, _)| (*count, *number));
        found.into_iter().take(SHOWN.1).map(|(_, _, near)| near).collect()
    }
}

/// Numbers of the calls that fit, what is wrong, and what is missing among which calls.
type Found<'c> = (Vec<u64>, Option<String>, Option<(&'c Criteria, &'c [Arc<Call>])>);
