//! Long operations (proto operation/operation.proto).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::Status;

/// What a mutation answers at once.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Operation {
    /// For `GET /operations/{id}`.
    pub id: String,
    /// Up to 256 characters.
    pub description: String,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// Who asked.
    pub created_by: String,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modified_at: Option<String>,
    /// Whether it has ended, well or badly.
    pub done: bool,
    /// `@type` and the resource's id, from the first answer on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    /// Why it failed. May be there while `done` is false: a rollback runs, and
    /// the failure is final only when `done` is true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Status>,
    /// `@type` and the resource, once done well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<Value>,
}

impl Operation {
    /// A text field of the metadata, such as `functionId`.
    #[must_use]
    pub fn metadata_text(&self, field: &str) -> Option<&str> {
        self.metadata.as_ref()?.get(field)?.as_str()
    }
}

/// `GET <resource>/{id}/operations`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListOperationsResponse {
    /// Newest first.
    pub operations: Vec<Operation>,
    /// Empty at the end.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub next_page_token: String,
}
