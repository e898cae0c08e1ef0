//! The admin listener: for this machine only, or with a token and TLS, or somebody says in so many words that it may be
//! open.

use std::net::SocketAddr;
use std::path::Path;

use super::Context;
use super::access::secret_text;
use super::effective::{TakesEffect, quoted, show, value};
use crate::file::AdminTable;
use crate::problem::{Code, Place, Problem};
use crate::redact::Secret;
use crate::settings::Admin;

/// The shortest token, characters. 16: out of letters and digits that is 95 bits, which nobody guesses over a network.
const SHORTEST_TOKEN: usize = 16;

/// What `[admin]` says beside the address, held against it.
pub(super) fn admin(
    table: AdminTable,
    (listen, place): (SocketAddr, Option<Place>),
    directory: &Path,
    cx: &mut Context<'_>,
) -> Admin {
    let AdminTable { listen: _, token, tls, insecure, read_only, state_file } = table;
    let shown = token.as_ref().map(|token| {
        let source = cx.sources.get(token.place.source);
        (source.text.get(token.place.start as usize..token.place.end as usize).unwrap_or("").to_owned(), token.place)
    });
    show(cx, "admin.token", shown, "none", TakesEffect::Reload);
    let (has_token, has_tls) = (token.is_some(), tls.is_some());
    let insecure_place = insecure.as_ref().map(|flag| flag.place);
    let insecure = value(cx, "admin.insecure", insecure, false, bool::to_string);
    let read_only = value(cx, "admin.read_only", read_only, false, bool::to_string);

    let is_closed = listen.ip().is_loopback();
    let is_safe = is_closed || (has_token && has_tls);
    if !is_safe && !insecure {
        let missing = match (has_token, has_tls) {
            (false, false) => "a token and TLS",
            (false, true) => "a token",
            (true, _) => "TLS",
        };
        let title = format!("the admin listener is open to others and has not got {missing}");
        let problem = match place {
            Some(place) => Problem::at(Code::AdminExposed, place, title).label("reachable by others"),
            None => Problem::of(Code::AdminExposed, None, title),
        };
        cx.report(problem.help(
            "write \"127.0.0.1:9092\", or add `token = { env = \"ADMIN_TOKEN\" }` and \
             `tls = { cert = \"tls/crt.pem\", key = \"tls/key.pem\" }`; `insecure = true` lets it be as it is",
        ));
    }
    if let (Some(place), true) = (insecure_place, insecure && is_safe) {
        let why = if is_closed { "the listener stays on loopback" } else { "there are a token and TLS" };
        cx.report(
            Problem::at(Code::ConflictingKeys, place, format!("`insecure` has no effect: {why}")).help("leave it out"),
        );
    }
    let token = token.and_then(|token| {
        let text = secret_text(token.value.0, token.place, directory, cx)?;
        if text.chars().count() < SHORTEST_TOKEN {
            cx.report(
                Problem::at(Code::WeakToken, token.place, "the token can be guessed")
                    .label(format!("has fewer than {SHORTEST_TOKEN} characters"))
                    .help("make one with `openssl rand -hex 32`"),
            );
        }
        if !text.chars().all(|c| c.is_ascii_graphic()) {
            cx.report(
                Problem::at(Code::WeakToken, token.place, "the token cannot stand in a header field")
                    .label("has white space, or characters that are not ASCII")
                    .help("make one with `openssl rand -hex 32`"),
            );
        }
        Some(Secret::new(&text))
    });
    let shown = state_file.as_ref().map(|path| (quoted(&path.value), path.place));
    show(cx, "admin.state_file", shown, "none", TakesEffect::Reload);
    let state_file = state_file.map(|path| directory.join(path.value));
    Admin { listen, token, tls: super::tls::admin(tls, directory, cx), read_only, state_file }
}
