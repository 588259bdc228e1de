//! JSON merge patches (RFC 7386): what to send so that one document becomes
//! another, and what a document is after a patch.

use serde_json::{Map, Value};

/// The patch that turns `old` into `new`; nothing when they are equal.
pub(crate) fn diff(old: &Value, new: &Value) -> Option<Value> {
    if old == new {
        return None;
    }
    let (Value::Object(before), Value::Object(after)) = (old, new) else {
        return Some(new.clone());
    };
    let mut patch = Map::new();
    for key in before.keys().filter(|key| !after.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    for (key, value) in after {
        let change = match before.get(key) {
            Some(old) => diff(old, value),
            None => Some(value.clone()),
        };
        if let Some(change) = change {
            patch.insert(key.clone(), change);
        }
    }
    Some(Value::Object(patch))
}

/// Carries out `patch` on `target`.
pub fn apply(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    if let Value::Object(fields) = target {
        for (key, change) in changes {
            if change.is_null() {
                fields.remove(key);
            } else {
                apply(fields.entry(key.clone()).or_insert(Value::Null), change);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_patch_leads_from_one_document_to_the_other() {
        let documents = [
            json!({}),
            json!({ "url": "ws://a", "resources": { "topic": { "id": "1", "operation": "x" } } }),
            json!({ "resources": { "topic": { "id": "1" }, "trigger": {} } }),
            json!({ "conditions": [{ "type": "Ready" }], "resources": {} }),
        ];
        for old in &documents {
            for new in &documents {
                let mut result = old.clone();
                if let Some(patch) = diff(old, new) {
                    apply(&mut result, &patch);
                }
                assert_eq!(&result, new, "from {old}");
            }
        }
    }

    #[test]
    fn equal_documents_need_no_patch() {
        let document = json!({ "a": { "b": [1, 2] } });
        assert_eq!(diff(&document, &document), None);
    }

    #[test]
    fn only_what_differs_is_sent() {
        let patch = diff(
            &json!({ "a": 1, "b": { "c": 2, "d": 3 } }),
            &json!({ "b": { "c": 2 } }),
        );
        assert_eq!(patch, Some(json!({ "a": null, "b": { "d": null } })));
    }
}
