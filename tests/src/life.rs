//! What happens to a chat in its life, and what is to be seen of it afterwards:
//! for trials in which the operator dies meanwhile.

use serde_json::{Value, json};
use wschat_crds::{ConditionStatus, WsChat};

use crate::custom_resource::newest_is_ready;

pub mod handlers;
mod masked;
mod outcome;

pub use outcome::Outcome;

/// Every field that decides what a chat is made of and may change, with another
/// value, but for how many instances are kept warm.
#[must_use]
pub fn edited() -> Value {
    json!({
        "path": "/room",
        "database": {
            "requestUnitLimit": 100, "storageLimit": "2Gi", "deletionProtection": true,
        },
        "topic": { "retention": "2h" },
        "handler": {
            "memory": "512Mi", "timeout": "40s", "concurrency": 8,
            "logLevel": "debug",
        },
        "broadcast": { "batchBytes": 2, "cutoff": "2s" },
    })
}

/// All of them as they were.
#[must_use]
pub fn restored() -> Value {
    json!({ "path": null, "database": null, "topic": null, "handler": null, "broadcast": null })
}

/// All of them as they were, but for the database, which is still protected.
#[must_use]
pub fn restored_and_protected() -> Value {
    let mut spec = restored();
    spec["database"] = json!({
        "requestUnitLimit": null, "storageLimit": null, "deletionProtection": true,
    });
    spec
}

/// The database may be deleted.
#[must_use]
pub fn unprotected() -> Value {
    json!({ "database": { "deletionProtection": false } })
}

/// Whether the newest handler isn't healthy, and the chat serves all the same.
#[must_use]
pub fn is_unhealthy(chat: &WsChat) -> bool {
    has(chat, "FunctionReady", "Unhealthy") && has(chat, "Ready", "Ready")
}

/// Whether nothing is left to do.
#[must_use]
pub fn is_healthy(chat: &WsChat) -> bool {
    has(chat, "FunctionReady", "Ready") && newest_is_ready(chat)
}

/// Whether a condition is True for this reason.
fn has(chat: &WsChat, type_: &str, reason: &str) -> bool {
    let mut conditions = chat.status.iter().flat_map(|status| &status.conditions);
    conditions.any(|one| {
        one.type_ == type_ && one.status == ConditionStatus::True && one.reason == reason
    })
}
