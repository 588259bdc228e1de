//! Quotas of a cloud (proto quotamanager/v1), and the folders of one (proto
//! resourcemanager/v1).

use serde::{Deserialize, Serialize};

/// How much of something a cloud may have.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct QuotaLimit {
    /// Such as `serverless.triggers.count`.
    pub quota_id: String,
    /// How much it may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// How much it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<f64>,
}

/// A folder.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Folder {
    /// Such as `b1g…`.
    pub id: String,
    /// Its cloud, which quotas are counted in.
    pub cloud_id: String,
    /// Unique in the cloud.
    pub name: String,
}
