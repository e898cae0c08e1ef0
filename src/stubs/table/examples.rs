//! Postman's matching within a decision: selectors among the whole mock, then the closest example.

use super::Table;
use super::overlay::Off;
use super::selectors::Asked;
use crate::stubs::bucket::{Found, Rule};
use crate::stubs::index::Candidates;
use crate::stubs::postman::choose::{Choice, Chosen};
use crate::stubs::postman::collection::Named;
use crate::stubs::postman::hits::Hits;
use crate::stubs::request::RequestView;
use crate::stubs::scenario::Mock;
use crate::words::Reason;

impl Table {
    /// The example of a mock that the request's selectors name, whatever its path.
    pub(super) fn named_example(&self, view: &RequestView<'_>, mock: &Mock) -> Option<Rule> {
        let asked = Asked::by(view);
        let code = asked.status()?;
        self.index.collection(mock.number)?.named(view.method, code, asked.named()?)
    }

    /// The example that answers: what was named, else the closest of the candidates.
    pub(super) fn example(
        &self,
        view: &RequestView<'_>,
        found: &Candidates<'_>,
        (asked, named): (Asked<'_>, Option<Rule>),
        off: &Off<'_>,
        selectors: bool,
        fault: &mut Option<Reason>,
    ) -> Found {
        if let Some(rule) = named {
            return Found::Rule(rule);
        }
        let Some((hits, code)) = self.left(view, found, asked) else { return Found::None };
        let hits = hits.as_ref();
        let choice = Choice { scenarios: &self.scenarios, code, selectors, off: off.stubs() };
        match hits.collection().choose(hits, view, &choice) {
            Chosen::Example(rule, _) => Found::Rule(rule),
            Chosen::NeedsBody => Found::NeedsBody,
            Chosen::None(reason) => {
                *fault = Some(reason);
                Found::None
            }
        }
    }

    /// The examples among which the closest is looked for, and the status that it must have; `None` where the request
    /// asks for one by name, or for what is no status.
    pub(in crate::stubs) fn left<'f, 't>(
        &self,
        view: &RequestView<'_>,
        found: &'f Candidates<'t>,
        asked: Asked<'_>,
    ) -> Option<(Left<'f, 't>, Option<u16>)> {
        let (Some(hits), Some(code), None) = (&found.hits, asked.status(), asked.named()) else { return None };
        // A status leaves only some examples; row 8 is for the request that none of these fits by another row.
        let near = match code {
            Some(code) if !hits.has_status(code) => hits.collection().near(view.method, &view.path),
            _ => None,
        };
        Some((near.map_or(Left::Found(hits), Left::Near), code))
    }
}

/// The examples among which the closest is looked for.
pub(in crate::stubs) enum Left<'f, 't> {
    /// Those that the index found.
    Found(&'f Hits<'t>),
    /// Those of row 8, since none of the others has the status that is asked for.
    Near(Hits<'t>),
}

impl<'t> Left<'_, 't> {
    /// The examples.
    pub(in crate::stubs) fn as_ref(&self) -> &Hits<'t> {
        match self {
            Left::Found(hits) => hits,
            Left::Near(hits) => hits,
        }
    }
}

impl<'a> Asked<'a> {
    /// The status that is asked for, if any; `None` where the header holds no status.
    fn status(self) -> Option<Option<u16>> {
        self.code.map_or(Some(None), |code| super::selectors::status(code).map(Some))
    }

    /// What is asked for by ID or, failing that, by name.
    fn named(self) -> Option<Named<'a>> {
        let text = |value| std::str::from_utf8(value).unwrap_or_default();
        self.id.map(|id| Named::Id(text(id))).or_else(|| self.name.map(|name| Named::Name(text(name))))
    }
}
