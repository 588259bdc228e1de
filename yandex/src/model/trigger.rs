//! Triggers, those on data streams (proto serverless/triggers/v1).

use serde::{Deserialize, Serialize};

use super::{Duration, FieldMask, Labels};

/// A trigger. It can't report that it is broken: its status knows no error.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Trigger {
    /// Such as `a1s…`.
    pub id: String,
    /// Its folder.
    pub folder_id: String,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// Unique in the folder.
    pub name: String,
    /// Up to 500 characters.
    pub description: String,
    /// At most 64.
    pub labels: Labels,
    /// What it does.
    pub rule: Rule,
    /// `ACTIVE` or `PAUSED`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
}

/// What starts a trigger; exactly one member. Only data streams exist here: a
/// trigger of another kind reads as one without any.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Rule {
    /// A topic of YDB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_stream: Option<DataStream>,
}

/// Reads a topic.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DataStream {
    /// Left empty by all known clients.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub endpoint: String,
    /// The database's path, `/ru-central1/<cloud>/<database>`.
    pub database: String,
    /// The topic's name in it.
    pub stream: String,
    /// Reads the topic: needs `yds.admin`.
    pub service_account_id: String,
    /// When a batch is full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_settings: Option<BatchSettings>,
    /// What a batch goes to; exactly one of the actions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway_websocket_broadcast: Option<GatewayWebsocketBroadcast>,
    /// What a batch goes to; exactly one of the actions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoke_function: Option<InvokeFunctionWithRetry>,
}

/// A batch is sent at whichever comes first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BatchSettings {
    /// Bytes, 1 to 65,536; a larger record goes alone.
    #[serde(with = "super::wire::int64")]
    pub size: i64,
    /// 1 to 60 s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cutoff: Option<Duration>,
}

/// Sends each batch to every socket of a path. All fields are required.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GatewayWebsocketBroadcast {
    /// Which gateway.
    pub gateway_id: String,
    /// Its path, such as `/ws`.
    pub path: String,
    /// Sends: needs `api-gateway.websocketBroadcaster` on the gateway's folder.
    pub service_account_id: String,
}

/// Calls a function with each batch.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InvokeFunctionWithRetry {
    /// Required.
    pub function_id: String,
    /// The tag of its version; `$latest` without one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub function_tag: String,
    /// Calls: needs `functions.functionInvoker` on the function.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub service_account_id: String,
    /// Without them, a failed call is not repeated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_settings: Option<RetrySettings>,
}

/// How a failed call is repeated.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RetrySettings {
    /// Calls after the first one, 1 to 5.
    #[serde(with = "super::wire::int64")]
    pub retry_attempts: i64,
    /// The time between two calls, 10 s to 1 min; required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<Duration>,
}

/// `POST /triggers/v1/triggers`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CreateTriggerRequest {
    /// Required.
    pub folder_id: String,
    /// Empty or `[a-z][-a-z0-9]{1,61}[a-z0-9]`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Up to 500 characters.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// At most 64.
    #[serde(skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// Required.
    #[serde(deserialize_with = "super::wire::strict")]
    pub rule: Rule,
}

/// `PATCH /triggers/v1/triggers/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct UpdateTriggerRequest {
    /// What changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_mask: Option<FieldMask>,
    /// Unique in the folder.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Up to 500 characters.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Replaced whole.
    #[serde(skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// What it does.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "super::wire::strict"
    )]
    pub rule: Option<Rule>,
}

/// `GET /triggers/v1/triggers`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListTriggersResponse {
    /// A page of them.
    pub triggers: Vec<Trigger>,
    /// Empty at the end.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub next_page_token: String,
}
