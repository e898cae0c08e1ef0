use super::*;
use crate::proxy::head::parse;

fn verdict(head: &str) -> Result<Passed, Rejection> {
    let bytes = head.as_bytes();
    let head = parse(bytes).map_err(|refusal| refusal.rejection)?;
    check(&head, Some(1000)).map_err(|refusal| refusal.rejection)
}

fn get(fields: &str) -> Result<Passed, Rejection> {
    verdict(&format!("GET / HTTP/1.1\r\n{fields}\r\n"))
}

fn framing_of(fields: &str) -> Result<Framing, Rejection> {
    get(&format!("Host: a\r\n{fields}")).map(|passed| passed.framing)
}

#[test]
fn request_lines_are_strict() {
    for (line, expected) in [
        ("GET  / HTTP/1.1", Rejection::RequestLine),
        ("GET / HTTP/1.1 ", Rejection::RequestLine),
        ("GET /a b HTTP/1.1", Rejection::RequestLine),
        ("GET /", Rejection::RequestLine),
        ("/ HTTP/1.1", Rejection::RequestLine),
        ("G@T / HTTP/1.1", Rejection::RequestLine),
        ("GET / HTTP/2.0", Rejection::Version),
        ("GET / HTTP/1.2", Rejection::Version),
        ("GET / HTTP/0.9", Rejection::Version),
        ("GET / http/1.1", Rejection::RequestLine),
        ("PRI * HTTP/2.0", Rejection::Version),
        ("GET /a\u{1}b HTTP/1.1", Rejection::Target),
        ("GET /a#b HTTP/1.1", Rejection::Target),
        ("GET a HTTP/1.1", Rejection::Target),
        ("GET * HTTP/1.1", Rejection::Target),
        ("GET ftp://a/ HTTP/1.1", Rejection::Target),
        ("GET http:///a HTTP/1.1", Rejection::Target),
        ("GET http://u@a/ HTTP/1.1", Rejection::Target),
        ("GET /%zz HTTP/1.1", Rejection::Path),
        ("GET /%00 HTTP/1.1", Rejection::Path),
        ("GET /a\\b HTTP/1.1", Rejection::Path),
        ("GET /../a HTTP/1.1", Rejection::Path),
        ("GET http://a/../b HTTP/1.1", Rejection::Path),
        ("CONNECT a:443 HTTP/1.1", Rejection::Connect),
    ] {
        assert_eq!(verdict(&format!("{line}\r\nHost: a\r\n\r\n")), Err(expected), "{line}");
    }
    for line in [
        "GET /?q=100%&x=\\ HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "get / HTTP/1.1",
        "PURGE /a HTTP/1.1",
        "GET /a|b?{x} HTTP/1.1",
    ] {
        assert!(verdict(&format!("{line}\r\nHost: a\r\n\r\n")).is_ok(), "{line}");
    }
}

#[test]
fn header_fields_are_strict() {
    for (fields, expected) in [
        ("Host: a\r\nA : b\r\n", Rejection::Header),
        ("Host: a\r\nA\r\n", Rejection::Header),
        ("Host: a\r\nA: b\r\n folded\r\n", Rejection::Header),
        ("Host: a\r\nA: b\u{0}c\r\n", Rejection::Header),
        ("Host: a\r\nA: b\rc\r\n", Rejection::Header),
        ("Host: a\r\n: b\r\n", Rejection::Header),
        ("Host: a\r\nÄ: b\r\n", Rejection::Header),
        ("Host: a\nA: b\r\n", Rejection::BareLineFeed),
    ] {
        assert_eq!(get(fields), Err(expected), "{fields:?}");
    }
    let many: String = (0..257).map(|n| format!("A{n}: b\r\n")).collect();
    assert_eq!(get(&format!("Host: a\r\n{many}")), Err(Rejection::HeadTooLarge));
    assert!(get("Host: a\r\nA:\r\nB: caf\u{e9}\r\nC:\tx \r\n").is_ok());
}

#[test]
fn there_is_one_sound_host() {
    for fields in [
        "",
        "Host: a\r\nHost: a\r\n",
        "Host: a b\r\n",
        "Host: a/b\r\n",
        "Host: u@a\r\n",
        "Host: \r\n",
        "Host: a:x\r\n",
        "Host: a,b\r\n",
        "Host: [::g]\r\n",
    ] {
        assert_eq!(get(fields), Err(Rejection::Host), "{fields:?}");
    }
    for fields in ["Host: a\r\n", "hOsT: A.b:80\r\n", "Host: [::1]:80\r\n", "Host: a:\r\n", "Host: a_b\r\n"] {
        assert!(get(fields).is_ok(), "{fields:?}");
    }
    assert!(verdict("GET / HTTP/1.0\r\n\r\n").is_ok());
}

#[test]
fn a_body_has_one_end() {
    assert_eq!(framing_of(""), Ok(Framing::None));
    assert_eq!(framing_of("Content-Length: 0\r\n"), Ok(Framing::None));
    assert_eq!(framing_of("Content-Length: 007\r\n"), Ok(Framing::Length(7)));
    assert_eq!(framing_of("Transfer-Encoding: Chunked\r\n"), Ok(Framing::Chunked));
    for (fields, expected) in [
        ("Content-Length: 5\r\nContent-Length: 5\r\n", Rejection::ContentLength),
        ("Content-Length: 5, 5\r\n", Rejection::ContentLength),
        ("Content-Length: +5\r\n", Rejection::ContentLength),
        ("Content-Length: -1\r\n", Rejection::ContentLength),
        ("Content-Length: 0x5\r\n", Rejection::ContentLength),
        ("Content-Length:\r\n", Rejection::ContentLength),
        ("Content-Length: 99999999999999999999\r\n", Rejection::ContentLength),
        ("Content-Length: 1001\r\n", Rejection::BodyTooLarge),
        ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", Rejection::TransferEncoding),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", Rejection::TransferEncoding),
        ("Transfer-Encoding: chunked, identity\r\n", Rejection::TransferEncoding),
        ("Transfer-Encoding: xchunked\r\n", Rejection::TransferEncoding),
        ("Transfer-Encoding: chunked;q=1\r\n", Rejection::TransferEncoding),
        ("Transfer-Encoding: \"chunked\"\r\n", Rejection::TransferEncoding),
        ("Transfer-Encoding:\r\n", Rejection::TransferEncoding),
        ("Transfer-Encoding: identity\r\n", Rejection::TransferEncoding),
        ("Transfer-Encoding: gzip, chunked\r\n", Rejection::TransferCoding),
    ] {
        assert_eq!(framing_of(fields), Err(expected), "{fields:?}");
    }
    assert_eq!(verdict("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), Err(Rejection::TransferEncoding));
}

#[test]
fn an_absolute_target_goes_on_as_a_path_with_its_own_host() {
    let passed = verdict("GET http://B.test:81/x?y=1 HTTP/1.1\r\nA: 1\r\nHost: other\r\n\r\n").unwrap();
    assert_eq!(passed.repaired.unwrap(), b"GET /x?y=1 HTTP/1.1\r\nHost: B.test:81\r\nA: 1\r\n\r\n");
    let passed = verdict("GET http://b?y HTTP/1.1\r\nHost: b\r\n\r\n").unwrap();
    assert_eq!(passed.repaired.unwrap(), b"GET /?y HTTP/1.1\r\nHost: b\r\n\r\n");
    let passed = verdict("OPTIONS http://b HTTP/1.1\r\nHost: b\r\n\r\n").unwrap();
    assert_eq!(passed.repaired.unwrap(), b"OPTIONS * HTTP/1.1\r\nHost: b\r\n\r\n");
}

#[test]
fn the_expectation_of_an_old_caller_is_ignored() {
    let passed = verdict("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n").unwrap();
    assert!(!passed.expects_continue);
    assert_eq!(passed.repaired.unwrap(), b"POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\n");
    assert!(get("Host: a\r\nExpect: 100-Continue\r\n").unwrap().expects_continue);
}
