//! Chats with keys of their own: the operator dies at some call of making one, of
//! moving it to another Secret, and of removing it when both Secrets are deleted
//! already. What is needed is held, and nothing else is, whoever dies when.

use std::sync::Arc;

use serde_json::json;
use wschat_tests::custom_resource::newest_is_ready;

use crate::gate::Passed;
use crate::leave::side_by_side;
use crate::life::{self, Deaths};
use crate::plan;
use crate::sweep::{DELAY, Tried, of_each_seed, setting};
use crate::world::{Done, Problem, World};

const FIRST: &str = "first";
const SECOND: &str = "second";

/// What happens to a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It is made, with the key in the first Secret.
    Create,
    /// It refers to the second one instead.
    Move,
    /// Both are deleted, and then the chat is.
    Leave,
}

impl Stage {
    const ALL: [Self; 3] = [Self::Create, Self::Move, Self::Leave];

    fn begin(self, world: &World) -> Result<(), Problem> {
        match self {
            Self::Create => {
                for name in [FIRST, SECOND] {
                    world.create_key(name)?;
                }
                world.create_chat();
                world.edit_chat(&json!({
                    "folderId": world.folder_id(),
                    "credentialsSecretRef": { "name": FIRST, "key": "key.json" },
                }));
            }
            Self::Move => world.edit_chat(&json!({ "credentialsSecretRef": { "name": SECOND } })),
            Self::Leave => {
                for name in [FIRST, SECOND] {
                    world.delete_key(name);
                }
                world.delete_chat();
            }
        }
        Ok(())
    }

    fn is_done(self) -> Done {
        match self {
            Self::Create | Self::Move => |chat| chat.is_some_and(newest_is_ready),
            Self::Leave => |chat| chat.is_none(),
        }
    }

    /// How many finalizers each Secret has then; nothing when it is gone.
    fn held(self) -> [Option<usize>; 2] {
        match self {
            Self::Create => [Some(1), Some(0)],
            Self::Move => [Some(0), Some(1)],
            Self::Leave => [None, None],
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_dies_at_any_call_holds_the_keys_that_are_needed() {
    of_each_seed("lives", sweep).await.unwrap();
}

/// All lives of a seed, or so many of them.
async fn sweep(seed: u64, count: Option<usize>) -> Result<Tried, Problem> {
    let world = World::make(setting(seed, DELAY)).await?;
    let passed = live(&world, [None; life::Stage::ALL.len()]).await?;
    world.end().await;
    let mut plan = plan::all(&passed, seed);
    let all = plan.len();
    // Half as many as in the sweep itself, or all.
    plan.truncate(count.map_or(all, |count| count / 2));
    let (count, planned) = (plan.len(), plan.iter().flatten().flatten().count());
    let attempt = |world: Arc<World>, deaths| async move {
        let lived = live(&world, deaths).await?;
        Ok(lived.iter().filter(|one| one.died_at.is_some()).count())
    };
    let (happened, problems) = side_by_side(plan, seed, attempt).await?;
    eprintln!("seed {seed}: {count} of {all} lives with keys, {happened} of {planned} deaths");
    Ok(Tried {
        planned,
        happened,
        problems,
    })
}

/// Lives through all stages. Answers the calls of each.
async fn live(world: &World, deaths: Deaths) -> Result<Vec<Passed>, Problem> {
    let mut all = Vec::new();
    for (stage, death) in Stage::ALL.into_iter().zip(deaths) {
        let told = |problem: Problem| format!("{stage:?}, {death:?}: {problem}");
        stage.begin(world).map_err(told)?;
        let passed = world.look_until(stage.is_done(), death).await;
        let passed = passed.map_err(told)?;
        world
            .look_until(stage.is_done(), None)
            .await
            .map_err(told)?;
        let held = [FIRST, SECOND].map(|name| world.holders_of_key(name));
        if held != stage.held() {
            let died_at = &passed.died_at;
            return Err(told(format!(
                "dead at {died_at:?}, keys are held by {held:?}"
            )));
        }
        all.push(passed);
    }
    let left = world.made().await?;
    if left.is_empty() {
        return Ok(all);
    }
    Err(format!("{deaths:?}: left behind: {left:#?}"))
}
