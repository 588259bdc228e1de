//! What the operator answers, and the bookkeeping that survives its crashes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::condition::{Condition, Time};

/// The observed state of one chat.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct WsChatStatus {
    /// What clients connect to; set once the whole round trip worked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The generation that the operator looked at last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The folder that holds the chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder_id: Option<String>,
    /// The installation that made the chat; part of its resources' names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub installation_id: Option<String>,
    /// The Secret with the key that the cloud side was last made or changed with;
    /// absent when that was the operator's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials_secret: Option<String>,
    /// The handler that serves: its version and the start of its hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handler_version: Option<String>,
    /// The cloud resources.
    pub resources: Resources,
    /// Conditions, one of each type.
    pub conditions: Vec<Condition>,
}

/// The cloud resources of a chat, in the order of their creation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(inline)]
pub struct Resources {
    /// The service account that the chat runs as.
    #[serde(skip_serializing_if = "ResourceStatus::is_empty")]
    pub service_account: ResourceStatus,
    /// The account's roles on the folder.
    #[serde(skip_serializing_if = "ResourceStatus::is_empty")]
    pub roles: ResourceStatus,
    /// The database.
    #[serde(skip_serializing_if = "ResourceStatus::is_empty")]
    pub database: ResourceStatus,
    /// The migrations of the database.
    #[serde(skip_serializing_if = "ResourceStatus::is_empty")]
    pub schema: ResourceStatus,
    /// The topic.
    #[serde(skip_serializing_if = "ResourceStatus::is_empty")]
    pub topic: ResourceStatus,
    /// The function.
    #[serde(skip_serializing_if = "ResourceStatus::is_empty")]
    pub function: ResourceStatus,
    /// Who may call the function.
    #[serde(skip_serializing_if = "ResourceStatus::is_empty")]
    pub invokers: ResourceStatus,
    /// The function's version that was made last.
    #[serde(skip_serializing_if = "ResourceStatus::is_empty")]
    pub version: ResourceStatus,
    /// The tag `live`: the version that serves.
    #[serde(skip_serializing_if = "ResourceStatus::is_empty")]
    pub live: ResourceStatus,
    /// The API gateway.
    #[serde(skip_serializing_if = "ResourceStatus::is_empty")]
    pub gateway: ResourceStatus,
    /// The trigger.
    #[serde(skip_serializing_if = "ResourceStatus::is_empty")]
    pub trigger: ResourceStatus,
}

/// What is known of one cloud resource.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(inline)]
pub struct ResourceStatus {
    /// The cloud's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Where it is reached, if it is reached directly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Its path, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Whether it was there before the chat, and was given to it by the label
    /// `wschat-adopt`: it is never deleted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub adopted: bool,
    /// The hash of the wish that it fulfils; absent until it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// Grows with every mutation whose end was seen, and when the resource is
    /// found gone; at least the milliseconds since 1970 then, so that a lost
    /// status doesn't make it small again. It is part of idempotency keys, so that
    /// no old operation is replayed for a new wish.
    #[serde(skip_serializing_if = "is_zero")]
    pub sequence: i64,
    /// The idempotency key of a mutation that was begun and whose end wasn't
    /// seen yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
    /// The cloud's operation that carries out the intent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// When the cloud said that it had made or changed it; absent once a look
    /// saw it as wished. What isn't there meanwhile isn't gone, but shows late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unseen_since: Option<Time>,
    /// The hash of the change that was asked for last; absent once a look saw it
    /// as wished. The same change isn't asked for again and again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<String>,
}

impl ResourceStatus {
    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes fields by reference"
)]
fn is_zero(number: &i64) -> bool {
    *number == 0
}
