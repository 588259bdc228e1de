//! A step dies at every call that it makes, forgets what it didn't write down,
//! and still makes exactly one of each, and leaves nothing behind.

use serde_json::json;
use wschat_crds::WsChat;

use super::account;
use crate::change::Changes;
use crate::context::Pass;
use crate::error::StepError;
use crate::journal::Journal;
use crate::outcome::Outcome;
use crate::resource::Resource;
use crate::survey::Survey;
use crate::testing::{When, World, world};
use crate::validate::identity;

/// More looks than any way through needs.
const ENOUGH: usize = 20;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    There,
    Back,
}

/// One look, which remembers only what the API server stores.
async fn look(world: &World, way: Way) -> Outcome<()> {
    let chat: WsChat = world.kube.chat();
    let identity = identity(&chat, &world.context.settings.defaults);
    let api = kube::Api::namespaced(world.context.kube.clone(), "team");
    let journal = Journal::open(api, &chat, world.context.leadership.clone()).unwrap();
    let pass = Pass {
        context: &world.context,
        began: world.context.clock.now(),
        identity: &identity,
        journal: &journal,
        leadership: &world.context.leadership,
        plans: false,
        survey: &Survey::Memory,
        changes: &Changes::default(),
    };
    let mut saved = chat.status.unwrap_or_default().resources.service_account;
    let outcome = match way {
        Way::There => account::ensure(&pass, &mut saved).await.map(|_| ()),
        Way::Back => account::remove(&pass, &mut saved).await,
    };
    // As the controller does after every look.
    match journal.save(Resource::ServiceAccount, &saved).await {
        Ok(()) => outcome,
        Err(error) => Outcome::Failed(error),
    }
}

/// Looks until everything is as wished. A look that failed is a process that
/// died.
async fn settle(world: &World, way: Way) {
    for _ in 0..ENOUGH {
        if matches!(look(world, way).await, Outcome::Ready(())) {
            return;
        }
    }
    panic!(
        "doesn't settle; the fault has struck: {}",
        world.fault.is_over()
    );
}

#[tokio::test]
async fn dying_at_any_call_makes_exactly_one_and_leaves_none() {
    for when in [When::Before, When::After] {
        for way in [Way::There, Way::Back] {
            let mut call = 0;
            loop {
                let world = world().await;
                if way == Way::Back {
                    settle(&world, Way::There).await;
                }
                world.fault.set(call, when);
                settle(&world, way).await;
                let left = usize::from(way == Way::There);
                assert_eq!(world.cloud.accounts(), left, "died {when:?} call {call}");
                if !world.fault.is_over() {
                    assert!(call >= 5, "only {call} calls in all");
                    break;
                }
                call += 1;
            }
        }
    }
}

#[tokio::test]
async fn a_lost_status_finds_what_is_there() {
    let world = world().await;
    settle(&world, Way::There).await;
    world.kube.lose_status();
    settle(&world, Way::There).await;
    assert_eq!(world.cloud.accounts(), 1);
}

#[tokio::test]
async fn what_was_deleted_by_hand_is_made_anew_and_not_replayed() {
    let world = world().await;
    settle(&world, Way::There).await;
    for _ in 0..2 {
        settle(&world, Way::Back).await;
        settle(&world, Way::There).await;
        assert_eq!(world.cloud.accounts(), 1);
    }
}

#[tokio::test]
async fn a_namesake_is_told_and_never_touched() {
    let world = world().await;
    let chat = world.kube.chat();
    let name = identity(&chat, &world.context.settings.defaults)
        .names
        .service_account;
    let theirs = json!({ "id": "theirs", "name": name, "labels": {}, "status": "ACTIVE" });
    world.cloud.plant("theirs", theirs);
    let outcome = look(&world, Way::There).await;
    assert!(
        matches!(&outcome, Outcome::Failed(StepError::Conflict { id, .. }) if id == "theirs"),
        "{outcome:?}"
    );
    settle(&world, Way::Back).await;
    assert_eq!(world.cloud.accounts(), 1, "it isn't ours to remove");
}
