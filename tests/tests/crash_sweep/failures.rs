//! What else goes wrong while a chat is made, edited and deleted, idea by idea.
//! However it goes, the chat comes to be as if nothing had been: one of each
//! thing, none left over, and nobody called for help that wasn't needed.

mod by_hand;
mod edits;
mod grants;
mod kubernetes;
mod late_reads;
mod operations;
mod rollout;
mod unheeded;
mod wrong_id;

use serde_json::Value;
use tokio::sync::OnceCell;
use wschat_crds::WsChat;
use wschat_tests::custom_resource::newest_is_ready;

use crate::gate::Passed;
use crate::life::{Outcome, come_to_rest, is_gone, outcome};
use crate::world::{Done, Problem, Setting, World};

/// More looks than any of this needs.
const ENOUGH: usize = 2_000;

/// What is to be seen of a chat that nothing happened to.
static UNDISTURBED: OnceCell<Outcome> = OnceCell::const_new();

async fn undisturbed() -> Result<&'static Outcome, Problem> {
    let live = async || {
        let world = created(Setting::default()).await?;
        let outcome = outcome(&world).await?.of_any_generation();
        world.end().await;
        Ok(outcome)
    };
    UNDISTURBED.get_or_try_init(live).await
}

/// An empty world.
async fn empty(setting: Setting) -> Result<World, Problem> {
    wschat_tests::crypto::use_ring();
    World::make(setting).await
}

/// A world with a chat that is as wished.
async fn created(setting: Setting) -> Result<World, Problem> {
    let world = empty(setting).await?;
    world.create_chat();
    settle(&world).await?;
    Ok(world)
}

fn is_as_wished(chat: Option<&WsChat>) -> bool {
    chat.is_some_and(newest_is_ready)
}

/// An operator looks until the chat is as wished, and stays so.
async fn settle(world: &World) -> Result<(), Problem> {
    world.look_until(is_as_wished, None).await?;
    come_to_rest(world).await
}

/// An operator looks, and after each look so many seconds pass in the cloud. Answers
/// why the chat wasn't ready after each.
async fn look_as_time_passes(
    world: &World,
    done: Done,
    seconds: u64,
) -> Result<Vec<String>, Problem> {
    let operator = world.operator()?;
    let mut told = Vec::new();
    for _ in 0..ENOUGH {
        let chat = world.chat();
        if done(chat.as_ref()) {
            return Ok(told);
        }
        let Some(chat) = chat else { break };
        operator.look(chat).await?;
        told.push(condition(world, "Ready").1);
        world.advance(seconds).await?;
    }
    Err(format!(
        "it doesn't come to be as wished: {:#?}",
        world.chat()
    ))
}

/// So many looks of one operator, whatever they find.
async fn look(world: &World, times: usize) -> Result<(), Problem> {
    let operator = world.operator()?;
    for _ in 0..times {
        let chat = world.chat().ok_or("the chat is gone")?;
        operator.look(chat).await?;
    }
    Ok(())
}

/// Nobody can tell that anything happened, and the chat leaves nothing behind.
async fn as_if_nothing_had_been(world: World) -> Result<(), Problem> {
    come_to_rest(&world).await?;
    let now = outcome(&world).await?.of_any_generation();
    let differences = now.differences(undisturbed().await?);
    if !differences.is_empty() {
        return Err(format!("it ended with{differences}"));
    }
    no_help_was_called_for(&world)?;
    leaves_nothing(world).await
}

/// Each kind of thing was asked to be made once.
fn nothing_was_asked_twice(passed: &Passed) -> Result<(), Problem> {
    let mut posts = passed.mutations();
    posts.retain(|call| call.starts_with("POST ") && !call.contains("/events"));
    posts.retain(|call| !call.contains(':'));
    posts.sort_unstable();
    let (all, mut each) = (posts.len(), posts.clone());
    each.dedup();
    if each.len() == all {
        Ok(())
    } else {
        Err(format!("asked twice: {posts:#?}"))
    }
}

fn no_help_was_called_for(world: &World) -> Result<(), Problem> {
    match world.kube().stalls() {
        none if none.is_empty() => Ok(()),
        stalls => Err(format!("help was called for: {stalls:#?}")),
    }
}

/// The chat is deleted, and nothing is left of it.
async fn leaves_nothing(world: World) -> Result<(), Problem> {
    world.delete_chat();
    world.look_until(is_gone, None).await?;
    let left = world.made().await?;
    world.end().await;
    if left.is_empty() {
        Ok(())
    } else {
        Err(format!("it left {left:#?}"))
    }
}

/// What the status says of one condition: its status and its reason.
fn condition(world: &World, type_: &str) -> (String, String) {
    let chat = serde_json::json!(world.chat());
    let all = chat["status"]["conditions"].as_array();
    let found = all.and_then(|all| all.iter().find(|one| one["type"] == type_));
    let text = |field: &str| found.and_then(|one| one[field].as_str());
    let text = |field: &str| text(field).unwrap_or_default().to_owned();
    (text("status"), text("reason"))
}

/// A field of what the status knows of one resource.
fn resource(world: &World, name: &str) -> Value {
    serde_json::json!(world.chat())["status"]["resources"][name].take()
}
