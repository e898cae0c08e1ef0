//! What made-up values are made with: a generator, the time, and makers of text.

use std::time::Duration;

use fake::Fake;
use fake::faker::{lorem, name, number};
use fake::locales::EN;
use minijinja::Value;
use rand::RngExt as _;
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::IndexedRandom as _;

use crate::stubs::template::functions::{formatted, moment};

/// What a value is made from.
pub(super) struct Throw {
    pub rng: Xoshiro256PlusPlus,
    pub now: Duration,
}

impl Throw {
    pub(super) fn one<T: Copy>(&mut self, list: &[T]) -> T {
        #[allow(clippy::expect_used)]
        *list.choose(&mut self.rng).expect("the lists of this file and of `words` are not empty")
    }

    pub(super) fn string(&mut self, faker: impl FakeText) -> String {
        faker.make(&mut self.rng)
    }

    pub(super) fn text(&mut self, faker: impl FakeText) -> Value {
        self.string(faker).into()
    }

    pub(super) fn each(&mut self, count: usize, between: &str, mut make: impl FnMut(&mut Throw) -> String) -> Value {
        (0..count).map(|_| make(self)).collect::<Vec<_>>().join(between).into()
    }

    pub(super) fn signs(&mut self, signs: &[u8], count: usize) -> Value {
        (0..count).map(|_| char::from(self.one(signs))).collect::<String>().into()
    }

    /// Digits for `#`, and for `^` all but zero.
    pub(super) fn digits(&mut self, form: &'static str) -> String {
        self.string(number::raw::NumberWithFormat(EN, form))
    }

    pub(super) fn words(&mut self, count: usize, between: &str) -> String {
        (0..count).map(|_| self.string(lorem::raw::Word(EN))).collect::<Vec<_>>().join(between)
    }

    pub(super) fn sentence(&mut self) -> String {
        let count = self.rng.random_range(3..11);
        let words = self.words(count, " ");
        let (first, rest) = words.split_at(1);
        format!("{}{rest}.", first.to_uppercase())
    }

    pub(super) fn sentences(&mut self, count: std::ops::Range<usize>, between: &str) -> String {
        let count = self.rng.random_range(count);
        (0..count).map(|_| self.sentence()).collect::<Vec<_>>().join(between)
    }

    /// A time that lies so many seconds later.
    pub(super) fn time(&mut self, format: &str, later: i64) -> Value {
        let seconds = self.now.as_secs().saturating_add_signed(later);
        let time = moment(seconds, self.now.subsec_millis());
        formatted(&time, format).unwrap_or_default()
    }

    /// A date within so many seconds from now, as JavaScript prints it.
    pub(super) fn date(&mut self, later: std::ops::RangeInclusive<i64>) -> Value {
        let later = self.rng.random_range(later);
        self.time("%a %b %d %Y %H:%M:%S GMT+0000 (Coordinated Universal Time)", later)
    }

    /// A last name as it may stand in a domain.
    pub(super) fn last_name(&mut self) -> String {
        plain(&self.string(name::raw::LastName(EN)))
    }
}

/// A maker of text of the library.
pub(super) trait FakeText {
    fn make(self, rng: &mut Xoshiro256PlusPlus) -> String;
}

impl<F> FakeText for F
where
    String: fake::Dummy<F>,
{
    fn make(self, rng: &mut Xoshiro256PlusPlus) -> String {
        self.fake_with_rng(rng)
    }
}

/// A name as it may stand in a domain or an address: its letters and digits, in lower case.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}
