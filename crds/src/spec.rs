//! What a user writes. Limits are the cloud's (see [`crate::rules`]).

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::duration::DurationText;
use crate::quantity::Quantity;
use crate::status::WsChatStatus;

/// The wish for one chat.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "wschat.dev",
    version = "v1alpha1",
    kind = "WsChat",
    plural = "wschats",
    shortname = "wsc",
    namespaced,
    status = "WsChatStatus",
    derive = "PartialEq",
    doc = "A chat over WebSocket on Yandex Cloud: apply one and read its URL in the status.",
    printcolumn(
        name = "Ready",
        type_ = "string",
        description = "Whether the chat serves",
        json_path = r#".status.conditions[?(@.type=="Ready")].status"#
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        description = "Why it is, or isn't, ready",
        json_path = r#".status.conditions[?(@.type=="Ready")].reason"#
    ),
    printcolumn(
        name = "URL",
        type_ = "string",
        description = "What clients connect to",
        json_path = ".status.url"
    ),
    printcolumn(
        name = "Suspended",
        type_ = "boolean",
        description = "Whether the operator leaves the cloud alone",
        json_path = ".spec.suspend"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    ),
    printcolumn(
        name = "Folder",
        type_ = "string",
        description = "The cloud folder that holds the chat",
        json_path = ".status.folderId",
        priority = "1"
    ),
    printcolumn(
        name = "Handler",
        type_ = "string",
        description = "The handler that serves",
        json_path = ".status.handlerVersion",
        priority = "1"
    )
)]
#[serde(rename_all = "camelCase", default)]
pub struct WsChatSpec {
    /// The cloud folder that holds the chat. Default: the operator's own
    /// folder. Required with credentialsSecretRef. Immutable.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 50))]
    pub folder_id: Option<String>,
    /// A Secret in the chat's namespace with an authorized key of the service
    /// account that makes and removes the chat's cloud side. Any folder that the
    /// account has roles in may be used. Default: the operator's own account, and
    /// the folders that the operator allows. The Secret is kept until the last
    /// chat that refers to it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials_secret_ref: Option<SecretRef>,
    /// The path under which the gateway accepts WebSocket connections.
    #[schemars(length(min = 1, max = 128))]
    pub path: String,
    /// What happens to the cloud side when this object is deleted: Delete
    /// removes it, Retain leaves it with its labels.
    pub deletion_policy: DeletionPolicy,
    /// While true, the operator writes nothing to the cloud. Deleting this
    /// object wins over it.
    pub suspend: bool,
    /// The serverless YDB database.
    pub database: DatabaseSpec,
    /// The topic that carries messages to everybody.
    pub topic: TopicSpec,
    /// The function that handles connections and messages.
    pub handler: HandlerSpec,
    /// How the trigger collects messages before it broadcasts them.
    pub broadcast: BroadcastSpec,
    /// Fixed names of cloud resources; without one, the operator derives a
    /// name. Immutable.
    pub names: NamesSpec,
}

impl Default for WsChatSpec {
    fn default() -> Self {
        Self {
            folder_id: None,
            credentials_secret_ref: None,
            path: "/ws".to_owned(),
            deletion_policy: DeletionPolicy::Delete,
            suspend: false,
            database: DatabaseSpec::default(),
            topic: TopicSpec::default(),
            handler: HandlerSpec::default(),
            broadcast: BroadcastSpec::default(),
            names: NamesSpec::default(),
        }
    }
}

/// A key in a Secret of the chat's namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct SecretRef {
    /// The Secret's name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// The entry of the Secret that holds the authorized key, as
    /// `yc iam key create` writes it.
    #[serde(default = "SecretRef::default_key")]
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
}

impl SecretRef {
    fn default_key() -> String {
        "key.json".to_owned()
    }
}

/// What happens to the cloud side when a chat is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum DeletionPolicy {
    /// Everything that was made for the chat is removed.
    Delete,
    /// Everything stays, with its labels.
    Retain,
}

/// The serverless YDB database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(inline)]
pub struct DatabaseSpec {
    /// Request units a second that the database may spend; 0 means that only
    /// the cloud's quota limits it.
    #[schemars(range(min = 0))]
    pub request_unit_limit: i32,
    /// The most data that the database may hold.
    pub storage_limit: Quantity,
    /// While true, the cloud refuses to delete the database, and deleting the
    /// chat waits.
    pub deletion_protection: bool,
}

impl Default for DatabaseSpec {
    fn default() -> Self {
        Self {
            request_unit_limit: 0,
            storage_limit: "1Gi".into(),
            deletion_protection: false,
        }
    }
}

/// The topic that carries messages to everybody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(inline)]
pub struct TopicSpec {
    /// The topic's name within the database. Immutable.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// How long the topic keeps messages.
    pub retention: DurationText,
}

impl Default for TopicSpec {
    fn default() -> Self {
        Self {
            name: "broadcast-topic".to_owned(),
            retention: "1h".into(),
        }
    }
}

/// The function that handles connections and messages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(inline)]
pub struct HandlerSpec {
    /// Memory of one instance; its share of a processor grows with it.
    pub memory: Quantity,
    /// How long one call may take.
    pub timeout: DurationText,
    /// How many calls one instance takes at a time.
    #[schemars(range(min = 1, max = 16))]
    pub concurrency: i32,
    /// Instances that are kept warm (and billed) all the time.
    #[schemars(range(min = 0, max = 100))]
    pub min_instances: i32,
    /// What the handler logs.
    pub log_level: LogLevel,
}

impl Default for HandlerSpec {
    fn default() -> Self {
        Self {
            memory: "256Mi".into(),
            timeout: "30s".into(),
            concurrency: 16,
            min_instances: 0,
            log_level: LogLevel::Info,
        }
    }
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum LogLevel {
    /// Everything, also every frame.
    Trace,
    /// What helps to find a fault.
    Debug,
    /// What an operator of the chat wants to know.
    Info,
    /// What may need somebody's attention.
    Warn,
    /// What failed.
    Error,
}

impl LogLevel {
    /// The level as it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// How the trigger collects messages before it broadcasts them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(inline)]
pub struct BroadcastSpec {
    /// Bytes after which a batch is sent at once. With 1, every message goes
    /// alone; clients of the older Go example need that.
    #[schemars(range(min = 1, max = 65536))]
    pub batch_bytes: i32,
    /// How long an incomplete batch waits.
    pub cutoff: DurationText,
}

impl Default for BroadcastSpec {
    fn default() -> Self {
        Self {
            batch_bytes: 1,
            cutoff: "1s".into(),
        }
    }
}

/// Fixed names of cloud resources.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(inline)]
pub struct NamesSpec {
    /// The service account that the chat runs as.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub service_account: Option<String>,
    /// The database.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 63))]
    pub database: Option<String>,
    /// The function.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 63))]
    pub function: Option<String>,
    /// The API gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub gateway: Option<String>,
    /// The trigger.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 63))]
    pub trigger: Option<String>,
}
