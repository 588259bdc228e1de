//! A Kubernetes whose API server refuses writes, answers late, or whose watch
//! shows what is long past.

use super::{as_if_nothing_had_been, empty, leaves_nothing, settle, undisturbed};
use crate::api_server::Trouble;
use crate::life::{edited, restored};
use crate::world::{NAP, Problem, Setting, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_is_not_written_is_not_missed() {
    undisturbed().await.unwrap();
    for trouble in [
        Trouble::Conflict,
        Trouble::Failure,
        Trouble::Lost,
        Trouble::Unanswered,
    ] {
        let lived = live_with(trouble).await;
        lived.unwrap_or_else(|problem| panic!("{trouble:?}: {problem}"));
    }
}

/// A chat is made, edited and edited back, and deleted half-way.
async fn live_with(trouble: Trouble) -> Result<(), Problem> {
    let world = empty(Setting {
        showing_up: NAP,
        ..Setting::default()
    })
    .await?;
    world.kube().trouble(Some(trouble));
    world.create_chat();
    for spec in [edited(), restored()] {
        world.look_until(super::is_as_wished, None).await?;
        world.edit_chat(&spec);
    }
    world.look_until(super::is_as_wished, None).await?;
    world.kube().trouble(None);
    settle(&world).await?;
    as_if_nothing_had_been(world).await?;
    delete_with(trouble).await
}

async fn delete_with(trouble: Trouble) -> Result<(), Problem> {
    let world = super::created(Setting::default()).await?;
    world.kube().trouble(Some(trouble));
    leaves_nothing(world).await
}

/// Each look is told of the chat as it was some looks before.
#[tokio::test(flavor = "multi_thread")]
async fn a_watch_that_lags_behind_misleads_nobody() {
    let world = empty(Setting::default()).await.unwrap();
    world.create_chat();
    for lag in [1, 2, 5] {
        look_behind(&world, lag).await.unwrap();
        world.edit_chat(&edited());
        look_behind(&world, lag).await.unwrap();
        world.edit_chat(&restored());
        look_behind(&world, lag).await.unwrap();
    }
    as_if_nothing_had_been(world).await.unwrap();
}

async fn look_behind(world: &World, lag: usize) -> Result<(), Problem> {
    let operator = world.operator()?;
    let mut seen = Vec::new();
    for _ in 0..super::ENOUGH {
        let chat = world.chat().ok_or("the chat is gone")?;
        let done = super::is_as_wished(Some(&chat));
        seen.push(chat);
        let told = seen.len().saturating_sub(1 + lag);
        let told = seen.get(told).cloned().ok_or("nothing was seen")?;
        if done {
            // What comes late changes nothing any more.
            operator.look(told).await?;
            return Ok(());
        }
        operator.look(told).await?;
        tokio::time::sleep(NAP / 10).await;
    }
    Err(format!(
        "it doesn't come to be as wished: {:#?}",
        world.chat()
    ))
}
