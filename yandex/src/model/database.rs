//! YDB databases (proto ydb/v1/database.proto, `database_service.proto`).

use serde::{Deserialize, Serialize};

use super::{FieldMask, Labels};

/// A database.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Database {
    /// Such as `etn…`.
    pub id: String,
    /// Its folder.
    pub folder_id: String,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// In the folder.
    pub name: String,
    /// Up to 256 characters.
    pub description: String,
    /// `PROVISIONING`, `RUNNING`, `UPDATING`, `ERROR`, `DELETING`, `STARTING` or `STOPPED`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// `grpcs://host:port/?database=/path`: an SDK's connection string.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub endpoint: String,
    /// How it is billed and limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serverless_database: Option<ServerlessDatabase>,
    /// Such as `ru-central1`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub location_id: String,
    /// At most 64.
    pub labels: Labels,
    /// Whether it can't be deleted.
    pub deletion_protection: bool,
}

/// Limits of a serverless database.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServerlessDatabase {
    /// Request units a second. With the switch on, 0 blocks every request.
    #[serde(with = "super::wire::int64")]
    pub throttling_rcu_limit: i64,
    /// In bytes; 0 is the default, 50 GiB.
    #[serde(with = "super::wire::int64")]
    pub storage_size_limit: i64,
    /// Whether the throttle holds; otherwise only the cloud's quota does.
    pub enable_throttling_rcu_limit: bool,
    /// Prepaid request units a second; 0 is none.
    #[serde(with = "super::wire::int64")]
    pub provisioned_rcu_limit: i64,
    /// Bytes a second.
    #[serde(with = "super::wire::int64")]
    pub topic_write_quota: i64,
}

/// `POST /ydb/v1/databases`, the serverless part of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateDatabaseRequest {
    /// Required.
    #[serde(default)]
    pub folder_id: String,
    /// In the folder.
    #[serde(default)]
    pub name: String,
    /// Up to 256 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Limits; there are no other kinds here.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "super::wire::strict"
    )]
    pub serverless_database: Option<ServerlessDatabase>,
    /// Such as `ru-central1`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub location_id: String,
    /// At most 64.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// Whether it can't be deleted.
    #[serde(default)]
    pub deletion_protection: bool,
}

/// `PATCH /ydb/v1/databases/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateDatabaseRequest {
    /// The folder, which doesn't change.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub folder_id: String,
    /// What changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_mask: Option<FieldMask>,
    /// In the folder.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Up to 256 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Limits.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "super::wire::strict"
    )]
    pub serverless_database: Option<ServerlessDatabase>,
    /// Replaced whole.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// Whether it can't be deleted.
    #[serde(default)]
    pub deletion_protection: bool,
}

/// `GET /ydb/v1/databases`; has no filter.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListDatabasesResponse {
    /// A page of them.
    pub databases: Vec<Database>,
    /// Empty at the end.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub next_page_token: String,
}
