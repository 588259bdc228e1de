//! Function versions and tags (proto serverless/functions/v1). Versions never
//! change; every change of code or settings is a new one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Duration;

/// The tag that the newest version always has.
pub const LATEST: &str = "$latest";

/// A version. The cloud returns no hash of its content.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Version {
    /// Such as `d4e…`.
    pub id: String,
    /// Whose.
    pub function_id: String,
    /// Up to 600 characters.
    pub description: String,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// Such as `nodejs22`.
    pub runtime: String,
    /// `file.handler`.
    pub entrypoint: String,
    /// Memory.
    pub resources: Resources,
    /// How long a call may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_timeout: Option<Duration>,
    /// Whose token its calls carry.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub service_account_id: String,
    /// In bytes, unpacked.
    #[serde(with = "super::wire::int64")]
    pub image_size: i64,
    /// `CREATING`, `ACTIVE`, `OBSOLETE` or `DELETING`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// Those that point here now.
    pub tags: Vec<String>,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// Where logs go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_options: Option<LogOptions>,
    /// Calls at once in one instance.
    #[serde(with = "super::wire::int64")]
    pub concurrency: i64,
    /// Which metadata services an instance has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata_options: Option<MetadataOptions>,
}

/// What an instance gets.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Resources {
    /// In bytes: 128 MiB to 8 GiB in steps of 128 MiB.
    #[serde(with = "super::wire::int64")]
    pub memory: i64,
}

/// Where logs go, and from which level on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LogOptions {
    /// No logs at all.
    pub disabled: bool,
    /// A log group, or …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_group_id: Option<String>,
    /// … a folder's default one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder_id: Option<String>,
    /// `TRACE` to `FATAL`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub min_level: String,
}

/// `ENABLED` or `DISABLED` for each metadata service.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MetadataOptions {
    /// The one that gives IAM tokens.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub gce_http_endpoint: String,
    /// AWS's form.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub aws_v1_http_endpoint: String,
}

/// `POST /functions/v1/versions`. Exactly one of `content`, `package` and
/// `version_id` is given.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CreateVersionRequest {
    /// Required.
    pub function_id: String,
    /// Required, such as `nodejs22`.
    pub runtime: String,
    /// Up to 600 characters.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Required; `file.handler`.
    pub entrypoint: String,
    /// Required.
    #[serde(deserialize_with = "super::wire::strict")]
    pub resources: Resources,
    /// Up to an hour; over ten minutes only by request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_timeout: Option<Duration>,
    /// Whose token its calls carry.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub service_account_id: String,
    /// A zip in Object Storage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<Package>,
    /// A zip in base64, at most 3.5 MB before that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Copied from a version in the same folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// At most 4 KB in all.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
    /// Tags beside `$latest`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tag: Vec<String>,
    /// 0 to 16 calls at once in one instance.
    #[serde(with = "super::wire::int64")]
    pub concurrency: i64,
    /// Where logs go.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "super::wire::strict"
    )]
    pub log_options: Option<LogOptions>,
    /// Which metadata services an instance has.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "super::wire::strict"
    )]
    pub metadata_options: Option<MetadataOptions>,
}

/// A zip in Object Storage.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Package {
    /// Its bucket.
    pub bucket_name: String,
    /// Its key.
    pub object_name: String,
    /// Hex, checked when given.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sha256: String,
}

/// `GET /functions/v1/versions`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListVersionsResponse {
    /// A page, newest first.
    pub versions: Vec<Version>,
    /// Empty at the end.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub next_page_token: String,
}

/// `POST …/versions/{id}:setTag` and `:removeTag`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TagRequest {
    /// `[a-z][-_0-9a-z]*`; `$latest` can't be moved by hand.
    pub tag: String,
}
