//! Each of the 118 names, held against the shape that the reference gives it.

use rand::SeedableRng as _;
use regex::Regex;

use super::*;

/// Noon of 1 February 2026.
const NOON: Duration = Duration::from_millis(1_769_947_200_600);

const UUID: &str = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";
const DATE: &str =
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} \d\d 202\d \d\d:\d\d:\d\d GMT\+0000 \(Coordinated Universal Time\)";
const NAME: &str = r"[A-Z][A-Za-z'’. -]*";
const WORD: &str = r"[a-z]+";
const TITLE: &str = r"[A-Z][a-z]+";
const DOMAIN: &str = r"[a-z0-9]+\.[a-z]{2,4}";
const USER: &str = r"[a-z]+([._][a-z]+)?\d*";
const SENTENCE: &str = r"[A-Z][a-z ]+\.";

/// The shape of each value, as a regular expression for all of it.
fn shape(name: &str) -> String {
    let image = "https://loremflickr\\.com/640/480";
    match name {
        "guid" | "randomUUID" => UUID.to_owned(),
        "timestamp" => "1769947201".to_owned(),
        "isoTimestamp" => "2026-02-01T12:00:00\\.600Z".to_owned(),
        "randomAlphaNumeric" => "[a-z0-9]".to_owned(),
        "randomBoolean" => "true|false".to_owned(),
        "randomInt" => r"\d{1,3}|1000".to_owned(),
        "randomHexColor" => "#[0-9a-f]{6}".to_owned(),
        "randomAbbreviation" => "[A-Z]{3,4}".to_owned(),
        "randomIP" => r"(\d{1,3}\.){3}\d{1,3}".to_owned(),
        "randomIPV6" => "([0-9a-f]{4}:){7}[0-9a-f]{4}".to_owned(),
        "randomMACAddress" => "([0-9a-f]{2}:){5}[0-9a-f]{2}".to_owned(),
        "randomPassword" => "[!-~]{15}".to_owned(),
        "randomLocale" => "[a-z]{2}".to_owned(),
        "randomUserAgent" => r"[A-Z][\x20-\x7e]{20,}".to_owned(),
        "randomProtocol" => "https?".to_owned(),
        "randomSemver" => r"\d\.\d\.\d".to_owned(),
        "randomNamePrefix" => r"(Mrs?|Ms|Dr)\.|Miss".to_owned(),
        "randomNameSuffix" => "[A-Za-z.]{1,4}".to_owned(),
        "randomPhoneNumber" => r"\d{3}-\d{3}-\d{4}".to_owned(),
        "randomPhoneNumberExt" => r"\d{1,2}-\d{3}-\d{3}-\d{4}".to_owned(),
        "randomStreetAddress" => format!(r"\d{{4}} {NAME}"),
        "randomCountry" => r"[A-Z][\p{L}'’().,& -]*( 60 deg S\))?".to_owned(),
        "randomCountryCode" => "[A-Z]{2}".to_owned(),
        "randomLatitude" => r"-?\d{1,2}\.\d{4}".to_owned(),
        "randomLongitude" => r"-?\d{1,3}\.\d{4}".to_owned(),
        "randomAvatarImage" => r"https://avatars\.githubusercontent\.com/u/\d+".to_owned(),
        "randomImageUrl" => image.to_owned(),
        "randomImageDataUri" => r"data:image/svg\+xml;charset=UTF-8,%3Csvg[A-Za-z0-9%.]+%3E".to_owned(),
        name if name.ends_with("Image") => {
            format!("{image}/{}", name.trim_start_matches("random").trim_end_matches("Image").to_lowercase())
        }
        "randomBankAccount" => r"\d{8}".to_owned(),
        "randomBankAccountName" => format!("({TITLE} )+Account"),
        "randomCreditCardMask" => r"\d{4}".to_owned(),
        "randomBankAccountBic" => "[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?".to_owned(),
        "randomBankAccountIban" => r"(DE\d{20}|(AT|LT)\d{18})".to_owned(),
        "randomTransactionType" => "deposit|withdrawal|payment|invoice".to_owned(),
        "randomCurrencyCode" => "[A-Z]{3}".to_owned(),
        "randomCurrencySymbol" => r"[^\s\d]{1,3}".to_owned(),
        "randomBitcoin" => "[13][1-9A-HJ-NP-Za-km-z]{25,33}".to_owned(),
        "randomCompanySuffix" => "Inc|and Sons|LLC|Group".to_owned(),
        "randomDatabaseColumn" => "[a-z]+(At)?".to_owned(),
        "randomDatabaseCollation" => "[a-z0-9]+(_[a-z]+)+".to_owned(),
        "randomDatabaseEngine" => "[A-Za-z]+".to_owned(),
        "randomDateFuture" | "randomDatePast" | "randomDateRecent" => DATE.to_owned(),
        "randomWeekday" => format!("{TITLE}day"),
        "randomDomainName" => DOMAIN.to_owned(),
        "randomDomainSuffix" => "[a-z]{2,4}".to_owned(),
        "randomEmail" => format!("{USER}@{DOMAIN}"),
        "randomExampleEmail" => format!(r"{USER}@example\.(com|net|org)"),
        "randomUserName" => USER.to_owned(),
        "randomUrl" => format!("https?://{DOMAIN}"),
        "randomFileName" | "randomCommonFileName" => "[a-z]+_[a-z]+\\.[a-z0-9]+".to_owned(),
        "randomFileExt" | "randomCommonFileExt" => "[a-z0-9]{2,4}".to_owned(),
        "randomFilePath" => "(/[a-z]+)+/[a-z]+_[a-z]+\\.[a-z0-9]+".to_owned(),
        "randomDirectoryPath" => "(/[a-z]+)+".to_owned(),
        "randomMimeType" => r"[a-z]+/[A-Za-z0-9.+_-]+".to_owned(),
        "randomPrice" => r"\d{1,4}\.\d\d".to_owned(),
        "randomProductName" => format!("{TITLE} {TITLE} {TITLE}"),
        "randomWords" => format!("{WORD}( {WORD}){{1,4}}"),
        "randomPhrase" => "If we [a-z ]+, we can [a-z -]+ [A-Z]{3,4} [a-z]+!".to_owned(),
        "randomLoremWords" => format!("{WORD} {WORD} {WORD}"),
        "randomLoremSentence" => SENTENCE.to_owned(),
        "randomLoremSentences" => format!("{SENTENCE}( {SENTENCE}){{1,5}}"),
        "randomLoremParagraph" | "randomLoremText" => format!("{SENTENCE}( {SENTENCE})+"),
        "randomLoremParagraphs" => format!("{SENTENCE}( {SENTENCE})+(\n{SENTENCE}( {SENTENCE})+){{2}}"),
        "randomLoremSlug" => format!("{WORD}-{WORD}-{WORD}"),
        "randomLoremLines" => format!("{SENTENCE}(\n{SENTENCE}){{0,4}}"),
        "randomFirstName" | "randomLastName" | "randomCity" | "randomStreetName" | "randomFullName" => NAME.to_owned(),
        // Plain words, one or several.
        _ => r"[A-Za-z0-9][\p{L}0-9'’&/.,() -]*".to_owned(),
    }
}

fn made(name: &str, seed: u64) -> String {
    let value = value(name, Xoshiro256PlusPlus::seed_from_u64(seed), NOON).unwrap();
    super::super::postman::shown(&value).unwrap()
}

#[test]
fn every_name_yields_values_of_its_shape() {
    for name in names() {
        let shape = Regex::new(&format!("^(?:{})$", shape(name))).unwrap();
        for seed in 0..300 {
            let value = made(name, seed);
            assert!(shape.is_match(&value), "{name}: {value:?} does not fit {shape}");
        }
    }
}

#[test]
fn values_that_can_differ_do() {
    let same: Vec<&str> = names().filter(|name| (0..300).all(|seed| made(name, seed) == made(name, 0))).collect();
    let fixed = |name: &&str| name.ends_with("imestamp") || name.ends_with("Image") || *name == "randomImageUrl";
    assert!(same.iter().all(|name| fixed(name) && *name != "randomAvatarImage"), "{same:?}");
}

#[test]
fn there_are_118_names_and_a_dollar_sign_does_not_matter() {
    let mut sorted: Vec<&str> = names().collect();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), 118);
    assert!(is_known("$randomCity") && is_known("randomCity") && !is_known("$$randomCity") && !is_known("city"));
    assert_eq!(made("$randomCity", 5), made("randomCity", 5));
}

#[test]
fn dates_lie_where_they_say() {
    let date = |name: &str, seed: u64| {
        let text = made(name, seed);
        let text = text.trim_end_matches(" GMT+0000 (Coordinated Universal Time)");
        let at = jiff::civil::DateTime::strptime("%a %b %d %Y %H:%M:%S", text).unwrap();
        at.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_second() - NOON.as_secs() as i64
    };
    for seed in 0..300 {
        assert!((1..=YEAR).contains(&date("randomDateFuture", seed)));
        assert!((-YEAR..0).contains(&date("randomDatePast", seed)));
        assert!((-DAY..0).contains(&date("randomDateRecent", seed)));
    }
}

/// ISO 13616: moved to the end and letters counted from 10, the number leaves a rest of 1.
#[test]
fn account_numbers_have_sound_check_digits() {
    for seed in 0..300 {
        let iban = made("randomBankAccountIban", seed);
        let rest = format!("{}{}", &iban[4..], &iban[..4]).chars().fold(0, |rest, sign| {
            let value = sign.to_digit(36).unwrap();
            (rest * if value > 9 { 100 } else { 10 } + value) % 97
        });
        assert_eq!(rest, 1, "{iban}");
    }
}
