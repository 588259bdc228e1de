//! The judge of tests/judges/descriptors.

#[path = "../../../tests/judges/descriptors/stream.rs"]
mod stream;

use serde::Deserialize;
use serde_json::{Value, json};

pub(crate) use stream::assert_fits;

/// Requests that are wrong in one thing each, made of a good one; each with what
/// is wrong.
pub(crate) fn violations(method: &str, path: &str, good: &Value) -> Vec<(String, Value)> {
    let question = json!({ "method": method, "path": path, "body": good });
    let answers: Vec<Value> = stream::ask(&question);
    let pair = |answer: &Value| {
        let rule = answer["rule"].as_str().unwrap().to_owned();
        (rule, answer["body"].clone())
    };
    answers.iter().map(pair).collect()
}

/// A method of the API under one of its HTTP bindings.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Method {
    pub(crate) service: String,
    #[serde(rename = "method")]
    pub(crate) name: String,
    /// Of HTTP.
    pub(crate) verb: String,
    /// With the names of the request's fields in braces.
    pub(crate) path: String,
}

/// All methods whose paths begin with one of these.
pub(crate) fn methods(below: &[&str]) -> Vec<Method> {
    stream::ask(&json!({ "below": below }))
}
