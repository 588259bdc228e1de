//! Access bindings: who has which role on a resource (proto access/access.proto).

use serde::{Deserialize, Serialize};

/// Who a role is given to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccessSubject {
    /// Up to 100 characters; `allUsers` and `allAuthenticatedUsers` of type `system`.
    pub id: String,
    /// `serviceAccount`, `userAccount`, `federatedUser`, `group` or `system`.
    #[serde(rename = "type")]
    pub kind: String,
}

impl AccessSubject {
    /// A service account.
    pub fn service_account(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            kind: "serviceAccount".to_owned(),
        }
    }
}

/// A role given to somebody.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccessBinding {
    /// Such as `ydb.editor`; up to 64 characters.
    pub role_id: String,
    /// To whom.
    pub subject: AccessSubject,
}

/// What a delta does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AccessBindingAction {
    /// Gives the role.
    Add,
    /// Takes it away.
    Remove,
}

/// One change of bindings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccessBindingDelta {
    /// Give or take.
    pub action: AccessBindingAction,
    /// What.
    #[serde(deserialize_with = "super::wire::strict")]
    pub access_binding: AccessBinding,
}

/// `:updateAccessBindings`: changes some bindings and leaves the others, 1 to
/// 1,000 deltas. Safe beside other writers, which `:setAccessBindings` isn't.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateAccessBindingsRequest {
    /// In order.
    #[serde(default)]
    pub access_binding_deltas: Vec<AccessBindingDelta>,
}

/// `:setAccessBindings`: replaces everything.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetAccessBindingsRequest {
    /// At most 1,000.
    #[serde(default, deserialize_with = "super::wire::strict")]
    pub access_bindings: Vec<AccessBinding>,
}

/// `:listAccessBindings`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListAccessBindingsResponse {
    /// Those set on the resource itself, not inherited ones.
    pub access_bindings: Vec<AccessBinding>,
    /// Empty at the end.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub next_page_token: String,
}
