//! Conditions: their types, and how new ones meet old ones.

use std::borrow::Cow;

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// One aspect of a chat's state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct Condition {
    /// Which aspect.
    #[serde(rename = "type")]
    pub type_: String,
    /// True, False or Unknown.
    pub status: ConditionStatus,
    /// A short name of the cause.
    pub reason: String,
    /// A sentence for people: what is, and what to do about it.
    #[serde(default)]
    pub message: String,
    /// The generation that this was said about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// When the status changed last.
    pub last_transition_time: Time,
}

/// A moment, in seconds, as Kubernetes writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub Timestamp);

impl Time {
    /// The given moment without its fraction of a second.
    #[must_use]
    pub fn from_seconds(at: Timestamp) -> Self {
        Self(Timestamp::from_second(at.as_second()).unwrap_or(at))
    }
}

impl JsonSchema for Time {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// What is known of an aspect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum ConditionStatus {
    /// It holds.
    True,
    /// It doesn't.
    False,
    /// Nobody knows yet.
    Unknown,
}

/// The aspects of a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConditionType {
    /// The chat serves.
    Ready,
    /// The operator is still working towards the newest spec.
    Reconciling,
    /// The operator cannot go on until somebody acts.
    Stalled,
    /// The last probe of the gateway worked.
    Reachable,
    /// The service account exists and has its roles.
    ServiceAccountReady,
    /// The database runs and is migrated.
    DatabaseReady,
    /// The topic exists.
    TopicReady,
    /// A healthy version of the function serves.
    FunctionReady,
    /// The gateway exists.
    GatewayReady,
    /// The trigger exists.
    TriggerReady,
}

impl ConditionType {
    /// All types, in the order in which they are listed.
    pub const ALL: [Self; 10] = [
        Self::Ready,
        Self::Reconciling,
        Self::Stalled,
        Self::Reachable,
        Self::ServiceAccountReady,
        Self::DatabaseReady,
        Self::TopicReady,
        Self::FunctionReady,
        Self::GatewayReady,
        Self::TriggerReady,
    ];

    /// The name that is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Reconciling => "Reconciling",
            Self::Stalled => "Stalled",
            Self::Reachable => "Reachable",
            Self::ServiceAccountReady => "ServiceAccountReady",
            Self::DatabaseReady => "DatabaseReady",
            Self::TopicReady => "TopicReady",
            Self::FunctionReady => "FunctionReady",
            Self::GatewayReady => "GatewayReady",
            Self::TriggerReady => "TriggerReady",
        }
    }

    /// What it means that the condition is True.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Ready => "the chat serves: clients may connect to `status.url`",
            Self::Reconciling => "the operator is still working towards the newest spec",
            Self::Stalled => "the operator cannot go on until somebody acts",
            Self::Reachable => "the last probe of the gateway worked",
            Self::ServiceAccountReady => "the service account exists and has its roles",
            Self::DatabaseReady => "the database runs and is migrated",
            Self::TopicReady => "the topic exists",
            Self::FunctionReady => "a healthy version of the function serves",
            Self::GatewayReady => "the gateway exists",
            Self::TriggerReady => "the trigger exists",
        }
    }
}

/// The condition of the given type.
#[must_use]
pub fn find(conditions: &[Condition], type_: ConditionType) -> Option<&Condition> {
    conditions
        .iter()
        .find(|condition| condition.type_ == type_.as_str())
}

/// Whether the condition of the given type is there and True.
#[must_use]
pub fn is_true(conditions: &[Condition], type_: ConditionType) -> bool {
    find(conditions, type_).is_some_and(|condition| condition.status == ConditionStatus::True)
}

/// Puts `new` into `conditions`: a transition time changes only with a status.
/// Conditions of types that `new` doesn't mention stay as they are.
pub fn merge(conditions: &mut Vec<Condition>, new: Vec<Condition>) {
    for mut condition in new {
        match conditions
            .iter_mut()
            .find(|old| old.type_ == condition.type_)
        {
            Some(old) => {
                if old.status == condition.status {
                    condition.last_transition_time = old.last_transition_time;
                }
                *old = condition;
            }
            None => conditions.push(condition),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::Reason;

    fn condition(type_: ConditionType, status: ConditionStatus, second: i64) -> Condition {
        Condition {
            type_: type_.as_str().to_owned(),
            status,
            reason: Reason::Ready.as_str().to_owned(),
            message: format!("said at {second}"),
            observed_generation: Some(second),
            last_transition_time: Time(Timestamp::from_second(second).unwrap()),
        }
    }

    #[test]
    fn a_transition_time_changes_only_with_the_status() {
        let mut conditions = vec![condition(ConditionType::Ready, ConditionStatus::False, 1)];

        merge(
            &mut conditions,
            vec![condition(ConditionType::Ready, ConditionStatus::False, 2)],
        );
        assert_eq!(conditions[0].last_transition_time.0.as_second(), 1);
        assert_eq!(conditions[0].message, "said at 2");
        assert_eq!(conditions[0].observed_generation, Some(2));

        merge(
            &mut conditions,
            vec![condition(ConditionType::Ready, ConditionStatus::True, 3)],
        );
        assert_eq!(conditions[0].last_transition_time.0.as_second(), 3);
    }

    #[test]
    fn conditions_that_are_not_mentioned_stay() {
        let mut conditions = vec![condition(
            ConditionType::Reachable,
            ConditionStatus::True,
            1,
        )];
        merge(
            &mut conditions,
            vec![condition(ConditionType::Ready, ConditionStatus::True, 2)],
        );
        assert!(is_true(&conditions, ConditionType::Reachable));
        assert!(is_true(&conditions, ConditionType::Ready));
        assert!(!is_true(&conditions, ConditionType::Stalled));
    }

    #[test]
    fn times_are_written_in_whole_seconds() {
        let at: Timestamp = "2026-01-02T03:04:05.678Z".parse().unwrap();
        let text = serde_json::to_string(&Time::from_seconds(at)).unwrap();
        assert_eq!(text, r#""2026-01-02T03:04:05Z""#);
    }
}
