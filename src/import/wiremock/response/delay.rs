//! How long an answer takes.

use super::Remark;
use crate::file::leaf::Span;
use crate::file::read::At;
use crate::file::{DelayTable, DelayValue};
use crate::import::json::Object;

/// The delay; distributions that ours does not have become a fixed one.
pub(super) fn delay<'t>(response: &Object<'t>, lost: &mut Vec<Remark<'t>>) -> Option<DelayValue> {
    let fixed = |millis: f64| DelayValue::Fixed(span(millis));
    let number = |object: &Object<'t>, key: &str| {
        object.scalar(key).and_then(|text| text.parse::<f64>().ok()).filter(|n| n.is_finite() && *n >= 0.0)
    };
    let mut delay = number(response, "fixedDelayMilliseconds").filter(|millis| *millis > 0.0).map(fixed);
    if let Some(node) = response.get("delayDistribution") {
        let object = Object::of(node);
        let kind = object.text("type").unwrap_or_default();
        let of = |key: &str| number(&object, key);
        delay = match (&*kind, of("lower").zip(of("upper"))) {
            ("uniform", Some((lower, upper))) if lower <= upper => {
                let at = |millis: f64| Some(At { value: span(millis), place: node.place() });
                Some(DelayValue::Range(DelayTable { min: at(lower), max: at(upper) }))
            }
            ("fixed", _) => of("milliseconds").map(fixed),
            ("lognormal", _) => {
                let what = "answers after its median delay: there is no such distribution";
                lost.push((node, what, format!("`{kind}`")));
                of("median").map(fixed)
            }
            _ => {
                lost.push((node, "answers without its delay: no such distribution is known", format!("`{kind}`")));
                delay
            }
        };
    }
    if let Some(node) = response.get("chunkedDribbleDelay") {
        let total = number(&Object::of(node), "totalDuration");
        lost.push((node, "answers as a whole, after the time that its chunks would take", String::new()));
        delay = delay.or(total.map(fixed));
    }
    delay
}

/// At most a day: what is longer is a mistake, and no delay is longer than `limits.delay`.
fn span(millis: f64) -> Span {
    Span(std::time::Duration::from_millis(millis.clamp(0.0, 86_400_000.0) as u64))
}
