//! Scenarios that answer where a selector names them, or in place of another where `Accept` prefers their media type.

use std::sync::Arc;

use super::mocks::{Compiler, Inherited};
use crate::file::read::At;
use crate::problem::{Code, Place, Problem, nearest};
use crate::stubs::accept::{Media, Offer};

/// What a scenario says of it.
pub(super) struct Alternative {
    pub only_selected: Option<At<bool>>,
    pub to: Option<At<String>>,
    /// Where its conditions stand.
    pub when: Option<Place>,
}

/// A scenario of a stub that has been compiled.
pub(super) struct Drafted {
    pub number: u32,
    pub media: Option<Media>,
    pub to: Option<At<String>>,
}

impl Compiler<'_, '_> {
    /// Whether a scenario answers only where it is named, or in place of another.
    pub(super) fn alternative(&mut self, said: &Alternative, inherited: &Inherited) -> bool {
        let Alternative { only_selected, to, when } = said;
        let only = only_selected.as_ref().map(|only| ("only_selected", only.place));
        let to = to.as_ref().map(|to| ("alternative_to", to.place));
        if inherited.is_postman {
            for (key, place) in only.into_iter().chain(to) {
                self.cx.report(
                    Problem::at(Code::NotInPostman, place, format!("Postman's matching has no `{key}`"))
                        .help("leave it out, or use `matching = \"strict\"`"),
                );
            }
            return false;
        }
        let Some((_, place)) = to else { return only_selected.as_ref().is_some_and(|only| only.value) };
        let beside = [only, when.map(|place| ("when", place))];
        for (key, at) in beside.into_iter().flatten() {
            self.cx.report(
                Problem::at(Code::ConflictingKeys, at, format!("`{key}` has no effect beside `alternative_to`"))
                    .also(place, "it answers whenever that scenario would")
                    .help("leave it out; conditions belong to the scenario that this one stands in for"),
            );
        }
        true
    }

    /// Gives each scenario of a stub what can be sent in its place.
    pub(super) fn offer(&mut self, drafted: Vec<Drafted>) {
        let mut offers: Vec<(u32, Vec<Offer>)> = Vec::new();
        for Drafted { number, media, to } in &drafted {
            let Some(to) = to else { continue };
            let scenario = |number: u32| &self.parts.scenarios[number as usize];
            let main =
                drafted.iter().find(|other| *scenario(other.number).name == *to.value && other.number != *number);
            let Some(main) = main.filter(|main| main.to.is_none()) else {
                let mut known =
                    drafted.iter().filter(|other| other.to.is_none()).map(|other| &*scenario(other.number).name);
                let problem = match main {
                    Some(_) => {
                        Problem::at(Code::UnknownScenario, to.place, format!("`{}` is an alternative itself", to.value))
                            .help("name the scenario that it is an alternative to")
                    }
                    None => {
                        let slip = nearest(&to.value, known.by_ref()).map(|slip| format!("did you mean `{slip}`?"));
                        Problem::at(
                            Code::UnknownScenario,
                            to.place,
                            format!("the stub has no other scenario `{}`", to.value),
                        )
                        .help("name a scenario of the same stub")
                        .maybe_help(slip)
                    }
                };
                self.cx.report(problem);
                continue;
            };
            let Some(own) = media else {
                let title = "`Accept` chooses by media type, and this scenario has none";
                self.cx.report(
                    Problem::at(Code::NeverHolds, to.place, title).help("give it a body, or a header `content-type`"),
                );
                continue;
            };
            let at = offers.iter().position(|(number, _)| *number == main.number).unwrap_or_else(|| {
                let media = main.media.clone().or_else(|| Media::parse("application/octet-stream"));
                offers.push((
                    main.number,
                    media.map(|media| Offer { media, scenario: main.number }).into_iter().collect(),
                ));
                offers.len() - 1
            });
            let (_, list) = &mut offers[at];
            if list.iter().any(|offer| offer.media.is_like(own)) {
                let title = "it would never answer: what it stands in for, or another alternative, has its media type";
                self.cx.report(
                    Problem::at(Code::NeverHolds, to.place, title).help("leave it out, or give it another media type"),
                );
                continue;
            }
            list.push(Offer { media: own.clone(), scenario: *number });
        }
        for (number, offers) in offers {
            // Nobody else has it yet.
            if let Some(scenario) = self.parts.scenarios.get_mut(number as usize).and_then(Arc::get_mut) {
                scenario.offers = offers.into();
            }
        }
    }
}
