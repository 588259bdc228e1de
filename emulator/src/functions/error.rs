//! Why a call of a function failed, and how that looks over HTTP
//! (reference §4.2).

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Marks a reply that the function's own failure made.
pub(crate) const FUNCTION_ERROR: HeaderName = HeaderName::from_static("x-function-error");

/// What a function threw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionError {
    /// Its text.
    pub error_message: String,
    /// Its class.
    pub error_type: String,
    /// Where it was thrown, innermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stack_trace: Vec<String>,
}

/// A failed call.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InvokeError {
    /// There is no such function, or no version with the tag. HTTP 404.
    #[error("function {function_id} has no version with tag {tag}")]
    NotFound {
        /// The function asked for.
        function_id: String,
        /// The tag asked for.
        tag: String,
    },
    /// The caller may not invoke it. HTTP 403.
    #[error("{0}")]
    Denied(String),
    /// The event can't be passed to a function. HTTP 400.
    #[error("{0}")]
    BadRequest(String),
    /// The event is larger than the cloud takes. HTTP 413.
    #[error("the event has {bytes} bytes, the limit is {limit}")]
    TooLarge {
        /// Its size as JSON.
        bytes: usize,
        /// The most.
        limit: usize,
    },
    /// Every instance is busy and the queue is full. HTTP 429.
    #[error("too many calls of function {0} at once")]
    TooManyCalls(String),
    /// A call on the instance took too long; all its calls end. HTTP 504.
    #[error("a call took longer than {0:?}")]
    Timeout(Duration),
    /// The function threw, or its process ended. HTTP 502.
    #[error("{}: {}", .0.error_type, .0.error_message)]
    Failed(FunctionError),
    /// The result isn't what the integration needs. HTTP 502.
    #[error("malformed function response: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: String,
        /// The result.
        payload: Value,
    },
    /// The emulator can't run it. HTTP 500.
    #[error("{0}")]
    Internal(String),
    /// A fault rule made it fail, with this HTTP status.
    #[error("injected by a fault rule")]
    Injected(StatusCode),
    /// The emulator ends, or the version is being deleted. HTTP 503.
    #[error("function {0} is being stopped")]
    Unavailable(String),
}

impl InvokeError {
    /// What a fault rule with this HTTP status makes of a call.
    pub(crate) fn injected(status: u16) -> Self {
        Self::Injected(StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE))
    }

    /// The process ended during the call.
    pub(crate) fn crashed(how: impl Into<String>) -> Self {
        Self::Failed(FunctionError {
            error_message: how.into(),
            error_type: "ProcessExited".to_owned(),
            stack_trace: Vec::new(),
        })
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::Denied(_) => StatusCode::FORBIDDEN,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooManyCalls(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Timeout(_) => StatusCode::GATEWAY_TIMEOUT,
            Self::Failed(_) | Self::Malformed { .. } => StatusCode::BAD_GATEWAY,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Injected(status) => *status,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The HTTP body. The shapes of `Failed` and `Malformed` are documented,
    /// the others' are a guess.
    #[must_use]
    pub fn body(&self) -> Value {
        match self {
            Self::Failed(error) => json!(error),
            // One text whatever is wrong; the reason is in the log only.
            Self::Malformed { payload, .. } => json!({
                "errorMessage": "Malformed serverless function response: not a valid json",
                "errorType": "ProxyIntegrationError",
                "payload": payload.as_str().map_or_else(|| payload.to_string(), str::to_owned),
            }),
            other => json!({
                "errorCode": other.status().as_u16(),
                "errorMessage": other.to_string(),
                "errorType": if other.status().is_client_error() { "ClientError" } else { "ServerError" },
            }),
        }
    }
}

impl IntoResponse for InvokeError {
    fn into_response(self) -> Response {
        let mut response = (self.status(), axum::Json(self.body())).into_response();
        if matches!(self, Self::Failed(_)) {
            response
                .headers_mut()
                .insert(FUNCTION_ERROR, HeaderValue::from_static("true"));
        }
        response
    }
}
