//! Functions and their scaling policies (proto serverless/functions/v1).

use serde::{Deserialize, Serialize};

use super::{FieldMask, Labels};

/// A function; what it runs is in its versions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Function {
    /// Such as `d4e…`.
    pub id: String,
    /// Its folder.
    pub folder_id: String,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// Unique in the folder.
    pub name: String,
    /// Up to 600 characters.
    pub description: String,
    /// At most 64.
    pub labels: Labels,
    /// For direct calls.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub http_invoke_url: String,
    /// `CREATING`, `ACTIVE`, `DELETING` or `ERROR`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
}

/// `POST /functions/v1/functions`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateFunctionRequest {
    /// Required.
    #[serde(default)]
    pub folder_id: String,
    /// Empty or `[a-z][-a-z0-9]{1,61}[a-z0-9]`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Up to 600 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// At most 64.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
}

/// `PATCH /functions/v1/functions/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateFunctionRequest {
    /// What changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_mask: Option<FieldMask>,
    /// Unique in the folder.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Up to 600 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Replaced whole.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
}

/// `GET /functions/v1/functions`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListFunctionsResponse {
    /// A page of them.
    pub functions: Vec<Function>,
    /// Empty at the end.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub next_page_token: String,
}

/// How many instances a tag may have, in each zone. 0 is no limit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ScalingPolicy {
    /// Whose.
    pub function_id: String,
    /// Which tag; `$latest` is one.
    pub tag: String,
    /// Kept warm, in all zones; billed.
    #[serde(with = "super::wire::int64")]
    pub provisioned_instances_count: i64,
    /// At this limit calls queue.
    #[serde(with = "super::wire::int64")]
    pub zone_instances_limit: i64,
    /// At this limit calls get 429.
    #[serde(with = "super::wire::int64")]
    pub zone_requests_limit: i64,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modified_at: Option<String>,
}

/// `POST …/functions/{id}:setScalingPolicy`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SetScalingPolicyRequest {
    /// Which tag.
    pub tag: String,
    /// Kept warm.
    #[serde(with = "super::wire::int64")]
    pub provisioned_instances_count: i64,
    /// At this limit calls queue.
    #[serde(with = "super::wire::int64")]
    pub zone_instances_limit: i64,
    /// At this limit calls get 429.
    #[serde(with = "super::wire::int64")]
    pub zone_requests_limit: i64,
}

/// `POST …/functions/{id}:removeScalingPolicy`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RemoveScalingPolicyRequest {
    /// Which tag.
    pub tag: String,
}

/// `GET …/functions/{id}/scalingPolicies`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListScalingPoliciesResponse {
    /// One a tag.
    pub scaling_policies: Vec<ScalingPolicy>,
    /// Empty at the end.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub next_page_token: String,
}
