//! Fault rules for functions: calls that fail or happen twice.

use serde_json::Value;

use super::InvokeError;
use crate::inspect::faults::{Content, Phase};
use crate::inspect::{Call, Inspector, Verdict};

/// Carries out a call of `/<function id>/<tag>` as the rules for `INVOKE` want
/// it.
pub(super) async fn invoke<F>(
    inspector: &Inspector,
    path: &str,
    event: &Value,
    call: impl Fn() -> F,
) -> Result<Value, InvokeError>
where
    F: Future<Output = Result<Value, InvokeError>>,
{
    if !inspector.concerns("INVOKE") {
        return call().await;
    }
    let named = Call {
        method: "INVOKE",
        path,
        content: Content::Json(event),
        ..Call::default()
    };
    let verdict = inspector.apply(Phase::Before, &named).await;
    failure(&verdict).map_or(Ok(()), Err)?;
    if verdict == Verdict::Duplicate {
        // Nobody hears how the first one ends.
        let _unheard = call().await;
    }
    let result = call().await;
    let verdict = inspector.apply(Phase::After, &named).await;
    failure(&verdict).map_or(result, Err)
}

fn failure(verdict: &Verdict) -> Option<InvokeError> {
    match verdict {
        Verdict::Status(status) => Some(InvokeError::injected(*status)),
        Verdict::Cut => Some(InvokeError::injected(503)),
        _ => None,
    }
}
