//! Answers that say something else: reads that lag behind, and patches.

use jiff::Timestamp;
use serde_json::{Value, json};

/// What a read answers that lags behind.
#[derive(Debug, PartialEq)]
pub(super) enum Stale {
    /// This instead.
    Body(Value),
    /// The thing itself isn't there yet.
    Missing,
}

/// The answer without what was made after `newest`: a list lacks such items,
/// and such a thing is missing. What is no JSON stays as it is (`None`).
pub(super) fn hide(answer: &[u8], newest: Timestamp) -> Option<Stale> {
    let mut answer: Value = serde_json::from_slice(answer).ok()?;
    if is_younger(&answer, newest) {
        return Some(Stale::Missing);
    }
    for field in answer.as_object_mut()?.values_mut() {
        if let Value::Array(items) = field {
            items.retain(|item| !is_younger(item, newest));
        }
    }
    Some(Stale::Body(answer))
}

fn is_younger(thing: &Value, newest: Timestamp) -> bool {
    let made = thing["createdAt"].as_str();
    let made = made.and_then(|text| text.parse::<Timestamp>().ok());
    made.is_some_and(|made| made > newest)
}

/// Applies a JSON merge patch (RFC 7396).
pub(super) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, change) in fields {
        if change.is_null() {
            if let Some(target) = target.as_object_mut() {
                target.remove(name);
            }
        } else {
            merge(&mut target[name], change);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_young_is_in_no_list_and_can_not_be_read() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let thing = |second: i64| json!({ "id": "a", "createdAt": at(second).to_string() });
        let seen = |answer: &Value| hide(answer.to_string().as_bytes(), at(10));
        assert_eq!(seen(&thing(11)), Some(Stale::Missing));
        assert_eq!(seen(&thing(10)), Some(Stale::Body(thing(10))));
        let list = json!({ "things": [thing(9), thing(12)], "nextPageToken": "t" });
        let older = json!({ "things": [thing(9)], "nextPageToken": "t" });
        assert_eq!(seen(&list), Some(Stale::Body(older)));
        assert_eq!(hide(b"text", at(10)), None);
    }
}
