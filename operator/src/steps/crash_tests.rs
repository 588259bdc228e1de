//! A step dies at every call that it makes, forgets what it didn't write down,
//! and still makes exactly one of each, and leaves nothing behind.

use std::sync::Arc;

use serde_json::{Value, json};
use wschat_crds::WsChat;

use super::account;
use super::sight::{LOOK_TWICE, SHOWING_UP};
use crate::change::Changes;
use crate::context::Pass;
use crate::error::StepError;
use crate::journal::Journal;
use crate::names::{LABEL_ADOPT, LABEL_INSTALLATION};
use crate::outcome::Outcome;
use crate::resource::Resource;
use crate::survey::Survey;
use crate::testing::{When, World, world};
use crate::validate::{Identity, identity};

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

/// A world with an account, or without, where the operator died when it had asked
/// for a way, and the cloud shows nothing.
async fn died_on_the_way(way: Way) -> World {
    for call in 0..ENOUGH {
        let mut world = world().await;
        let settings = Arc::get_mut(&mut world.context.settings).unwrap();
        settings.showing_up = SHOWING_UP;
        if way == Way::Back {
            settle(&world, Way::There).await;
        }
        let when = match way {
            Way::There => When::Before,
            Way::Back => When::After,
        };
        world.fault.set(call, when);
        look(&world, way).await;
        let status = world.kube.chat().status.unwrap_or_default();
        let saved = status.resources.service_account;
        let is_asked = saved.intent.is_some() && saved.operation.is_none();
        if is_asked && world.cloud.accounts() == 0 {
            return world;
        }
    }
    panic!("never asked");
}

#[tokio::test]
async fn what_was_there_is_looked_for_twice_and_what_may_come_for_longer() {
    for (way, patience) in [(Way::There, SHOWING_UP), (Way::Back, LOOK_TWICE)] {
        let world = died_on_the_way(way).await;
        let goes_on = async || matches!(look(&world, Way::Back).await, Outcome::Pending(_));
        assert!(goes_on().await);
        let seconds = i64::try_from(patience.as_secs()).unwrap();
        // It is noted in whole seconds.
        world.kube.let_pass(seconds - 2);
        assert!(goes_on().await, "{seconds}");
        world.kube.let_pass(2);
        assert!(!goes_on().await, "{seconds}");
    }
}

/// An account that is given to the chat.
fn given(world: &World) -> (Identity, Value) {
    let identity = identity(&world.kube.chat(), &world.context.settings.defaults);
    let account = json!({
        "id": "given",
        "name": identity.names.service_account,
        "labels": { LABEL_ADOPT: identity.labels[LABEL_INSTALLATION] },
        "status": "ACTIVE",
    });
    (identity, account)
}

/// A world in which the operator died when it had asked for the chat's labels on an
/// account that is given to it, and the cloud hasn't carried that out.
async fn died_adopting() -> World {
    for call in 0..ENOUGH {
        let mut world = world().await;
        let settings = Arc::get_mut(&mut world.context.settings).unwrap();
        settings.showing_up = SHOWING_UP;
        let (_, account) = given(&world);
        world.cloud.plant("given", account.clone());
        world.fault.set(call, When::Before);
        look(&world, Way::There).await;
        let status = world.kube.chat().status.unwrap_or_default();
        let saved = status.resources.service_account;
        if saved.adopted
            && saved.intent.is_some()
            && world.cloud.labels("given") == account["labels"]
        {
            return world;
        }
    }
    panic!("never asked");
}

#[tokio::test]
async fn what_gets_the_chats_labels_late_is_let_go_all_the_same() {
    let world = died_adopting().await;
    let (identity, account) = given(&world);
    let outcome = look(&world, Way::Back).await;
    assert!(matches!(outcome, Outcome::Pending(_)), "{outcome:?}");
    let mut late = account.clone();
    for (key, value) in &identity.labels {
        late["labels"][key] = json!(value);
    }
    world.cloud.plant("given", late);
    settle(&world, Way::Back).await;
    assert_eq!(world.cloud.labels("given"), account["labels"]);
}

#[tokio::test]
async fn what_was_adopted_is_given_back_with_the_labels_that_it_had() {
    let world = world().await;
    let (_, account) = given(&world);
    world.cloud.plant("given", account.clone());
    settle(&world, Way::There).await;
    settle(&world, Way::Back).await;
    assert_eq!(world.cloud.labels("given"), account["labels"]);
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
