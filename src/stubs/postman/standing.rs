//! How each example of a mock stands for a request: its score with its parts, and the filters that it passes. What the
//! [choice](super::choose) does not spend time on, for whoever explains it.

use super::choose::{Choice, header_names};
use super::collection::{Collection, Entry};
use super::hits::Hits;
use super::row::Row;
use super::score::Score;
use crate::stubs::bucket::Rule;
use crate::stubs::request::{NoValue, RequestView};

/// How an example stands.
#[derive(Clone, Debug)]
pub(in crate::stubs) struct Standing {
    /// The example.
    pub rule: Rule,
    /// Its score.
    pub score: Score,
    /// The filters, in their order.
    pub filters: Vec<Filter>,
    number: u32,
}

/// A filter of step 6 to 8, and whether the example passes it.
#[derive(Clone, Debug)]
pub(in crate::stubs) enum Filter {
    /// It must have this status.
    Status(u16, bool),
    /// It must agree with the request on this header.
    Header(String, bool),
    /// It must have the request's body.
    Body(Result<bool, NoValue>),
}

impl Filter {
    /// Whether it is passed; `None` where that depends on a body that is not at hand.
    pub(in crate::stubs) fn holds(&self) -> Option<bool> {
        match self {
            Filter::Status(_, holds) | Filter::Header(_, holds) => Some(*holds),
            Filter::Body(Ok(holds)) => Some(*holds),
            Filter::Body(Err(NoValue::Unread)) => None,
            Filter::Body(Err(_)) => Some(false),
        }
    }
}

impl Collection {
    /// How the examples stand: those that pass all filters first, then by score, then by the order in which ties go.
    pub(in crate::stubs) fn standings(
        &self,
        hits: &Hits<'_>,
        view: &RequestView<'_>,
        choice: &Choice<'_>,
    ) -> Vec<Standing> {
        let mut best: std::collections::HashMap<u32, Row> = std::collections::HashMap::new();
        for (row, set) in &hits.sets {
            for number in set.numbers() {
                let own = best.entry(*number).or_insert(*row);
                *own = (*own).min(*row);
            }
        }
        let mut standings: Vec<Standing> =
            best.into_iter().map(|(number, row)| self.standing(number, row, view, choice)).collect();
        standings.sort_by(|a, b| {
            let fails = |own: &Standing| own.filters.iter().filter(|filter| filter.holds() == Some(false)).count();
            (fails(a).cmp(&fails(b))).then(b.score.total().cmp(&a.score.total())).then(a.number.cmp(&b.number))
        });
        standings
    }

    /// How one example stands, if its path fits by this row.
    pub(in crate::stubs) fn standing_of(
        &self,
        rule: Rule,
        row: Row,
        view: &RequestView<'_>,
        choice: &Choice<'_>,
    ) -> Option<Standing> {
        let number = self.entries.iter().position(|entry| entry.rule == rule)?;
        Some(self.standing(number as u32, row, view, choice))
    }

    fn standing(&self, number: u32, row: Row, view: &RequestView<'_>, choice: &Choice<'_>) -> Standing {
        let Entry { rule, status, query, .. } = &self.entries[number as usize];
        let example = choice.scenarios[rule.scenario as usize].example.as_deref();
        let by_body = self.matches_body(view, choice.selectors);
        let mut filters: Vec<Filter> =
            choice.code.map(|code| Filter::Status(code, *status == code)).into_iter().collect();
        let asked = choice.selectors.then(|| header_names(view)).flatten();
        let names: Vec<&str> = match &asked {
            Some(names) => names.clone(),
            None => self.settings.match_headers.iter().map(|name| &**name).collect(),
        };
        let agrees = |name: &str| example.is_none_or(|example| example.agrees_on(name, view));
        filters.extend(names.into_iter().map(|name| Filter::Header(name.to_owned(), agrees(name))));
        if by_body {
            filters.push(Filter::Body(example.map_or(Ok(true), |example| example.agrees_on_body(view))));
        }
        let body = !by_body && example.is_some_and(|example| example.has_body_of(view));
        let params = self.words.asked(view.query()).compare(query);
        Standing { rule: *rule, score: Score { row, params, body }, filters, number }
    }
}
