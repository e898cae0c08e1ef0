//! Made-up data by Postman's 118 names (reference, section 4.2): the same shapes, other words.

mod throw;

use std::time::Duration;

use fake::faker::{address, company, currency, filesystem, finance, internet, job, lorem, name};
use fake::locales::EN;
use minijinja::Value;
use rand::RngExt as _;
use rand::rngs::Xoshiro256PlusPlus;

use super::functions::uuid;
use super::words::*;
use throw::{Throw, plain};

/// Makes the value of a name, with or without a dollar sign before it; `None` for a name that is none.
pub(super) fn value(name: &str, rng: Xoshiro256PlusPlus, now: Duration) -> Option<Value> {
    let name = bare(name);
    let (_, make) = NAMES.iter().find(|(own, _)| *own == name)?;
    Some(make(&mut Throw { rng, now }))
}

/// Whether there is such a name.
pub fn is_known(name: &str) -> bool {
    NAMES.iter().any(|(own, _)| *own == bare(name))
}

/// All names, without dollar signs.
pub fn names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().map(|(name, _)| *name)
}

fn bare(name: &str) -> &str {
    name.strip_prefix('$').unwrap_or(name)
}

type Maker = fn(&mut Throw) -> Value;

/// The names in Postman's order.
const NAMES: [(&str, Maker); 118] = [
    ("guid", |t| uuid(&mut t.rng).into()),
    ("timestamp", |t| t.now.saturating_add(Duration::from_millis(500)).as_secs().into()),
    ("isoTimestamp", |t| t.time("%Y-%m-%dT%H:%M:%S.%3fZ", 0)),
    ("randomUUID", |t| uuid(&mut t.rng).into()),
    ("randomAlphaNumeric", |t| t.signs(b"0123456789abcdefghijklmnopqrstuvwxyz", 1)),
    ("randomBoolean", |t| t.rng.random::<bool>().into()),
    ("randomInt", |t| t.rng.random_range(0..=1000).into()),
    ("randomColor", |t| t.one(COLORS).into()),
    ("randomHexColor", |t| format!("#{:06x}", t.rng.random_range(0..1 << 24)).into()),
    ("randomAbbreviation", |t| t.one(ABBREVIATIONS).into()),
    ("randomIP", |t| t.text(internet::raw::IPv4(EN))),
    ("randomIPV6", |t| t.each(8, ":", |t| format!("{:04x}", t.rng.random::<u16>()))),
    ("randomMACAddress", |t| t.each(6, ":", |t| format!("{:02x}", t.rng.random::<u8>()))),
    ("randomPassword", |t| t.text(internet::raw::Password(EN, 15..16))),
    ("randomLocale", |t| t.one(LOCALES).into()),
    ("randomUserAgent", |t| t.text(internet::raw::UserAgent(EN))),
    ("randomProtocol", |t| t.one(&["http", "https"]).into()),
    ("randomSemver", |t| t.each(3, ".", |t| t.rng.random_range(0..10).to_string())),
    ("randomFirstName", |t| t.text(name::raw::FirstName(EN))),
    ("randomLastName", |t| t.text(name::raw::LastName(EN))),
    ("randomFullName", |t| t.text(name::raw::Name(EN))),
    ("randomNamePrefix", |t| t.text(name::raw::Title(EN))),
    ("randomNameSuffix", |t| t.text(name::raw::Suffix(EN))),
    ("randomJobArea", |t| t.text(job::raw::Field(EN))),
    ("randomJobDescriptor", |t| t.text(job::raw::Seniority(EN))),
    ("randomJobTitle", |t| t.text(job::raw::Title(EN))),
    ("randomJobType", |t| t.text(job::raw::Position(EN))),
    ("randomPhoneNumber", |t| t.digits("^##-^##-####").into()),
    ("randomPhoneNumberExt", |t| format!("{}-{}", t.rng.random_range(1..100), t.digits("^##-^##-####")).into()),
    ("randomCity", |t| t.text(address::raw::CityName(EN))),
    ("randomStreetName", |t| t.text(address::raw::StreetName(EN))),
    ("randomStreetAddress", |t| format!("{} {}", t.digits("^###"), t.string(address::raw::StreetName(EN))).into()),
    ("randomCountry", |t| t.text(address::raw::CountryName(EN))),
    ("randomCountryCode", |t| t.text(address::raw::CountryCode(EN))),
    ("randomLatitude", |t| format!("{:.4}", t.rng.random_range(-90.0..=90.0)).into()),
    ("randomLongitude", |t| format!("{:.4}", t.rng.random_range(-180.0..=180.0)).into()),
    ("randomAvatarImage", |t| {
        format!("https://avatars.githubusercontent.com/u/{}", t.rng.random_range(1..100_000_000)).into()
    }),
    ("randomImageUrl", |_| image("")),
    ("randomAbstractImage", |_| image("/abstract")),
    ("randomAnimalsImage", |_| image("/animals")),
    ("randomBusinessImage", |_| image("/business")),
    ("randomCatsImage", |_| image("/cats")),
    ("randomCityImage", |_| image("/city")),
    ("randomFoodImage", |_| image("/food")),
    ("randomNightlifeImage", |_| image("/nightlife")),
    ("randomFashionImage", |_| image("/fashion")),
    ("randomPeopleImage", |_| image("/people")),
    ("randomNatureImage", |_| image("/nature")),
    ("randomSportsImage", |_| image("/sports")),
    ("randomTransportImage", |_| image("/transport")),
    ("randomImageDataUri", |t| {
        let color = t.one(COLORS);
        let size = "width%3D%22640%22%20height%3D%22480%22";
        format!(
            "data:image/svg+xml;charset=UTF-8,%3Csvg%20xmlns%3D%22http%3A%2F%2Fwww.w3.org%2F2000%2Fsvg%22%20{size}%3E\
             %3Crect%20{size}%20fill%3D%22{color}%22%2F%3E%3C%2Fsvg%3E"
        )
        .into()
    }),
    ("randomBankAccount", |t| t.digits("########").into()),
    ("randomBankAccountName", |t| t.one(ACCOUNTS).into()),
    ("randomCreditCardMask", |t| t.digits("####").into()),
    ("randomBankAccountBic", |t| t.text(finance::raw::Bic(EN))),
    ("randomBankAccountIban", |t| iban(t).into()),
    ("randomTransactionType", |t| t.one(TRANSACTIONS).into()),
    ("randomCurrencyCode", |t| t.text(currency::raw::CurrencyCode(EN))),
    ("randomCurrencyName", |t| t.text(currency::raw::CurrencyName(EN))),
    ("randomCurrencySymbol", |t| t.text(currency::raw::CurrencySymbol(EN))),
    ("randomBitcoin", |t| {
        let length = t.rng.random_range(25..34);
        let rest = t.signs(b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", length);
        format!("{}{rest}", t.one(&["1", "3"])).into()
    }),
    ("randomCompanyName", |t| t.text(company::raw::CompanyName(EN))),
    ("randomCompanySuffix", |t| t.text(company::raw::CompanySuffix(EN))),
    ("randomBs", |t| t.text(company::raw::Bs(EN))),
    ("randomBsAdjective", |t| t.text(company::raw::BsAdj(EN))),
    ("randomBsBuzz", |t| t.text(company::raw::BsVerb(EN))),
    ("randomBsNoun", |t| t.text(company::raw::BsNoun(EN))),
    ("randomCatchPhrase", |t| t.text(company::raw::CatchPhrase(EN))),
    ("randomCatchPhraseAdjective", |t| t.text(company::raw::Buzzword(EN))),
    ("randomCatchPhraseDescriptor", |t| t.text(company::raw::BuzzwordMiddle(EN))),
    ("randomCatchPhraseNoun", |t| t.text(company::raw::BuzzwordTail(EN))),
    ("randomDatabaseColumn", |t| t.one(COLUMNS).into()),
    ("randomDatabaseType", |t| t.one(COLUMN_TYPES).into()),
    ("randomDatabaseCollation", |t| t.one(COLLATIONS).into()),
    ("randomDatabaseEngine", |t| t.one(ENGINES).into()),
    ("randomDateFuture", |t| t.date(1..=YEAR)),
    ("randomDatePast", |t| t.date(-YEAR..=-1)),
    ("randomDateRecent", |t| t.date(-DAY..=-1)),
    ("randomWeekday", |t| t.one(WEEKDAYS).into()),
    ("randomMonth", |t| t.one(MONTHS).into()),
    ("randomDomainName", |t| domain(t).into()),
    ("randomDomainSuffix", |t| t.text(internet::raw::DomainSuffix(EN))),
    ("randomDomainWord", |t| t.last_name().into()),
    ("randomEmail", |t| format!("{}@{}", user(t), t.string(internet::raw::FreeEmailProvider(EN))).into()),
    ("randomExampleEmail", |t| format!("{}@example.{}", user(t), t.one(&["com", "net", "org"])).into()),
    ("randomUserName", |t| user(t).into()),
    ("randomUrl", |t| format!("{}://{}", t.one(&["http", "https"]), domain(t)).into()),
    ("randomFileName", |t| format!("{}.{}", t.words(2, "_"), t.one(EXTENSIONS)).into()),
    ("randomFileType", |t| t.one(&["application", "audio", "font", "image", "model", "text", "video"]).into()),
    ("randomFileExt", |t| t.one(EXTENSIONS).into()),
    ("randomCommonFileName", |t| format!("{}.{}", t.words(2, "_"), t.one(COMMON_FILES).1).into()),
    ("randomCommonFileType", |t| t.one(COMMON_FILES).0.into()),
    ("randomCommonFileExt", |t| t.one(COMMON_FILES).1.into()),
    ("randomFilePath", |t| format!("{}/{}.{}", t.one(DIRECTORIES), t.words(2, "_"), t.one(EXTENSIONS)).into()),
    ("randomDirectoryPath", |t| t.one(DIRECTORIES).into()),
    ("randomMimeType", |t| t.text(filesystem::raw::MimeType(EN))),
    ("randomPrice", |t| format!("{:.2}", f64::from(t.rng.random_range(0..=100_000)) / 100.0).into()),
    ("randomProduct", |t| t.one(PRODUCTS).into()),
    ("randomProductAdjective", |t| t.one(QUALITIES).into()),
    ("randomProductMaterial", |t| t.one(MATERIALS).into()),
    ("randomProductName", |t| format!("{} {} {}", t.one(QUALITIES), t.one(MATERIALS), t.one(PRODUCTS)).into()),
    ("randomDepartment", |t| t.one(DEPARTMENTS).into()),
    ("randomNoun", |t| t.one(NOUNS).into()),
    ("randomVerb", |t| t.one(VERBS).0.into()),
    ("randomIngverb", |t| t.one(VERBS).1.into()),
    ("randomAdjective", |t| t.one(ADJECTIVES).into()),
    ("randomWord", |t| t.one(NOUNS).into()),
    ("randomWords", |t| {
        let count = t.rng.random_range(2..=5);
        t.each(count, " ", |t| t.one(NOUNS).to_owned())
    }),
    ("randomPhrase", |t| {
        let (noun, verb, other) = (t.one(NOUNS), t.one(VERBS).0, t.one(VERBS).0);
        let (quality, goal) = (t.one(ADJECTIVES), t.one(NOUNS));
        format!("If we {verb} the {noun}, we can {other} the {quality} {} {goal}!", t.one(ABBREVIATIONS)).into()
    }),
    ("randomLoremWord", |t| t.text(lorem::raw::Word(EN))),
    ("randomLoremWords", |t| t.words(3, " ").into()),
    ("randomLoremSentence", |t| t.sentence().into()),
    ("randomLoremSentences", |t| t.sentences(2..7, " ").into()),
    ("randomLoremParagraph", |t| t.sentences(3..7, " ").into()),
    ("randomLoremParagraphs", |t| t.each(3, "\n", |t| t.sentences(3..7, " "))),
    ("randomLoremText", |t| t.sentences(3..7, " ").into()),
    ("randomLoremSlug", |t| t.words(3, "-").into()),
    ("randomLoremLines", |t| t.sentences(1..6, "\n").into()),
];

const DAY: i64 = 86_400;
const YEAR: i64 = 365 * DAY;

fn domain(t: &mut Throw) -> String {
    format!("{}.{}", t.last_name(), t.string(internet::raw::DomainSuffix(EN)))
}

fn user(t: &mut Throw) -> String {
    let first = plain(&t.string(name::raw::FirstName(EN)));
    match t.rng.random_range(0..3) {
        0 => format!("{first}{}", t.rng.random_range(1..100)),
        1 => format!("{first}.{}", t.last_name()),
        _ => format!("{first}_{}{}", t.last_name(), t.rng.random_range(1..100)),
    }
}

fn image(kind: &str) -> Value {
    format!("https://loremflickr.com/640/480{kind}").into()
}

/// An account number of a country whose numbers are digits only, with its check digits (ISO 13616).
fn iban(t: &mut Throw) -> String {
    let (country, form) =
        t.one(&[("DE", "##################"), ("AT", "################"), ("LT", "################")]);
    let account = t.digits(form);
    // The letters count from A = 10, and the number with 98 minus the rest divides by 97 with a rest of 1.
    let letters: String = country.bytes().map(|letter| (letter - b'A' + 10).to_string()).collect();
    let rest =
        format!("{account}{letters}00").bytes().fold(0, |rest: u32, digit| (rest * 10 + u32::from(digit - b'0')) % 97);
    format!("{country}{:02}{account}", 98 - rest)
}

#[cfg(test)]
mod tests;
