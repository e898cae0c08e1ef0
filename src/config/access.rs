//! The either-or settings of a mock: delay, CORS, access and selectors.

use std::path::Path;
use std::time::Duration;

use super::Context;
use super::mocks::Compiler;
use super::response::{self, exclusive};
use crate::file::read::At;
use crate::file::{
    AccessTable, CorsTable, CorsValue, DelayTable, DelayValue, SecretTable, SecretValue, SelectorsValue, TrustTable,
};
use crate::problem::{Code, Place, Problem};
use crate::stubs::cors::Cors;
use crate::stubs::delay::Delay;
use crate::stubs::scenario::{Access, Key, Selectors};

impl Compiler<'_, '_> {
    pub(super) fn delay(&mut self, value: At<DelayValue>) -> Option<Delay> {
        delay(value, self.limits.delay, self.cx)
    }

    pub(super) fn cors(&mut self, cors: At<CorsValue>) -> Cors {
        let CorsTable { origins, credentials } = match cors.value {
            CorsValue::Switch(true) => return Cors::Anyone,
            CorsValue::Switch(false) => return Cors::Off,
            CorsValue::Table(table) => table,
        };
        let credentials = credentials.is_some_and(|on| on.value);
        let Some(origins) = origins.filter(|list| !list.value.0.is_empty()) else {
            let help = "write `cors = { origins = [\"https://app.test\"] }`, or `cors = true` for every origin";
            self.cx.missing("origins", cors.place, help);
            return Cors::Anyone;
        };
        let any = origins.value.0.iter().find(|origin| origin.value == "*");
        if let Some(any) = any {
            if credentials || origins.value.0.len() > 1 {
                self.cx.report(
                    Problem::at(
                        Code::ConflictingKeys,
                        any.place,
                        "every origin cannot be allowed together with credentials or with others",
                    )
                    .help("browsers refuse `*` with credentials: list the origins, or write `cors = true`"),
                );
            }
            return Cors::Anyone;
        }
        let origins = origins.value.0.into_iter().filter_map(|text| super::hosts::origin(&text, self.cx)).collect();
        Cors::Origins { origins, credentials }
    }

    pub(super) fn access(&mut self, access: At<AccessTable>) -> Access {
        let AccessTable { private, keys, header, forwarded } = access.value;
        let private_place = private.as_ref().map(|p| p.place);
        let private = private.is_some_and(|on| on.value);
        let given = keys.as_ref().is_some_and(|keys| !keys.value.0.is_empty());
        let keys: Box<[Key]> =
            keys.into_iter().flat_map(|list| list.value.0).filter_map(|key| self.secret(key)).collect();
        if private && !given && !self.cx.unread.key(access.place, "keys") {
            self.cx.report(no_keys(private_place.unwrap_or(access.place)));
        }
        let header = match header {
            None => "x-api-key".into(),
            Some(name) => match http::HeaderName::from_bytes(name.value.as_bytes()) {
                Ok(name) => name.as_str().into(),
                Err(_) => {
                    self.cx.report(response::bad_header_name(&name));
                    "x-api-key".into()
                }
            },
        };
        self.key_headers.push(header);
        let header = self.key_headers.last().cloned().unwrap_or_default();
        Access { private, keys, header, forwarded: forwarded.is_some_and(|on| on.value) }
    }

    fn secret(&mut self, secret: At<SecretValue>) -> Option<Key> {
        self.secret_text(secret.value.0, secret.place).map(|text| Key::new(&text))
    }

    /// Fetches a secret.
    pub(super) fn secret_text(&mut self, from: SecretTable, place: Place) -> Option<String> {
        secret_text(from, place, &self.beside, self.cx)
    }

    pub(super) fn selectors(&mut self, selectors: At<SelectorsValue>) -> Selectors {
        let TrustTable { trust } = match selectors.value {
            SelectorsValue::Switch(true) => return Selectors::On,
            SelectorsValue::Switch(false) => return Selectors::Off,
            SelectorsValue::Table(table) => table,
        };
        let Some(trust) = trust else {
            let help = "write `selectors = { trust = [\"10.0.0.0/8\"] }`, \"on\" or \"off\"";
            self.cx.missing("trust", selectors.place, help);
            return Selectors::Off;
        };
        let ranges = trust.value.0.iter().filter_map(|text| {
            let single = || text.value.parse::<std::net::IpAddr>().ok().map(ipnet::IpNet::from);
            let range = text.value.parse::<ipnet::IpNet>().ok().or_else(single);
            if range.is_none() {
                self.cx.report(
                    Problem::at(Code::BadRange, text.place, format!("{:?} is no range of addresses", text.value))
                        .help("write it as \"10.0.0.0/8\", \"fd00::/8\" or a single address"),
                );
            }
            range
        });
        Selectors::Trust(ranges.collect())
    }
}

/// Compiles a delay; one that is longer than `most` is cut to it, and a warning says so.
pub(super) fn delay(delay: At<DelayValue>, most: Duration, cx: &mut Context<'_>) -> Option<Delay> {
    let place = delay.place;
    let (delay, longest) = match delay.value {
        DelayValue::Fixed(span) => (Delay::Fixed(span.0), span.0),
        DelayValue::Range(DelayTable { min, max }) => {
            let (Some(min), Some(max)) = (min, max) else {
                if !cx.unread.table(place) {
                    let help = "write `{ min = \"10ms\", max = \"30ms\" }`";
                    cx.missing_at("min", place, place, "a range has both ends".to_owned(), help);
                }
                return None;
            };
            if min.value.0 > max.value.0 {
                cx.report(
                    Problem::at(Code::OutOfRange, min.place, "the shortest delay is longer than the longest")
                        .also(max.place, "the longest")
                        .help("swap the two"),
                );
                return None;
            }
            (Delay::Even { min: min.value.0, max: max.value.0 }, max.value.0)
        }
    };
    if longest > most {
        cx.report(
            Problem::at(Code::OutOfRange, place, "the delay is longer than `limits.delay` and will be cut to it")
                .warning()
                .label(format!("the limit is {}", super::effective::shown(most)))
                .help("raise `[limits] delay`, or shorten the delay"),
        );
    }
    Some(delay)
}

/// What is said of a private mock without keys.
pub(super) fn no_keys(place: Place) -> Problem {
    Problem::at(Code::NoKeys, place, "a private mock needs a key")
        .help("add `keys = [{ env = \"NAME\" }]`, or `{ file = \"PATH\" }`")
}

pub(super) fn open_access() -> Access {
    Access { private: false, keys: Box::default(), header: "x-api-key".into(), forwarded: false }
}

/// Fetches a secret; its file is relative to the directory `beside`.
pub(super) fn secret_text(from: SecretTable, place: Place, beside: &Path, cx: &mut Context<'_>) -> Option<String> {
    let SecretTable { env, file } = from;
    exclusive(
        &[("env", env.as_ref().map(|v| v.place)), ("file", file.as_ref().map(|v| v.place))],
        "a secret has one source",
        cx,
    );
    let fail = |why: String, help: &str| Problem::at(Code::MissingSecret, place, why).help(help);
    let set = "set it in the environment of the sidecar; a container gets it from its manifest";
    let write = "the path is relative to the directory of this file; the file holds the secret and nothing else";
    match (env, file) {
        (Some(name), _) => match cx.environment.get(&name.value) {
            Some(value) if !value.is_empty() => return Some(value.clone()),
            Some(_) => cx.report(fail(format!("the variable `{}` is empty", name.value), set)),
            None => cx.report(fail(format!("the variable `{}` is not set", name.value), set)),
        },
        (None, Some(path)) => match cx.files.read_text(&beside.join(&path.value)) {
            Ok(text) => match text.strip_suffix('\n').map(|t| t.strip_suffix('\r').unwrap_or(t)).unwrap_or(&text) {
                "" => cx.report(fail(format!("the file `{}` is empty", path.value), write)),
                secret => return Some(secret.to_owned()),
            },
            Err(error) => cx.report(fail(format!("cannot read `{}`: {error}", path.value), write)),
        },
        (None, None) if cx.unread.table(place) => {}
        (None, None) => {
            let help = "write `{ env = \"NAME\" }` or `{ file = \"PATH\" }`";
            cx.missing_at("env", place, place, "a secret has a source".to_owned(), help);
        }
    }
    None
}
