use super::*;

const VALID: &[u8] = include_bytes!("../../tests/certificates/valid.crt");
const KEY: &[u8] = include_bytes!("../../tests/certificates/valid.key");
const OTHER: &[u8] = include_bytes!("../../tests/certificates/other.key");
const AUTHORITY: &[u8] = include_bytes!("../../tests/certificates/ca.crt");
/// The first second of 2026, in which `valid.crt` begins, and that of 2126, in which it ends.
const BEGIN: u64 = 1_767_225_600;
const END: u64 = 4_922_899_200;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn identity() -> Identity {
    Identity::new(certificates(VALID).unwrap(), private_key(KEY).unwrap()).unwrap()
}

#[test]
fn a_pem_file_gives_its_certificates_in_order_whatever_stands_between() {
    let chain = [b"leaf\n", VALID, KEY, b"\nthe rest\n", AUTHORITY].concat();
    let found = certificates(&chain).unwrap();
    assert_eq!(found, [certificates(VALID).unwrap(), certificates(AUTHORITY).unwrap()].concat());
    assert_eq!(private_key(&chain), private_key(KEY));
}

#[test]
fn a_file_without_certificate_or_key_is_told_from_one_that_is_malformed() {
    for text in [&b""[..], b"MIIBbTCC\n", KEY] {
        assert_eq!(certificates(text), Err(TlsFault::NoCertificate));
    }
    assert_eq!(private_key(VALID), Err(TlsFault::NoKey));
    assert_eq!(certificates(b"-----BEGIN CERTIFICATE-----\nMIIBbTCC\n"), Err(TlsFault::Malformed), "cut off");
    let short = b"-----BEGIN CERTIFICATE-----\nMIIBbTCC\n-----END CERTIFICATE-----\n";
    assert_eq!(certificates(&[VALID, short].concat()), Err(TlsFault::Malformed), "one bad certificate is one too many");
}

#[test]
fn a_certificate_holds_from_its_first_second_to_its_last() {
    let leaf = &certificates(VALID).unwrap()[0];
    for inside in [BEGIN, END] {
        assert_eq!(valid_until(leaf, at(inside)), Ok(at(END)));
    }
    assert_eq!(valid_until(leaf, at(BEGIN - 1)), Err(TlsFault::NotYet("2026-01-01T00:00:00Z".to_owned())));
    assert_eq!(valid_until(leaf, at(END + 1)), Err(TlsFault::Expired("2126-01-01T00:00:00Z".to_owned())));
}

#[test]
fn an_identity_needs_the_key_of_its_first_certificate() {
    let mismatch = Identity::new(certificates(VALID).unwrap(), private_key(OTHER).unwrap());
    assert_eq!(mismatch.unwrap_err(), TlsFault::Mismatch);
    let chain = certificates(&[AUTHORITY, VALID].concat()).unwrap();
    assert_eq!(Identity::new(chain, private_key(KEY).unwrap()).unwrap_err(), TlsFault::Mismatch);
}

#[test]
fn a_listener_is_another_one_with_other_certificates_or_authorities() {
    let authorities = certificates(AUTHORITY).unwrap();
    let server = |callers| ServerTls::new(&identity(), at(END), callers).unwrap();
    assert_eq!(server(None), server(None));
    assert_ne!(server(None), server(Some(&authorities[..])));
    let longer = certificates(&[VALID, AUTHORITY].concat()).unwrap();
    let longer = Identity::new(longer, private_key(KEY).unwrap()).unwrap();
    assert_ne!(server(None), ServerTls::new(&longer, at(END), None).unwrap());
    assert_eq!(server(None).config.alpn_protocols, [&b"h2"[..], b"http/1.1"]);
}

#[test]
fn nothing_of_a_key_is_printed() {
    let shown = format!("{:?} {:?}", identity(), ServerTls::new(&identity(), at(END), None).unwrap());
    assert_eq!(shown.matches("certificates").count(), 1);
    assert!(shown.len() < 200, "{shown}");
}

#[test]
fn a_server_name_is_a_host_name_or_an_address() {
    for name in ["a", "a.test", "10.0.0.7", "::1"] {
        assert!(is_server_name(name), "{name}");
    }
    for name in ["", "a:443", "https://a", "a b", "[::1]"] {
        assert!(!is_server_name(name), "{name}");
    }
}
