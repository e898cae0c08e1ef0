//! Examples whose paths fit a request equally well: which of them is the best, by query, body and headers.
//!
//! A large set is kept apart by body, and by the headers that the mock is configured to match. What only a request can
//! ask for (a status, headers of its own choice) has no index: the best of all is tried first, and only if it does not
//! do are all looked at.

use super::collection::Entry;
use super::queries::{Found, Queries};
use super::words::Asked;
use crate::stubs::Map;
use crate::stubs::tree::SCAN;

/// Examples; at least one, ascending.
#[derive(Debug)]
pub(super) struct Set {
    numbers: Box<[u32]>,
    /// The first two that have a body: enough to know whether another than a given one has.
    bodied: [Option<u32>; 2],
    split: Option<Box<Split>>,
}

#[derive(Debug)]
struct Split {
    all: Part,
    /// By the values of the headers that the mock is configured to match, where there are any.
    by_headers: Map<Box<[u8]>, Part>,
}

#[derive(Debug, Default)]
struct Part {
    any: Option<Queries>,
    /// Where some have a body.
    bodies: Option<Bodies>,
}

#[derive(Debug)]
struct Bodies {
    with: Option<Queries>,
    without: Option<Queries>,
    by: Map<u32, Queries>,
}

/// Which bodies are asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wanted {
    /// Any, or none.
    Any,
    /// Any.
    Some,
    /// None.
    None,
    /// One of these.
    These([Option<u32>; 3]),
}

/// Which examples are left.
#[derive(Clone, Copy)]
pub(super) struct Left<'a> {
    /// The request's values of the headers that the mock is configured to match, where that counts.
    pub headers: Option<&'a [u8]>,
    /// What only the request asks for; `None` where it asks for nothing.
    pub passes: Option<&'a dyn Fn(&Entry) -> bool>,
}

impl Wanted {
    fn has(self, entry: &Entry) -> bool {
        match self {
            Wanted::Any => true,
            Wanted::Some => entry.body.is_some(),
            Wanted::None => entry.body.is_none(),
            Wanted::These(bodies) => entry.body.is_some() && bodies.contains(&entry.body),
        }
    }
}

impl Set {
    /// Compiles ascending numbers, at least one.
    pub(super) fn build(numbers: Vec<u32>, entries: &[Entry]) -> Self {
        let split = (numbers.len() > SCAN).then(|| {
            let mut by_headers: Map<&[u8], Vec<u32>> = Map::default();
            for number in &numbers {
                if let Some(values) = &entries[*number as usize].headers {
                    by_headers.entry(values).or_default().push(*number);
                }
            }
            let part = |(values, numbers): (&[u8], Vec<u32>)| (values.into(), Part::build(&numbers, entries));
            let by_headers = by_headers.into_iter().map(part).collect();
            Box::new(Split { all: Part::build(&numbers, entries), by_headers })
        });
        let mut with_body = numbers.iter().copied().filter(|number| entries[*number as usize].body.is_some());
        let bodied = [with_body.next(), with_body.next()];
        Set { numbers: numbers.into(), bodied, split }
    }

    /// The first of them.
    pub(super) fn first(&self) -> u32 {
        self.numbers[0]
    }

    /// All of them.
    pub(super) fn numbers(&self) -> &[u32] {
        &self.numbers
    }

    /// Whether any has a body.
    pub(super) fn has_bodies(&self) -> bool {
        self.bodied[0].is_some()
    }

    /// Whether another than this one has a body.
    pub(super) fn has_other_body(&self, than: u32) -> bool {
        self.bodied.iter().flatten().any(|number| *number != than)
    }

    /// The best of those that are left; ties go to the lower number.
    pub(super) fn best(&self, wanted: Wanted, left: Left<'_>, asked: &Asked, entries: &[Entry]) -> Option<Found> {
        let passes = |number: u32| left.passes.is_none_or(|passes| passes(&entries[number as usize]));
        if let Some(split) = &self.split {
            let part = match left.headers {
                None => &split.all,
                Some(values) => split.by_headers.get(values)?,
            };
            let best = part.best(wanted, asked, entries)?;
            if passes(best.1) {
                return Some(best);
            }
        }
        let mut best: Option<Found> = None;
        for number in self.numbers.iter().copied() {
            let entry = &entries[number as usize];
            let is_left = left.headers.is_none_or(|values| entry.headers.as_deref() == Some(values));
            if is_left && wanted.has(entry) && passes(number) {
                let params = asked.compare(&entry.query);
                if best.is_none_or(|(best, _)| params.change() > best.change()) {
                    best = Some((params, number));
                }
            }
        }
        best
    }
}

impl Part {
    fn build(numbers: &[u32], entries: &[Entry]) -> Self {
        let (mut with, mut without) = (Vec::new(), Vec::new());
        let mut by: Map<u32, Vec<u32>> = Map::default();
        for number in numbers {
            match entries[*number as usize].body {
                Some(body) => {
                    with.push(*number);
                    by.entry(body).or_default().push(*number);
                }
                None => without.push(*number),
            }
        }
        let build = |numbers: &[u32]| Queries::build(numbers, entries);
        let bodies = (!with.is_empty()).then(|| Bodies {
            with: build(&with),
            without: build(&without),
            by: by.into_iter().filter_map(|(body, numbers)| Some((body, build(&numbers)?))).collect(),
        });
        Part { any: build(numbers), bodies }
    }

    fn best(&self, wanted: Wanted, asked: &Asked, entries: &[Entry]) -> Option<Found> {
        let best = |queries: &Option<Queries>| queries.as_ref()?.best(asked, entries);
        match (wanted, &self.bodies) {
            (Wanted::Any, _) | (Wanted::None, None) => best(&self.any),
            (Wanted::Some | Wanted::These(_), None) => None,
            (Wanted::Some, Some(bodies)) => best(&bodies.with),
            (Wanted::None, Some(bodies)) => best(&bodies.without),
            (Wanted::These(these), Some(bodies)) => {
                let found = these.iter().flatten().filter_map(|body| bodies.by.get(body)?.best(asked, entries));
                found.min_by(|a, b| b.0.change().cmp(&a.0.change()).then(a.1.cmp(&b.1)))
            }
        }
    }
}
