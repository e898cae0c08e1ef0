//! Choices: `anyOf`, `oneOf`, and `if` with `then`.

use serde_json::Value as Json;

use super::{Fail, Maker, Parts};
use crate::import::openapi::document::{Version, reference};
use crate::import::tree::Node;

/// Schemas of which one must be satisfied.
pub(super) struct Choice<'t> {
    branches: Vec<Node<'t>>,
    /// Whether exactly one must be.
    is_exclusive: bool,
    /// The schema that it stands in.
    of: Node<'t>,
}

impl<'t> Maker<'_, 't> {
    /// The choices that stand in a schema itself.
    pub(super) fn choices(&self, part: Node<'t>) -> Vec<Choice<'t>> {
        let of = |key: &str, is_exclusive| {
            let mut branches: Vec<Node<'t>> = part.get(key)?.items().collect();
            // Of several something says more than nothing.
            branches.sort_by_key(|branch| branch.text_at("type") == Some("null"));
            (!branches.is_empty()).then_some(Choice { branches, is_exclusive, of: part })
        };
        let mut choices: Vec<Choice<'t>> = [of("anyOf", false), of("oneOf", true)].into_iter().flatten().collect();
        if self.document.version == Version::V31
            && let (Some(_), Some(then)) = (part.get("if"), part.get("then"))
        {
            choices.extend(part.get("if").map(|condition| Choice {
                branches: vec![condition],
                is_exclusive: false,
                of: part,
            }));
            choices.push(Choice { branches: vec![then], is_exclusive: false, of: part });
        }
        choices
    }

    /// Takes the first branch of each choice that leads to a value. `told` are members whose values the choice of a branch
    /// has settled.
    pub(super) fn chosen(
        &mut self,
        parts: Parts<'t>,
        mut choices: Vec<Choice<'t>>,
        told: &[(&'t str, String)],
    ) -> Result<Json, Fail> {
        if choices.is_empty() {
            return self.plain(&parts, told);
        }
        let choice = choices.remove(0);
        let (mut failed, mut second_best) = (Fail::Never, None);
        for branch in &choice.branches {
            let entered = self.entered.len();
            let mut more = parts.clone();
            let made = match self.flatten(*branch, &mut more, 0) {
                Err(fail) => Err(fail),
                Ok(()) => {
                    let new = more[parts.len()..].iter().flat_map(|part| self.choices(*part));
                    let rest = choices.iter().map(|c| Choice { branches: c.branches.clone(), ..*c });
                    let rest = rest.chain(new).collect();
                    let mut told = told.to_vec();
                    told.extend(self.discriminated(choice.of, *branch));
                    self.chosen(more, rest, &told)
                }
            };
            self.entered.truncate(entered);
            match made {
                Err(Fail::Large) => return second_best.ok_or(Fail::Large),
                Err(fail) => failed = fail,
                Ok(value) => {
                    let is_other = |other: &&Node<'t>| other.id() != branch.id();
                    let others: Vec<Node<'t>> = choice.branches.iter().filter(is_other).copied().collect();
                    let several = choice.is_exclusive && others.into_iter().any(|other| self.fits(&value, other));
                    if !several {
                        return Ok(value);
                    }
                    second_best = second_best.or(Some(value));
                }
            }
        }
        second_best.ok_or(failed)
    }

    /// The member by which readers tell the branches of a choice apart, with its value for one of them.
    fn discriminated(&self, of: Node<'t>, branch: Node<'t>) -> Option<(&'t str, String)> {
        let discriminator = of.get("discriminator")?;
        let (_, to) = reference(branch)?;
        let name = to.rsplit('/').next().unwrap_or(to);
        let mapped = discriminator.get("mapping").into_iter().flat_map(|mapping| mapping.members());
        let mapped = mapped.filter(|(_, _, target)| target.text().is_some_and(|target| target == to || target == name));
        let value = mapped.map(|(_, key, _)| key).next().unwrap_or(name);
        Some((discriminator.text_at("propertyName")?, value.to_owned()))
    }
}
