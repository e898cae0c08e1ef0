//! An example of Postman's matching held against a request: how its path fits, the filters, and its score.

use super::value::{bytes, unusable};
use super::{Condition, Guess, Question, Score, path};
use crate::stubs::bucket::Rule;
use crate::stubs::matcher::no_value;
use crate::stubs::postman::choose::Choice;
use crate::stubs::postman::row::{Row, row};
use crate::stubs::postman::standing::Filter;
use crate::stubs::postman::{Closest, Settings};
use crate::stubs::request::{NoValue, RequestView};
use crate::stubs::scenario::{Scenario, Stub};
use crate::stubs::table::Table;
use crate::stubs::table::selectors::{Asked, status};
use crate::words::{Reason, Slip};

/// Whether an example's path fits, and what probably went wrong where it does not.
pub(super) fn path(stub: &Stub, settings: &Settings, view: &RequestView<'_>) -> (bool, Option<Guess>) {
    if row(&stub.path, &view.path, settings.closest).is_some() {
        return (true, None);
    }
    let guess = match row(&stub.path, &view.path, Closest::Fuzzy) {
        Some(row) => Some(Guess::new(
            Slip::Closest,
            format!("it fits by row {}, and `closest = \"wildcard\"` ends with row 5", row.number()),
        )),
        None => path::guess(&stub.path, None, &view.path),
    };
    (false, guess)
}

/// The filters of an example, and its score where its path fits.
pub(super) fn conditions(table: &Table, question: &Question<'_, '_>, rule: Rule) -> (Vec<Condition>, Option<Score>) {
    let (stub, scenario) = (&table.stubs()[rule.stub as usize], &table.scenarios()[rule.scenario as usize]);
    let (mock, view) = (&table.mocks()[stub.mock as usize], question.view);
    let selectors = mock.selectors.are_on(view);
    let code = Asked::by(view).code.filter(|_| selectors).and_then(status);
    let choice = Choice { scenarios: table.scenarios(), code, selectors, off: &[] };
    let fits = row(&stub.path, &view.path, Closest::Fuzzy);
    let Some(standing) = table
        .index()
        .collection(mock.number)
        .and_then(|collection| collection.standing_of(rule, fits.unwrap_or(Row::Near), view, &choice))
    else {
        return (Vec::new(), None);
    };
    let filters = standing.filters.iter().map(|filter| condition(filter, scenario, question)).collect();
    let own = standing.score;
    let score = Score {
        row: own.row.number(),
        url: own.url(),
        matched: own.params.matched,
        partial: own.params.partial,
        missing: own.params.missing,
        query: own.params.change().value(),
        body: if own.body { 5 } else { 0 },
        total: own.total().value(),
    };
    (filters, fits.map(|_| score))
}

fn condition(filter: &Filter, scenario: &Scenario, question: &Question<'_, '_>) -> Condition {
    let holds = filter.holds();
    let show = |value: &[u8]| bytes(&question.redactor.text(value));
    let (subject, expected, actual, slip) = match filter {
        Filter::Status(code, _) => {
            let text = "the saved answer has another status than x-mock-response-code asks for";
            let own = Some(scenario.answer.status.to_string());
            ("status".to_owned(), code.to_string(), own, Guess::new(Slip::Selector, text))
        }
        Filter::Header(name, _) => {
            let of_example = scenario.example.as_ref().and_then(|example| example.header(name));
            let sent: Vec<&[u8]> = question.view.header_values(name).collect();
            let sent = (!sent.is_empty()).then(|| question.redactor.header(name, &sent.join(&b", "[..])).into_owned());
            let guess = match (&of_example, &sent) {
                (None, _) => Guess::new(Slip::Unwanted, "the saved example has no such header"),
                (_, None) => Guess::new(Slip::Missing, "nothing of this name was sent"),
                _ => Guess::new(Slip::Spelling, "the saved example has another value"),
            };
            let expected = of_example.map_or("nothing".to_owned(), |own| show(&question.redactor.header(name, &own)));
            (format!("header {name}"), expected, sent.map(|sent| show(&sent)), guess)
        }
        Filter::Body(of_request) => {
            let has_body = scenario.example.as_ref().is_some_and(|example| example.body.is_some());
            let expected = if has_body { "the saved body" } else { "nothing" };
            let actual = match (of_request, question.view.body()) {
                (Err(why), _) => Some(unusable(no_value(*why, Reason::Body))),
                (Ok(_), Ok(b"")) => None,
                (Ok(true), _) => Some("the same".to_owned()),
                (Ok(false), _) => Some("another body".to_owned()),
            };
            let guess = match of_request {
                Err(NoValue::Unread) | Ok(_) => Guess::new(Slip::BodyForm, "bodies are compared whole, JSON by value"),
                Err(_) => Guess::new(Slip::BodyUnusable, "the body could not be looked at"),
            };
            ("body".to_owned(), expected.to_owned(), actual, guess)
        }
    };
    Condition { subject, expected, actual, holds, slip: (holds == Some(false)).then_some(slip) }
}
