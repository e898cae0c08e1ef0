//! JSON compared by value.

use serde_json::Value;
use smallvec::SmallVec;

use super::number::Number;

/// Equality of JSON by value: 1 equals 1.0, the order of members does not count.
pub fn json_equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => numbers_equal(a, b),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| json_equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| json_equal(a, b)))
        }
        (a, b) => a == b,
    }
}

fn numbers_equal(a: &serde_json::Number, b: &serde_json::Number) -> bool {
    Number::from_json(a) == Number::from_json(b)
}

/// Whether every member of `part` is in `whole`; of arrays, element by element in order.
pub fn json_contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(key, part)| whole.get(key).is_some_and(|whole| json_contains(whole, part)))
        }
        (Value::Array(whole), Value::Array(part)) => {
            let mut rest = whole.iter();
            part.iter().all(|part| rest.any(|whole| json_contains(whole, part)))
        }
        (whole, part) => json_equal(whole, part),
    }
}

/// A form of a JSON scalar in which equal values are equal bytes; the key of the index.
pub fn scalar_key(value: &Value) -> Option<SmallVec<[u8; 32]>> {
    let mut key = SmallVec::new();
    match value {
        Value::String(text) => {
            key.push(b's');
            key.extend_from_slice(text.as_bytes());
        }
        Value::Number(number) => match Number::from_json(number)? {
            Number::Whole(whole) => {
                key.push(b'i');
                key.extend_from_slice(&whole.to_le_bytes());
            }
            Number::Float(float) => {
                key.push(b'f');
                key.extend_from_slice(&float.to_bits().to_le_bytes());
            }
        },
        Value::Bool(value) => key.push(if *value { b't' } else { b'n' }),
        Value::Null => key.push(b'0'),
        Value::Array(_) | Value::Object(_) => return None,
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_is_compared_by_value() {
        assert!(json_equal(&json!(1), &json!(1.0)));
        assert!(!json_equal(&json!(9_007_199_254_740_993_i64), &json!(9_007_199_254_740_992.0)));
        assert!(json_equal(&json!({"a": 1, "b": [2]}), &json!({"b": [2.0], "a": 1})));
        assert!(!json_equal(&json!("1"), &json!(1)));
        assert_eq!(scalar_key(&json!(1)), scalar_key(&json!(1.0)));
        assert_ne!(scalar_key(&json!("1")), scalar_key(&json!(1)));
        assert_eq!(scalar_key(&json!(u64::MAX)), scalar_key(&json!(u64::MAX)));
    }

    #[test]
    fn subset_takes_members_and_elements_in_order() {
        let whole = json!({"a": [1, {"x": 1, "y": 2}, 3], "b": null});
        for (part, expected) in [
            (json!({}), true),
            (json!({"a": [1, 3]}), true),
            (json!({"a": [3, 1]}), false),
            (json!({"a": [{"y": 2}]}), true),
            (json!({"b": null}), true),
            (json!({"c": null}), false),
            (json!([]), false),
        ] {
            assert_eq!(json_contains(&whole, &part), expected, "{part}");
        }
    }
}
