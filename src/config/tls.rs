//! Certificates and keys: read, checked, put together.

use std::path::Path;
use std::time::SystemTime;

use super::Context;
use super::effective::{TakesEffect, quoted, show};
use super::files::ReadError;
use crate::file::read::At;
use crate::file::{AdminTlsTable, TlsTable, UpstreamTlsTable};
use crate::problem::{Code, Place, Problem};
use crate::tls::{
    ClientTls, Identity, ServerTls, TlsFault, certificates, check_authorities, is_server_name, private_key, valid_until,
};

/// TLS of the data listener.
pub(super) fn server(table: Option<At<TlsTable>>, directory: &Path, cx: &mut Context<'_>) -> Option<ServerTls> {
    let place = table.as_ref().map(|table| table.place);
    let TlsTable { cert, key, client_ca } = table.map(|table| table.value).unwrap_or_default();
    let shown = client_ca.as_ref().map(|text| (quoted(&text.value), text.place));
    let own = shown_identity("proxy", place, cert.as_ref(), key.as_ref(), directory, cx);
    show(cx, "proxy.tls.client_ca", shown, "none", TakesEffect::Reload);
    let place = place?;
    let callers = client_ca.map(|file| authorities(&file, directory, cx));
    let callers = match callers {
        Some(found) => Some(found?),
        None => None,
    };
    let (identity, expires) = own?;
    let made = ServerTls::new(&identity, expires, callers.as_deref());
    made.map_err(|fault| cx.report(bad(place, "TLS cannot be spoken with this", &fault))).ok()
}

/// TLS of the admin listener, which speaks HTTP/1.1.
pub(super) fn admin(table: Option<At<AdminTlsTable>>, directory: &Path, cx: &mut Context<'_>) -> Option<ServerTls> {
    let place = table.as_ref().map(|table| table.place);
    let AdminTlsTable { cert, key } = table.map(|table| table.value).unwrap_or_default();
    let (identity, expires) = shown_identity("admin", place, cert.as_ref(), key.as_ref(), directory, cx)?;
    let place = place?;
    let made = ServerTls::new(&identity, expires, None).map(ServerTls::without_http2);
    made.map_err(|fault| cx.report(bad(place, "TLS cannot be spoken with this", &fault))).ok()
}

/// Certificate and key of a listener, both of which its table must have.
fn shown_identity(
    listener: &str,
    place: Option<Place>,
    cert: Option<&At<String>>,
    key: Option<&At<String>>,
    directory: &Path,
    cx: &mut Context<'_>,
) -> Option<(Identity, SystemTime)> {
    for (name, set) in [("cert", cert), ("key", key)] {
        let shown = set.map(|text| (quoted(&text.value), text.place));
        show(cx, &format!("{listener}.tls.{name}"), shown, "none", TakesEffect::Reload);
    }
    let place = place?;
    for (name, set) in [("cert", cert), ("key", key)] {
        if set.is_none() {
            let help = "write `tls = { cert = \"tls/crt.pem\", key = \"tls/key.pem\" }`";
            cx.missing_at(name, place, place, format!("TLS needs a `{name}`"), help);
        }
    }
    identity(cert, key, directory, cx)
}

/// TLS toward an upstream.
pub(super) fn client(
    name: &str,
    table: Option<At<UpstreamTlsTable>>,
    host: &str,
    https: bool,
    directory: &Path,
    cx: &mut Context<'_>,
) -> Option<ClientTls> {
    let place = table.as_ref().map(|table| table.place);
    let UpstreamTlsTable { ca, cert, key, server_name } = table.map(|table| table.value).unwrap_or_default();
    for (key, set, default) in [
        ("ca", &ca, "those of the system"),
        ("cert", &cert, "none"),
        ("key", &key, "none"),
        ("server_name", &server_name, "the host of the URL"),
    ] {
        let set = set.as_ref().map(|text| (quoted(&text.value), text.place));
        show(cx, &format!("upstreams.{name}.tls.{key}"), set, default, TakesEffect::Reload);
    }
    if let (Some(place), false) = (place, https || host.is_empty()) {
        cx.report(
            Problem::at(Code::ConflictingKeys, place, "`tls` has no effect on a plain upstream")
                .help("write `https://` in its `url`, or leave `tls` out"),
        );
        return None;
    }
    for (one, other, missing) in [(&cert, &key, "key"), (&key, &cert, "cert")] {
        if let (Some(one), None, Some(place)) = (one, other, place) {
            let help = "a certificate and its key go together";
            cx.missing_at(missing, place, one.place, format!("`{missing}` is missing beside this"), help);
        }
    }
    let shows_itself = cert.is_some() || key.is_some();
    let own = identity(cert.as_ref(), key.as_ref(), directory, cx);
    let trusted = ca.map(|file| authorities(&file, directory, cx));
    if let Some(text) = &server_name
        && !is_server_name(&text.value)
    {
        cx.report(
            Problem::at(Code::BadHost, text.place, format!("{:?} is no host name", text.value))
                .help("write the name that the upstream's certificate carries, without scheme and port"),
        );
        return None;
    }
    // What could not be used was reported: then nothing is made of the rest.
    let authorities = match trusted {
        Some(found) => Some(found?),
        None => None,
    };
    let identity = if shows_itself { Some(own?.0) } else { None };
    let server_name = server_name.map_or_else(|| host.into(), |text| text.value.into());
    https.then_some(ClientTls { server_name, authorities, identity })
}

/// A certificate that is in its time, and its key. Each of the two is looked at, whatever is wrong with the other.
fn identity(
    cert: Option<&At<String>>,
    key: Option<&At<String>>,
    directory: &Path,
    cx: &mut Context<'_>,
) -> Option<(Identity, SystemTime)> {
    let chain = cert.and_then(|cert| {
        let chain = certificates(&read(cert, directory, cx)?);
        let chain = chain.map_err(|fault| cx.report(unusable(cert, &fault))).ok()?;
        let leaf = chain.first().map(Vec::as_slice).unwrap_or_default();
        let until = valid_until(leaf, SystemTime::now()).map_err(|fault| cx.report(unusable(cert, &fault))).ok();
        Some((chain, until))
    });
    let key = key?;
    let secret = private_key(&read(key, directory, cx)?);
    let secret = secret.map_err(|fault| cx.report(unusable(key, &fault))).ok()?;
    let (chain, until) = chain?;
    let identity = Identity::new(chain, secret).map_err(|fault| cx.report(unusable(key, &fault))).ok()?;
    Some((identity, until?))
}

fn authorities(file: &At<String>, directory: &Path, cx: &mut Context<'_>) -> Option<Vec<Vec<u8>>> {
    let found = certificates(&read(file, directory, cx)?);
    let usable_ones = found.and_then(|found| check_authorities(&found).map(|()| found));
    usable_ones.map_err(|fault| cx.report(unusable(file, &fault))).ok()
}

fn read(file: &At<String>, directory: &Path, cx: &mut Context<'_>) -> Option<Vec<u8>> {
    match cx.files.read(&directory.join(&file.value)) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            let code = if matches!(error, ReadError::TooLarge) { Code::FileTooLarge } else { Code::UnreadableFile };
            cx.report(
                Problem::at(code, file.place, format!("cannot read `{}`: {error}", file.value))
                    .help("the path is relative to the directory of this file"),
            );
            None
        }
    }
}

fn unusable(file: &At<String>, fault: &TlsFault) -> Problem {
    bad(file.place, &format!("`{}` cannot be used", file.value), fault)
}

fn bad(place: Place, title: &str, fault: &TlsFault) -> Problem {
    let (code, help) = match fault {
        TlsFault::Expired(_) => (Code::ExpiredCertificate, "put a fresh certificate in its place"),
        TlsFault::NotYet(_) => (Code::ExpiredCertificate, "wait, or set the clock of this machine"),
        TlsFault::Mismatch => (Code::BadCertificate, "name the key that the certificate was made for"),
        TlsFault::NoKey => (Code::BadCertificate, "a PEM key stands between `-----BEGIN PRIVATE KEY-----` and its end"),
        TlsFault::NoCertificate => {
            (Code::BadCertificate, "a PEM certificate stands between `-----BEGIN CERTIFICATE-----` and its end")
        }
        TlsFault::Malformed => (Code::BadCertificate, "see that the file was copied whole"),
        TlsFault::Unusable(_) => (Code::BadCertificate, "make it anew"),
    };
    Problem::at(code, place, title.to_owned()).label(fault.to_string()).help(help)
}
