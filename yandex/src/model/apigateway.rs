//! API gateways (proto serverless/apigateway/v1).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::version::LogOptions;
use super::{Duration, FieldMask, Labels};

/// A gateway, without its specification.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApiGateway {
    /// Such as `d5d…`.
    pub id: String,
    /// Its folder.
    pub folder_id: String,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// Unique in the folder.
    pub name: String,
    /// Up to 256 characters.
    pub description: String,
    /// At most 64.
    pub labels: Labels,
    /// `CREATING`, `ACTIVE`, `DELETING`, `ERROR`, `UPDATING` or `STOPPED`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// Host (and port), without a scheme.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub domain: String,
    /// Where its logs go.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub log_group_id: String,
    /// Where its logs go, and from which level on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_options: Option<LogOptions>,
    /// Of the specification.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, Value>,
    /// How long a request may take; 5 minutes when unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_timeout: Option<Duration>,
}

/// `POST /apigateways/v1/apigateways`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CreateApiGatewayRequest {
    /// Required.
    pub folder_id: String,
    /// Empty or `[a-z]([-a-z0-9]{0,61}[a-z0-9])?`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Up to 256 characters.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// At most 64.
    #[serde(skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// Required: OpenAPI 3.0 as JSON or YAML text, at most 3.5 MB.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub openapi_spec: String,
    /// Where its logs go.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "super::wire::strict"
    )]
    pub log_options: Option<LogOptions>,
    /// Of the specification.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, Value>,
    /// Up to 600 s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_timeout: Option<Duration>,
}

/// `PATCH /apigateways/v1/apigateways/{id}`. The specification must be there,
/// whatever the mask says.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct UpdateApiGatewayRequest {
    /// What changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_mask: Option<FieldMask>,
    /// Unique in the folder.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Up to 256 characters.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Replaced whole.
    #[serde(skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// Required.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub openapi_spec: String,
    /// Where its logs go.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "super::wire::strict"
    )]
    pub log_options: Option<LogOptions>,
    /// Of the specification.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, Value>,
    /// Up to 600 s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_timeout: Option<Duration>,
}

/// `GET /apigateways/v1/apigateways`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListApiGatewaysResponse {
    /// A page of them.
    pub api_gateways: Vec<ApiGateway>,
    /// Empty at the end.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub next_page_token: String,
}

/// `GET …/apigateways/{id}:spec`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OpenapiSpec {
    /// Whose.
    pub api_gateway_id: String,
    /// As submitted, unless a format was asked for.
    pub openapi_spec: String,
}
