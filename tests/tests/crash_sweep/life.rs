//! The life of a chat, in stages: after each, everything must be there as often
//! as in a life in which nobody died, and the status must say the same.

use std::fmt;

use serde_json::{Value, json};
use wschat_crds::{ConditionStatus, WsChat};
use wschat_tests::custom_resource::newest_is_ready;

use crate::gate::{Death, Passed};
use crate::handlers;
use crate::masked::{masked, masked_text};
use crate::world::{Done, Problem, World};

/// What happens to a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It is made, and deleted when the operator died.
    Abandon,
    /// It is made.
    Create,
    /// Its status is lost; what is there is found again.
    Adopt,
    /// Every field that may change is edited.
    Update,
    /// All of them are as they were.
    Revert,
    /// A handler that isn't healthy is deployed.
    Fail,
    /// Another one that is healthy is deployed.
    Recover,
    /// It is deleted.
    Delete,
}

impl Stage {
    pub(crate) const ALL: [Self; 8] = [
        Self::Abandon,
        Self::Create,
        Self::Adopt,
        Self::Update,
        Self::Revert,
        Self::Fail,
        Self::Recover,
        Self::Delete,
    ];

    pub(crate) fn begin(self, world: &World) -> Result<(), Problem> {
        match self {
            Self::Abandon | Self::Create => {
                world.deploy(world.handler().to_vec());
                world.create_chat();
            }
            Self::Fail => world.deploy(handlers::unhealthy()?),
            Self::Recover => world.deploy(handlers::another(world.handler())?),
            Self::Adopt => world.lose_status(),
            Self::Update => world.edit_chat(&edited()),
            Self::Revert => world.edit_chat(&restored()),
            Self::Delete => world.delete_chat(),
        }
        Ok(())
    }

    /// What the operator strives for until it dies.
    fn is_done(self) -> Done {
        match self {
            Self::Abandon | Self::Create | Self::Adopt | Self::Update | Self::Revert => {
                |chat| chat.is_some_and(newest_is_ready)
            }
            Self::Fail => |chat| chat.is_some_and(is_unhealthy),
            Self::Recover => |chat| chat.is_some_and(is_healthy),
            Self::Delete => is_gone,
        }
    }

    /// What the next one strives for.
    fn is_over(self) -> Done {
        match self {
            Self::Abandon => is_gone,
            _ => self.is_done(),
        }
    }
}

/// Every field that may change, with another value.
pub(crate) fn edited() -> Value {
    json!({
        "path": "/room",
        "database": { "requestUnitLimit": 100, "storageLimit": "2Gi" },
        "topic": { "retention": "2h" },
        "handler": { "memory": "512Mi", "timeout": "40s", "logLevel": "debug" },
        "broadcast": { "batchBytes": 2, "cutoff": "2s" },
    })
}

/// All of them as they were.
pub(crate) fn restored() -> Value {
    json!({ "path": null, "database": null, "topic": null, "handler": null, "broadcast": null })
}

pub(crate) fn is_gone(chat: Option<&WsChat>) -> bool {
    chat.is_none()
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Abandon => "abandoned create",
            Self::Create => "create",
            Self::Adopt => "adopt",
            Self::Update => "update",
            Self::Revert => "revert",
            Self::Fail => "failing rollout",
            Self::Recover => "next rollout",
            Self::Delete => "delete",
        })
    }
}

/// Whether the newest handler isn't healthy, and the chat serves all the same.
fn is_unhealthy(chat: &WsChat) -> bool {
    has(chat, "FunctionReady", "Unhealthy") && has(chat, "Ready", "Ready")
}

/// Whether nothing is left to do.
fn is_healthy(chat: &WsChat) -> bool {
    has(chat, "FunctionReady", "Ready") && newest_is_ready(chat)
}

/// Whether a condition is True for this reason.
fn has(chat: &WsChat, type_: &str, reason: &str) -> bool {
    let mut conditions = chat.status.iter().flat_map(|status| &status.conditions);
    conditions.any(|one| {
        one.type_ == type_ && one.status == ConditionStatus::True && one.reason == reason
    })
}

/// The version that clients talk to.
fn serving(world: &World) -> Option<String> {
    world.chat()?.status?.resources.live.id
}

/// How many looks may follow, for what may be done while a chat serves.
const REST: usize = 10;

/// One death a stage, or none.
pub(crate) type Deaths = [Option<Death>; Stage::ALL.len()];

/// What is to be seen after a stage.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// A line for each thing in the cloud.
    made: Vec<String>,
    status: Value,
}

impl Outcome {
    /// The same without what edits leave: their number, and versions that don't
    /// serve and are kept for a while, maybe as the newest.
    pub(crate) fn of_any_generation(mut self) -> Self {
        let tagless = |line: &String| line.replace("\"$latest\",", "").replace("\"$latest\"", "");
        self.made = self.made.iter().map(tagless).collect();
        self.made.retain(|line| !line.contains("\"tags\":[]"));
        self.status["observedGeneration"].take();
        let conditions = self.status["conditions"].as_array_mut();
        for condition in conditions.into_iter().flatten() {
            condition["observedGeneration"].take();
        }
        self
    }

    /// What only this one has, and what only the other one has.
    pub(crate) fn differences(&self, other: &Self) -> String {
        let (mut these, mut others) = (self.lines(), other.lines());
        these.retain(|line| match others.iter().position(|other| other == line) {
            Some(place) => {
                others.remove(place);
                false
            }
            None => true,
        });
        let these = these.iter().map(|line| format!("\n+ {line}"));
        these
            .chain(others.iter().map(|line| format!("\n- {line}")))
            .collect()
    }

    fn lines(&self) -> Vec<String> {
        let conditions = self.status["conditions"].as_array().into_iter().flatten();
        let fields = self.status.as_object().into_iter().flatten();
        let fields = fields.filter(|(name, _)| *name != "conditions");
        let mut lines = self.made.clone();
        lines.extend(conditions.map(|condition| format!("condition {condition}")));
        lines.extend(fields.map(|(name, value)| format!("status.{name}: {value}")));
        lines
    }
}

/// A stage that came to its end.
#[derive(Clone, Debug)]
pub(crate) struct Lived {
    pub(crate) outcome: Outcome,
    pub(crate) passed: Passed,
}

/// Lives through all stages, and answers what was to be seen after each.
pub(crate) async fn live(world: &World, deaths: Deaths) -> Result<Vec<Lived>, Problem> {
    let mut lived = Vec::new();
    for (stage, death) in Stage::ALL.into_iter().zip(deaths) {
        let stage_lived = live_stage(world, stage, death).await;
        lived.push(stage_lived.map_err(|problem| told(stage, death, &problem))?);
    }
    Ok(lived)
}

/// Lives through all stages, each of which must end as in `undisturbed`.
/// Answers how many of the deaths happened.
pub(crate) async fn compare(
    world: &World,
    deaths: Deaths,
    undisturbed: &[Lived],
) -> Result<usize, Problem> {
    let mut died = 0;
    for ((stage, death), wanted) in Stage::ALL.into_iter().zip(deaths).zip(undisturbed) {
        let told = |problem: Problem| told(stage, death, &problem);
        let lived = live_stage(world, stage, death).await.map_err(told)?;
        let differences = lived.outcome.differences(&wanted.outcome);
        if !differences.is_empty() {
            return Err(told(format!(
                "dead at {:?}, it ended with{differences}\nafter {:#?}",
                lived.passed.died_at, lived.passed.come
            )));
        }
        died += usize::from(lived.passed.died_at.is_some());
    }
    Ok(died)
}

fn told(stage: Stage, death: Option<Death>, problem: &Problem) -> Problem {
    let death = death.map_or("nobody died".to_owned(), |death| format!("died {death}"));
    format!("{stage}, {death}: {problem}")
}

async fn live_stage(world: &World, stage: Stage, death: Option<Death>) -> Result<Lived, Problem> {
    let before = world.ids().await?;
    let served = serving(world);
    stage.begin(world)?;
    let passed = world.look_until(stage.is_done(), death).await?;
    if stage == Stage::Abandon {
        world.delete_chat();
    }
    world.look_until(stage.is_over(), None).await?;
    come_to_rest(world).await?;
    if stage == Stage::Adopt && before != world.ids().await? {
        return Err("what was there was made anew".to_owned());
    }
    match stage {
        Stage::Fail if serving(world) != served => {
            return Err("a handler that isn't healthy serves".to_owned());
        }
        Stage::Recover if serving(world) == served => {
            return Err("the next handler doesn't serve".to_owned());
        }
        _ => {}
    }
    let outcome = outcome(world).await?;
    Ok(Lived { outcome, passed })
}

/// What is to be seen now.
pub(crate) async fn outcome(world: &World) -> Result<Outcome, Problem> {
    let made = world.made().await?;
    let mut made: Vec<String> = made.iter().map(|line| masked_text(line)).collect();
    made.sort();
    Ok(Outcome {
        made,
        status: world.chat().map_or(Value::Null, |chat| comparable(&chat)),
    })
}

/// What is as wished is looked at until a look changes nothing.
pub(crate) async fn come_to_rest(world: &World) -> Result<(), Problem> {
    let mut changed = Vec::new();
    for _ in 0..REST {
        changed = world.idle_look().await?;
        if changed.is_empty() {
            return Ok(());
        }
    }
    Err(format!("a look at what is as wished does {changed:#?}"))
}

/// A status without what differs between any two lives: ids, addresses, times,
/// hashes, and how many mutations there were.
fn comparable(chat: &WsChat) -> Value {
    let mut status = json!(chat.status);
    let resources = status["resources"].as_object_mut();
    for (_, resource) in resources.into_iter().flatten() {
        resource["sequence"].take();
    }
    masked(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(status: &Value) -> WsChat {
        serde_json::from_value(json!({
            "apiVersion": "wschat.dev/v1alpha1",
            "kind": "WsChat",
            "metadata": { "name": "lobby" },
            "spec": {},
            "status": status,
        }))
        .unwrap()
    }

    #[test]
    fn ids_and_numbers_of_mutations_do_not_matter_and_open_operations_do() {
        let gateway =
            |fields: Value| comparable(&chat(&json!({ "resources": { "gateway": fields }})));
        let (one, other) = ("d5d0000000000000000a", "d5d0000000000000000b");
        let done = gateway(json!({ "id": one, "sequence": 1 }));
        assert_eq!(done, gateway(json!({ "id": other, "sequence": 3 })));
        assert_ne!(
            done,
            gateway(json!({ "id": one, "operation": "o", "sequence": 1 }))
        );
        assert_ne!(done, gateway(json!({ "sequence": 1 })));
    }

    #[test]
    fn a_second_one_of_the_same_kind_is_a_difference() {
        let outcome = |made: &[&str], url: &str| Outcome {
            made: made.iter().map(|line| (*line).to_owned()).collect(),
            status: json!({ "url": url, "conditions": [] }),
        };
        let one = outcome(&["topic"], "a");
        assert_eq!(one.differences(&one), "");
        assert_eq!(
            outcome(&["topic", "topic"], "a").differences(&one),
            "\n+ topic"
        );
        let told = "\n+ status.url: \"b\"\n- topic\n- status.url: \"a\"";
        assert_eq!(outcome(&[], "b").differences(&one), told);
    }
}
