//! Which of several representations a caller prefers: `Accept` (RFC 9110, section 12.5.1).

use super::request::RequestView;

/// Something that can be sent in place of something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its media type.
    pub media: Media,
    /// The number of the scenario that sends it.
    pub scenario: u32,
}

/// A media type, or a range of them, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    kind: Box<str>,
    subtype: Box<str>,
    parameters: Box<[(Box<str>, Box<str>)]>,
}

/// A range of an `Accept` field.
struct Range {
    media: Media,
    /// How much it is liked, in thousandths.
    quality: u16,
}

impl Media {
    /// Reads `type/subtype;name=value`; none where it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = split(text, ';');
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let lower = |text: &str| text.trim().to_ascii_lowercase().into_boxed_str();
        let parameter = |part: &str| {
            let (name, value) = part.split_once('=')?;
            Some((lower(name), lower(value.trim().trim_matches('"'))))
        };
        let (kind, subtype) = (lower(kind), lower(subtype));
        let parameters = parts.filter_map(parameter).collect();
        (!kind.is_empty() && !subtype.is_empty()).then_some(Media { kind, subtype, parameters })
    }

    /// Whether both are the same type, whatever their parameters.
    pub fn is_like(&self, other: &Media) -> bool {
        self.kind == other.kind && self.subtype == other.subtype
    }

    /// How closely a range fits, if it does: the greater, the closer.
    fn closeness(&self, range: &Media) -> Option<usize> {
        let closeness = match (&*range.kind, &*range.subtype) {
            ("*", "*") => 0,
            (kind, "*") if kind == &*self.kind => 1,
            (kind, subtype) if kind == &*self.kind && subtype == &*self.subtype => 2,
            _ => return None,
        };
        let fits = range.parameters.iter().all(|parameter| self.parameters.contains(parameter));
        fits.then_some(closeness + range.parameters.len())
    }
}

/// The scenario whose type the caller likes best; of several the first. Without `Accept`, and where nothing is liked, it is
/// the first of all.
pub fn preferred(offers: &[Offer], view: &RequestView<'_>) -> Option<u32> {
    let mut best = offers.first()?;
    let mut ranges: Vec<Range> = Vec::new();
    for field in view.header_values("accept") {
        let Ok(field) = std::str::from_utf8(field) else { continue };
        ranges.extend(split(field, ',').filter_map(range));
    }
    let quality = |offer: &Offer| {
        let fitting = ranges.iter().filter_map(|range| Some((offer.media.closeness(&range.media)?, range.quality)));
        fitting.max_by_key(|(closeness, _)| *closeness).map_or(0, |(_, quality)| quality)
    };
    let mut most = quality(best);
    for offer in &offers[1..] {
        let quality = quality(offer);
        if quality > most {
            (best, most) = (offer, quality);
        }
    }
    Some(best.scenario)
}

fn range(text: &str) -> Option<Range> {
    let mut media = Media::parse(text)?;
    let at = media.parameters.iter().position(|(name, _)| &**name == "q");
    let quality = match at {
        None => 1000,
        Some(at) => {
            let value: f32 = media.parameters[at].1.parse().ok()?;
            // What stands behind the quality is no parameter of the type.
            media.parameters = media.parameters[..at].into();
            if !(0.0..=1.0).contains(&value) {
                return None;
            }
            (value * 1000.0).round() as u16
        }
    };
    Some(Range { media, quality })
}

/// The parts of a field value; a sign in quotes parts nothing.
pub(super) fn split(text: &str, sign: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c| {
        let was_escaped = std::mem::take(&mut escaped);
        match c {
            '\\' if quoted && !was_escaped => escaped = true,
            '"' if !was_escaped => quoted = !quoted,
            _ => {}
        }
        c == sign && !quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stubs::request::{BodyView, HeaderField};

    fn chosen(accept: &[&str]) -> u32 {
        let offer =
            |(scenario, media): (usize, &str)| Offer { media: Media::parse(media).unwrap(), scenario: scenario as u32 };
        let types = ["application/json", "application/xml", "text/csv; charset=utf-8", "text/csv; header=present"];
        let offers: Vec<Offer> = types.into_iter().enumerate().map(offer).collect();
        let headers: Vec<HeaderField<'_>> =
            accept.iter().map(|value| HeaderField { name: "Accept", value: value.as_bytes() }).collect();
        let view = RequestView::new("GET", b"/", &headers, BodyView::Whole(b"")).unwrap();
        preferred(&offers, &view).unwrap()
    }

    #[test]
    fn the_type_that_is_liked_best_is_chosen_and_of_equals_the_first() {
        for (accept, number) in [
            (&[][..], 0),
            (&["*/*"], 0),
            (&["image/png"], 0),
            (&["application/xml"], 1),
            (&["APPLICATION/XML ; q=0.2"], 1),
            (&["application/xml, application/json"], 0),
            (&["application/xml;q=0.9, application/json;q=0.8"], 1),
            (&["application/json;q=0.1", "application/xml;q=0.5"], 1),
            (&["text/html, application/xml;q=0.9, */*;q=0.8"], 1),
            (&["application/json;q=0, */*"], 1),
            (&["text/*"], 2),
            (&["text/csv;header=present, text/csv;q=0.1"], 3),
            (&["text/csv;header=\"present\""], 3),
            (&["application/xml;q=2"], 0),
            (&["nonsense, application/xml"], 1),
            (&["x/y;a=\"b, application/json\", application/xml"], 1),
        ] {
            assert_eq!(chosen(accept), number, "{accept:?}");
        }
    }
}
