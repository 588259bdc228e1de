//! The health event: a new version says itself whether it would serve.

use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

use yandex_cloud_rest::model::version::LATEST;

use super::function::Function;
use crate::context::Pass;
use crate::error::StepError;

/// What the handler answers.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    ok: bool,
    checks: BTreeMap<String, String>,
}

/// Asks the newest version how it is. When it can't be asked, it may be remembered
/// wrongly where that is done.
pub(crate) async fn check(pass: &Pass<'_>, function: &Function) -> Result<(), StepError> {
    let event = json!({ "wschat": "health" });
    let answer = pass
        .context
        .cloud
        .invoke(&function.invoke_url, LATEST, &event)
        .await
        .map_err(|source| {
            pass.doubt();
            StepError::Health {
                function: function.id.clone(),
                source,
            }
        })?;
    judge(&answer).map_err(|problem| StepError::Unhealthy {
        function: function.id.clone(),
        problem,
    })
}

/// Whether the answer is a good one, and otherwise what it complains of (pure).
fn judge(answer: &Value) -> Result<(), String> {
    let Ok(parsed) = Answer::deserialize(answer) else {
        return Err(format!("it answered {answer}"));
    };
    if parsed.ok {
        return Ok(());
    }
    let complaints: Vec<String> = parsed
        .checks
        .iter()
        .filter(|(_, result)| *result != "ok")
        .map(|(check, result)| format!("{check}: {result}"))
        .collect();
    let complaints = if complaints.is_empty() {
        answer.to_string()
    } else {
        complaints.join("; ")
    };
    Err(complaints)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_good_answer_is_good() {
        let ok = json!({ "ok": true, "version": "0.1.0", "checks": { "database": "ok" } });
        assert!(judge(&ok).is_ok());
        for bad in [json!({}), json!(null), json!({ "errorMessage": "boom" })] {
            assert!(judge(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_complaint_is_told() {
        let bad = json!({ "ok": false, "checks": { "database": "no table", "topic": "ok" } });
        assert_eq!(judge(&bad).unwrap_err(), "database: no table");
    }
}
