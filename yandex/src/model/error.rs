//! The body of every failed call (`google.rpc.Status`).

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A status: gRPC code, words, and typed details.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    /// A gRPC code, 1 to 16.
    pub code: i32,
    /// For people.
    pub message: String,
    /// Each an object with `@type`, such as `google.rpc.RequestInfo`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Value>,
}

/// `google.rpc.RequestInfo`'s type URL.
pub const REQUEST_INFO: &str = "type.googleapis.com/google.rpc.RequestInfo";
/// `yandex.cloud.quota.QuotaFailure`'s type URL.
pub const QUOTA_FAILURE: &str = "type.googleapis.com/yandex.cloud.quota.QuotaFailure";

/// A quota that a call would have exceeded (proto quota/quota.proto).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct QuotaViolation {
    /// Which quota.
    pub metric: QuotaMetric,
    /// What the call would have needed in all.
    #[serde(with = "super::wire::int64")]
    pub required: i64,
}

/// A quota with its limit and its use.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct QuotaMetric {
    /// Such as `ydb.serverlessDatabases.count`.
    pub name: String,
    /// How many there may be.
    #[serde(with = "super::wire::int64")]
    pub limit: i64,
    /// How many there are.
    pub usage: f64,
}
