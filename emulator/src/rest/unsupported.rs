//! Documented fields that the emulator lacks: refused by name, with what to do
//! instead. Fields that nobody documented are refused when a body is parsed.

use serde_json::Value;

use crate::error::Status;

/// A documented field that is lacking.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lacking {
    /// Its path in the request.
    pub(super) path: &'static str,
    /// What to do instead.
    pub(super) instead: &'static str,
    /// Members of the same oneof that are supported: a request that sets one of
    /// them too is a wrong one, which parsing it tells.
    pub(super) beside: &'static [&'static str],
}

/// `UNIMPLEMENTED` for the first of these fields that a request sets. A body
/// that isn't JSON sets none: parsing it tells what is wrong.
pub(super) fn refuse(body: &[u8], lacking: &[Lacking]) -> Result<(), Status> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let set = lacking.iter().find(|field| {
        is_set(&body, field.path) && !field.beside.iter().any(|path| is_set(&body, path))
    });
    match set {
        None => Ok(()),
        Some(Lacking { path, instead, .. }) => Err(Status::unimplemented(format!(
            "The emulator doesn't support {path}: {instead}"
        ))),
    }
}

fn is_set(body: &Value, path: &str) -> bool {
    let value = path
        .split('.')
        .try_fold(body, |value, part| value.get(part));
    value.is_some_and(|value| !is_default(value))
}

/// What a client may as well leave out.
fn is_default(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(set) => !set,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty() || text == "0",
        Value::Array(list) => list.is_empty(),
        // An empty message is a set one.
        Value::Object(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Lacking, refuse};
    use crate::error::Code;

    const LACKING: [Lacking; 2] = [
        Lacking {
            path: "tmpfsSize",
            instead: "leave it out",
            beside: &[],
        },
        Lacking {
            path: "rule.timer",
            instead: "use rule.dataStream",
            beside: &["rule.dataStream"],
        },
    ];

    #[test]
    fn a_documented_field_that_is_lacking_is_refused_by_its_name() {
        let refused = refuse(br#"{"rule":{"timer":{}}}"#, &LACKING).unwrap_err();
        assert_eq!(refused.code, Code::Unimplemented);
        assert!(
            refused.message.contains("rule.timer"),
            "{}",
            refused.message
        );
        assert!(refuse(br#"{"tmpfsSize":"5"}"#, &LACKING).is_err());
    }

    #[test]
    fn what_is_left_out_or_at_its_default_passes() {
        for body in ["", "no JSON", r#"{"tmpfsSize":"0"}"#, r#"{"rule":{}}"#] {
            assert!(refuse(body.as_bytes(), &LACKING).is_ok(), "{body}");
        }
    }

    #[test]
    fn two_members_of_a_oneof_are_left_to_who_parses_it() {
        let both = br#"{"rule":{"timer":{},"dataStream":{}}}"#;
        assert!(refuse(both, &LACKING).is_ok());
    }
}
