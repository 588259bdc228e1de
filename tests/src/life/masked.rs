//! Texts without what differs between any two runs, so that they can be
//! compared: ids, hashes, times and ports.

use jiff::Timestamp;
use serde_json::Value;

/// The same value with all of its texts masked.
pub(super) fn masked(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(masked_text(&text)),
        Value::Array(values) => values.into_iter().map(masked).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, masked(value)))
            .collect(),
        other => other,
    }
}

/// The same text with `*` for what differs.
pub(super) fn masked_text(text: &str) -> String {
    let is_of_words = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.');
    let mut result = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_of_words(c)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        if word.parse::<Timestamp>().is_ok() {
            result.push('*');
        } else {
            result.push_str(&masked_parts(word));
        }
        let next = behind.chars().next();
        result.extend(next);
        rest = behind
            .get(next.map_or(0, char::len_utf8)..)
            .unwrap_or_default();
    }
    result
}

/// A word with `*` for each part of it that is an id, a hash or a port.
fn masked_parts(word: &str) -> String {
    let parts = word.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
    let masked = parts.map(|part| {
        let core = part.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let end = part.get(core.len()..).unwrap_or_default();
        format!("{}{end}", if differs(core) { "*" } else { core })
    });
    masked.collect()
}

/// Ids have 20 characters, hashes 16, and ports five digits, as chosen by the
/// system.
fn differs(part: &str) -> bool {
    let all = |is: fn(&u8) -> bool| part.as_bytes().iter().all(is);
    match part.len() {
        20 => all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()),
        16 => all(u8::is_ascii_hexdigit),
        5 => all(u8::is_ascii_digit),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_differs_is_masked_and_what_says_something_is_not() {
        for (text, wanted) in [
            (
                r#"topic {"path":"/ru-central1/b1g/etn0123456789abcdefg/t"}"#,
                r#"topic {"path":"/ru-central1/b1g/*/t"}"#,
            ),
            ("http://127.0.0.1:43210/ws", "http://127.0.0.1:*/ws"),
            (
                r#"{"createdAt":"2026-11-28T03:22:10.123Z","a":1}"#,
                r#"{"createdAt":"*","a":1}"#,
            ),
            ("wschat 0123456789abcdef", "wschat *"),
            (
                "268435456 bytes, lobby-0a1b2c3d",
                "268435456 bytes, lobby-0a1b2c3d",
            ),
            ("", ""),
            ("я: a", "я: a"),
        ] {
            assert_eq!(masked_text(text), wanted);
        }
        let value = json!({ "a": ["2026-11-28T03:22:10Z", 5] });
        assert_eq!(masked(value), json!({ "a": ["*", 5] }));
    }
}
