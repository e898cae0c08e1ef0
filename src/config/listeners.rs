//! Addresses to listen on: well-formed, and no two alike.

use std::net::{IpAddr, SocketAddr};

use super::effective::{quoted, show};
use super::{Context, TakesEffect};
use crate::file::leaf::OneOrMany;
use crate::file::read::At;
use crate::problem::{Code, Place, Problem};

pub(super) struct Listeners {
    pub data: Vec<SocketAddr>,
    pub ops: SocketAddr,
    /// With the place that says so.
    pub admin: (SocketAddr, Option<Place>),
}

impl Listeners {
    pub fn all(&self) -> Vec<SocketAddr> {
        self.data.iter().copied().chain([self.ops, self.admin.0]).collect()
    }
}

pub(super) const DATA: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 8080);
pub(super) const OPS: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 9091);
pub(super) const ADMIN: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9092);

pub(super) fn listeners(
    data: Option<At<OneOrMany<String>>>,
    ops: Option<At<String>>,
    admin: Option<At<String>>,
    cx: &mut Context<'_>,
) -> Listeners {
    let shown = data
        .as_ref()
        .map(|list| (format!("{:?}", list.value.0.iter().map(|text| &text.value).collect::<Vec<_>>()), list.place));
    show(cx, "proxy.listen", shown, "[\"0.0.0.0:8080\"]", TakesEffect::Restart);
    show(cx, "ops.listen", ops.as_ref().map(|t| (quoted(&t.value), t.place)), "\"0.0.0.0:9091\"", TakesEffect::Restart);
    show(
        cx,
        "admin.listen",
        admin.as_ref().map(|t| (quoted(&t.value), t.place)),
        "\"127.0.0.1:9092\"",
        TakesEffect::Restart,
    );
    let mut taken: Vec<(SocketAddr, Option<Place>)> = Vec::new();
    let mut addresses = Vec::new();
    match data {
        None => addresses.push(DATA),
        Some(list) => {
            if list.value.0.is_empty() {
                cx.report(
                    Problem::at(Code::MissingKey, list.place, "the proxy listens nowhere")
                        .help("name an address, or leave `listen` out for \"0.0.0.0:8080\""),
                );
            }
            for text in list.value.0 {
                if let Some(address) = address(&text, cx) {
                    claim(address, Some(text.place), &mut taken, cx);
                    addresses.push(address);
                }
            }
        }
    }
    if taken.is_empty() {
        taken.extend(addresses.iter().map(|address| (*address, None)));
    }
    let mut one = |set: Option<At<String>>, default: SocketAddr, cx: &mut Context<'_>| {
        let place = set.as_ref().map(|text| text.place);
        let address = set.and_then(|text| address(&text, cx)).unwrap_or(default);
        claim(address, place, &mut taken, cx);
        (address, place)
    };
    let (ops, _) = one(ops, OPS, cx);
    let admin = one(admin, ADMIN, cx);
    Listeners { data: addresses, ops, admin }
}

pub(super) fn address(text: &At<String>, cx: &mut Context<'_>) -> Option<SocketAddr> {
    match text.value.parse() {
        Ok(address) => Some(address),
        Err(_) => {
            cx.report(
                Problem::at(Code::BadAddress, text.place, format!("{:?} is no address to listen on", text.value))
                    .label("expected IP:port")
                    .help("write \"0.0.0.0:8080\" for all interfaces, \"127.0.0.1:8080\" or \"[::1]:8080\" for this machine only")
                    .maybe_help(address_meant(&text.value)),
            );
            None
        }
    }
}

/// The address that was probably meant by one in the form of another program.
pub(super) fn address_meant(text: &str) -> Option<String> {
    let text = text.split_once("://").map_or(text, |(_, rest)| rest).trim_end_matches('/');
    let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
    let host = match host {
        "" | "*" => "0.0.0.0",
        "localhost" => "127.0.0.1",
        other => other,
    };
    let meant = format!("{host}:{port}");
    meant.parse::<SocketAddr>().ok().map(|_| format!("did you mean {meant:?}?"))
}

/// Takes an address; two listeners on one port collide if one of them takes all interfaces or both take the same.
pub(super) fn claim(
    address: SocketAddr,
    place: Option<Place>,
    taken: &mut Vec<(SocketAddr, Option<Place>)>,
    cx: &mut Context<'_>,
) {
    let collides = |other: &SocketAddr| {
        address.port() != 0
            && address.port() == other.port()
            && (address.ip() == other.ip() || address.ip().is_unspecified() || other.ip().is_unspecified())
    };
    if let Some((other, first)) = taken.iter().find(|(other, _)| collides(other)) {
        let title = format!("two listeners want {address}");
        let label = format!("{other} is taken by another listener");
        let problem = match (place.or(*first), *first) {
            (Some(place), Some(first)) if place != first => {
                Problem::at(Code::AddressTwice, place, title).label(label).also(first, "the other listener")
            }
            (Some(place), _) => Problem::at(Code::AddressTwice, place, title).label(label),
            (None, _) => Problem::of(Code::AddressTwice, None, title),
        };
        cx.report(problem.help("give each listener a port of its own"));
    }
    taken.push((address, place));
}
