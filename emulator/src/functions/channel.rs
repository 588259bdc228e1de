//! What emulator and instance say to each other: one JSON object a line
//! (the other side is `runtime/bootstrap.js`).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::error::FunctionError;

/// The token in a call's context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Token {
    #[serde(rename = "access_token")]
    pub(super) access: String,
    /// Seconds.
    #[serde(rename = "expires_in")]
    pub(super) lifetime: u64,
    #[serde(rename = "token_type")]
    pub(super) scheme: &'static str,
}

/// The context of a call (reference §4.3); the bootstrap adds its functions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Context {
    pub(super) request_id: String,
    /// The function's id, not its name.
    pub(super) function_name: String,
    pub(super) function_version: String,
    #[serde(rename = "memoryLimitInMB")]
    pub(super) memory_limit_in_mb: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<Token>,
    /// How long the call may take; becomes `getRemainingTimeInMillis`.
    pub(super) timeout_millis: u64,
}

/// A call.
#[derive(Debug, Serialize)]
pub(super) struct Call<'a> {
    pub(super) id: u64,
    pub(super) event: &'a RawValue,
    pub(super) context: &'a Context,
}

/// What an instance says.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub(super) enum Said {
    /// The handler is loaded.
    Ready,
    /// It can't be loaded.
    Failed { error: FunctionError },
    /// A call's result.
    Result { id: u64, result: Value },
    /// A call threw.
    Error { id: u64, error: FunctionError },
    /// A call's result isn't JSON.
    Malformed { id: u64, payload: Value },
}
