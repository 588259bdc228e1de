use kube::Api;
use serde_json::json;

use super::*;
use crate::change::Changes;
use crate::journal::Journal;
use crate::slots::AT_ONCE;
use crate::survey::Survey;
use crate::testing::{When, World, world};
use crate::validate::identity;

/// Begins to make a version; tells how it stands, and whether the cloud was
/// asked.
async fn begin_version(world: &World, saved: &mut ResourceStatus) -> (Standing, bool) {
    let operation = Operation {
        id: "operation".to_owned(),
        ..Operation::default()
    };
    let (standing, asked) = begin_with(world, saved, operation).await;
    (standing.unwrap(), asked)
}

/// The same of a cloud that answers with this.
async fn begin_with(
    world: &World,
    saved: &mut ResourceStatus,
    answer: Operation,
) -> (Result<Standing, StepError>, bool) {
    let mutation = Mutation {
        resource: Resource::Version,
        action: "create",
        hash: "hash",
        id_field: Some("functionVersionId"),
        change: None,
    };
    let mut asked = false;
    let call = |_| {
        asked = true;
        async { Ok(answer) }
    };
    let standing = look(world, async |pass| begin(pass, mutation, saved, call).await).await;
    (standing, asked)
}

/// Does something in a look at the chat.
async fn look<T>(world: &World, work: impl AsyncFnOnce(&Pass<'_>) -> T) -> T {
    let chat = world.kube.chat();
    let identity = identity(&chat, &world.context.settings.defaults);
    let api = Api::namespaced(world.context.kube.clone(), "team");
    let leadership = &world.context.leadership;
    let pass = Pass {
        context: &world.context,
        began: world.context.clock.now(),
        identity: &identity,
        journal: &Journal::open(api, &chat, leadership.clone()).unwrap(),
        leadership,
        plans: false,
        survey: &Survey::Memory,
        changes: &Changes::default(),
    };
    work(&pass).await
}

#[tokio::test]
async fn an_operation_that_can_not_be_one_is_forgotten() {
    let world = world().await;
    let mut saved = ResourceStatus {
        operation: Some("no-number".to_owned()),
        intent: Some("k".to_owned()),
        ..ResourceStatus::default()
    };
    let resource = Resource::Roles;
    let standing = look(&world, async |pass| {
        standing(pass, resource, &mut saved).await
    })
    .await;
    assert!(matches!(standing, Ok(Standing::Idle)), "{standing:?}");
    assert_eq!((saved.operation, saved.intent), (None, None));
}

#[tokio::test]
async fn a_version_that_could_not_be_made_has_no_id() {
    let world = world().await;
    let mut saved = ResourceStatus {
        id: Some("before".to_owned()),
        hash: Some("of the one before".to_owned()),
        ..ResourceStatus::default()
    };
    let answer = json!({
        "id": "operation", "done": true,
        "metadata": { "functionVersionId": "never made" },
        "error": { "code": 3, "message": "no archive" },
    });
    let answer = serde_json::from_value(answer).unwrap();
    let (ended, asked) = begin_with(&world, &mut saved, answer).await;
    assert!(asked && ended.is_err(), "{ended:?}");
    assert_eq!(saved.id, None);
}

#[tokio::test]
async fn no_more_begin_in_a_folder_than_may_run() {
    let world = world().await;
    let (slots, now) = (&world.context.slots, world.context.clock.now());
    for chat in 0..AT_ONCE {
        slots.hold("b1g", &chat.to_string(), Resource::Version, now);
    }
    let mut saved = ResourceStatus::default();
    let (standing, asked) = begin_version(&world, &mut saved).await;
    assert!(matches!(standing, Standing::Running(_)), "{standing:?}");
    assert!(!asked);
    assert_eq!(saved, ResourceStatus::default(), "nothing was begun");

    slots.give_back("b1g", "0", Resource::Version);
    let (_, asked) = begin_version(&world, &mut saved).await;
    assert!(asked);
    assert_eq!(saved.operation.as_deref(), Some("operation"));
    let more = slots.take("b1g", "0", Resource::Version, now);
    assert_eq!(more, Err(1), "it runs");
}

#[tokio::test]
async fn what_could_not_be_written_down_holds_no_slot() {
    // Before the cloud is asked, and when it has answered.
    for (written, is_asked) in [(0, false), (1, true)] {
        let world = world().await;
        let (slots, now) = (&world.context.slots, world.context.clock.now());
        for chat in 1..AT_ONCE {
            slots.hold("b1g", &chat.to_string(), Resource::Version, now);
        }
        world.fault.set(written, When::Before);
        let operation = Operation::default();
        let mut saved = ResourceStatus::default();
        let (begun, asked) = begin_with(&world, &mut saved, operation).await;
        assert!(matches!(begun, Err(StepError::Journal(_))), "{begun:?}");
        assert_eq!(asked, is_asked);
        let other = slots.take("b1g", "other", Resource::Version, now);
        assert_eq!(other, Ok(()), "{written} written");
    }
}

#[test]
fn whatever_was_begun_and_seen_to_end_gets_another_key_next_time() {
    let mut saved = ResourceStatus {
        intent: Some("k".to_owned()),
        ..ResourceStatus::default()
    };
    fulfilled(&mut saved, "h".to_owned());
    let next = saved.sequence;
    assert!(next > 0 && saved.intent.is_none());
    fulfilled(&mut saved, "h".to_owned());
    assert_eq!(saved.sequence, next, "nothing was begun since");
}

#[test]
fn no_sequence_comes_twice_even_when_the_status_is_lost() {
    let at = |millisecond| Timestamp::from_millisecond(millisecond).unwrap();
    let mut sequence = following(0, at(1000));
    for _ in 0..3 {
        let next = following(sequence, at(1001));
        assert!(next > sequence);
        sequence = next;
    }
    assert!(
        following(0, at(1010)) > sequence,
        "known to nobody any more"
    );
    assert_eq!(following(2000, at(1010)), 2001, "clocks may go back");
}

#[tokio::test]
async fn what_is_begun_with_an_empty_status_has_another_key_than_all_before() {
    let world = world().await;
    let mut saved = ResourceStatus::default();
    begin_version(&world, &mut saved).await;
    let first = saved.sequence;
    assert!(
        first >= Timestamp::now().as_millisecond() - 60_000,
        "{first}"
    );
    // What was begun before an update of the operator keeps its key.
    let mut begun = ResourceStatus {
        intent: Some("k".to_owned()),
        ..ResourceStatus::default()
    };
    begin_version(&world, &mut begun).await;
    assert_eq!(begun.sequence, 0);
}

#[test]
fn who_waits_for_others_does_not_come_back_with_them() {
    assert_eq!(turn(1, 0), Duration::from_secs(1));
    assert_eq!(turn(PACE, 255), Duration::from_secs(2));
    // A thousand come ten in a second, and less.
    assert_eq!(turn(1000, 0), Duration::from_secs(100));
}

#[test]
fn a_young_operation_is_looked_at_often() {
    let now: Timestamp = "2026-01-01T00:02:00Z".parse().unwrap();
    let at = |created: &str| Operation {
        created_at: Some(created.to_owned()),
        ..Operation::default()
    };
    assert_eq!(
        pause(&at("2026-01-01T00:01:59Z"), now),
        Duration::from_millis(200)
    );
    assert_eq!(
        pause(&at("2026-01-01T00:01:50Z"), now),
        Duration::from_millis(300)
    );
    assert_eq!(
        pause(&at("2026-01-01T00:00:00Z"), now),
        Duration::from_secs(3)
    );
    assert_eq!(
        pause(&Operation::default(), now),
        Duration::from_millis(200)
    );
}
