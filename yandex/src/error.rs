//! What a call can fail with.

use std::sync::Arc;

use serde_json::Value;

use crate::auth::AuthError;
use crate::code::Code;
use crate::endpoint::EndpointError;
use crate::model::error::{QUOTA_FAILURE, QuotaViolation, REQUEST_INFO, Status};

/// The cloud said no.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError {
    /// What decides.
    pub code: Code,
    /// As it came.
    pub http_status: u16,
    /// The cloud's words.
    pub message: String,
    /// Each an object with `@type`.
    pub details: Vec<Value>,
    /// For the cloud's support.
    pub request_id: Option<String>,
}

impl ApiError {
    /// From an error body, or from any other body that came with an error status.
    #[must_use]
    pub fn parse(http_status: u16, body: &str, request_id: Option<String>) -> Self {
        // serde reads a list as an object's fields in order; the cloud's body is an object.
        let object = Some(body).filter(|body| body.trim_start().starts_with('{'));
        let status = object.and_then(|body| serde_json::from_str::<Status>(body).ok());
        let status = status.unwrap_or_default();
        let code = if status.code == 0 {
            Code::from_http_status(http_status)
        } else {
            Code::from_number(status.code)
        };
        let message = if status.message.is_empty() {
            foreign_message(http_status, body)
        } else {
            status.message
        };
        let from_details = request_info(&status.details);
        Self {
            code,
            http_status,
            message,
            details: status.details,
            request_id: from_details.or(request_id),
        }
    }

    /// From the `error` of an operation, which has no HTTP status of its own.
    #[must_use]
    pub fn from_operation(status: &Status) -> Self {
        Self {
            code: Code::from_number(status.code),
            http_status: 200,
            message: status.message.clone(),
            details: status.details.clone(),
            request_id: request_info(&status.details),
        }
    }

    /// Which quotas were full.
    #[must_use]
    pub fn quota_violations(&self) -> Vec<QuotaViolation> {
        let failures = self
            .details
            .iter()
            .filter(|detail| detail["@type"] == QUOTA_FAILURE);
        failures
            .filter_map(|failure| failure["violations"].as_array())
            .flatten()
            .filter_map(|violation| serde_json::from_value(violation.clone()).ok())
            .collect()
    }
}

/// A message from a body that isn't the cloud's: a function's error, or what
/// some machine in between says.
fn foreign_message(http_status: u16, body: &str) -> String {
    let json = serde_json::from_str::<Value>(body).unwrap_or_default();
    if let Some(message) = json["errorMessage"].as_str() {
        return match json["errorType"].as_str() {
            Some(kind) => format!("{kind}: {message}"),
            None => message.to_owned(),
        };
    }
    let words: Vec<&str> = body.split_whitespace().collect();
    let line: String = words.join(" ").chars().take(300).collect();
    if line.is_empty() {
        format!("HTTP status {http_status} without a word")
    } else {
        line
    }
}

/// What went wrong on the way, without the URL. The HTTP library's own words
/// hide it in the last of several sources, which therefore aren't handed on:
/// whoever prints an error with its sources would say it several times.
pub(crate) fn transport_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

fn request_info(details: &[Value]) -> Option<String> {
    let info = details
        .iter()
        .find(|detail| detail["@type"] == REQUEST_INFO)?;
    Some(info["requestId"].as_str()?.to_owned())
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.code, self.message)?;
        match &self.request_id {
            Some(id) => write!(formatter, " (request {id})"),
            None => Ok(()),
        }
    }
}

/// What a call can fail with.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The cloud said no.
    #[error("{call}: {error}")]
    Api {
        /// Method and path.
        call: String,
        /// Its answer.
        error: ApiError,
    },
    /// The call got no answer; it may or may not have been carried out.
    #[error("{call}: no answer: {}", transport_cause(cause))]
    Transport {
        /// Method and path.
        call: String,
        /// What went wrong on the way.
        cause: Arc<reqwest::Error>,
    },
    /// The answer can't be read, or the request is none that may be sent.
    #[error("{call}: {message}")]
    Decode {
        /// Method and path.
        call: String,
        /// What is wrong with it.
        message: String,
    },
    /// There is no token to call with.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// It isn't known where to call.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
}

impl Error {
    /// The cloud's answer, wherever it came up.
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        match self {
            Self::Api { error, .. } => Some(error),
            Self::Auth(error) => error.api(),
            Self::Transport { .. } | Self::Decode { .. } | Self::Endpoint(_) => None,
        }
    }

    /// The cloud's code, when it answered the call itself.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Api { error, .. } => Some(error.code),
            Self::Transport { .. } | Self::Decode { .. } | Self::Auth(_) | Self::Endpoint(_) => {
                None
            }
        }
    }

    /// Whether what was asked for isn't there.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.code() == Some(Code::NotFound)
    }

    /// Whether the time for an answer ran out.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Transport { cause, .. } if cause.is_timeout())
    }

    /// Which quotas were full.
    #[must_use]
    pub fn quota_violations(&self) -> Vec<QuotaViolation> {
        self.api()
            .map(ApiError::quota_violations)
            .unwrap_or_default()
    }

    /// Whether the same call may succeed in a moment, with the same
    /// idempotency key.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Api { error, .. } => error.code == Code::Unavailable,
            Self::Transport { cause, .. } => !cause.is_builder(),
            Self::Auth(error) => error.is_transient(),
            Self::Endpoint(error) => error.is_transient(),
            Self::Decode { .. } => false,
        }
    }
}
