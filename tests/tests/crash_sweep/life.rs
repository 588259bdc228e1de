//! The life of a chat, in stages: after each, everything must be there as often
//! as in a life in which nobody died, and the status must say the same.

use std::fmt;

use wschat_crds::WsChat;
use wschat_tests::cloud::CloudError;
use wschat_tests::custom_resource::newest_is_ready;
pub(crate) use wschat_tests::life::{Outcome, edited, restored};
use wschat_tests::life::{handlers, is_healthy, is_unhealthy, restored_and_protected, unprotected};

use crate::gate::{Death, Passed};
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
    /// Every field that decides what it is made of and may change is edited.
    Update,
    /// All of them are as they were, but for the database, which stays protected.
    Revert,
    /// A handler that isn't healthy is deployed.
    Fail,
    /// Another one that is healthy is deployed.
    Recover,
    /// The database isn't to be protected any more, and at once it is deleted.
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
            Self::Fail => deploy(world, handlers::unhealthy())?,
            Self::Recover => deploy(world, handlers::another(world.handler()))?,
            Self::Adopt => world.lose_status(),
            Self::Update => world.edit_chat(&edited()),
            Self::Revert => world.edit_chat(&restored_and_protected()),
            Self::Delete => {
                world.edit_chat(&unprotected());
                world.delete_chat();
            }
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

fn deploy(world: &World, handler: Result<Vec<u8>, CloudError>) -> Result<(), Problem> {
    world.deploy(handler.map_err(|error| error.to_string())?);
    Ok(())
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

/// The version that clients talk to.
fn serving(world: &World) -> Option<String> {
    world.chat()?.status?.resources.live.id
}

/// How many looks may follow, for what may be done while a chat serves.
const REST: usize = 10;

/// One death a stage, or none.
pub(crate) type Deaths = [Option<Death>; Stage::ALL.len()];

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
    Ok(Outcome::of(&made, world.chat().as_ref()))
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
