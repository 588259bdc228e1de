//! The judge of tests/judges/descriptors.

#[path = "../../../tests/judges/descriptors/stream.rs"]
mod stream;

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
