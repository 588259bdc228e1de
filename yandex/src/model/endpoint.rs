//! Endpoint discovery (proto `endpoint/api_endpoint_service.proto`).

use serde::{Deserialize, Serialize};

/// Where a service is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApiEndpoint {
    /// Such as `serverless-functions`.
    pub id: String,
    /// `host:port`, without a scheme.
    pub address: String,
}

/// `GET /endpoints`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListApiEndpointsResponse {
    /// All of them.
    pub endpoints: Vec<ApiEndpoint>,
    /// Deprecated; always empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub next_page_token: String,
}
