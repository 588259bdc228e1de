//! What people change or remove in the cloud by hand comes back, is told by an
//! Event, and what isn't the chat's is left alone.

mod person;
mod topic;

use k8s_openapi::api::core::v1::Event;
use kube::Api;
use kube::api::ListParams;
use libtest_mimic::{Failed, Trial};
use wschat_crds::ConditionStatus;
use wschat_tests::chat_socket::ChatSocket;
use wschat_tests::wait::{eventually, wait_for};

use person::{Part, Person};

use crate::stage::{SOON, Stage, hear};
use crate::suite::{Handle, Scene};
use crate::updates::{changes, looked, looks, say, says};

/// Surveys follow each other at once, and each part has its turn in a second.
const OFTEN: [&str; 2] = ["--resync", "100ms"];

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![
        suite.trial(
            "what is changed by hand is changed back, and what isn't ours stays",
            changed_by_hand,
        ),
        suite.trial(
            "a topic that is changed by hand is changed back, and its consumers stay",
            topic::changed_by_hand,
        ),
        suite.trial("what is removed by hand is made anew", removed_by_hand),
        suite.trial("a lost database is told and not made anew", lost_database),
        suite.trial("a folder is listed once for all its chats", listed_once),
    ]
}

async fn changed_by_hand(scene: Scene) -> Result<(), Failed> {
    let stage = Stage::set_with(scene, &OFTEN).await?;
    stage.lobby().await?;
    let person = Person::in_cloud_of(&stage).await?;
    person.adds_what_is_their_own().await?;
    looks(&stage, 10).await?;
    let before = person.sees().await?;

    for part in [
        Part::Account,
        Part::Database,
        Part::Function,
        Part::Gateway,
        Part::Specification,
        Part::Trigger,
        Part::Pause,
        Part::Roles,
        Part::Invokers,
        Part::Tag,
        Part::Instances,
    ] {
        // What was found before doesn't make the operator read everything any more.
        looks(&stage, 4).await?;
        person.change(part).await?;
        let back = || async {
            match person.sees().await {
                Ok(now) if now == before => Ok(()),
                Ok(now) => Err(format!("{part:?}: {now:?} instead of {before:?}")),
                Err(error) => Err(format!("{error:?}")),
            }
        };
        eventually(format!("{part:?} to be as before"), SOON, back).await?;
        stage.ready("lobby").await?;
    }
    is_told(&stage, "DriftRepaired", 9).await?;
    stage.clear().await
}

async fn removed_by_hand(scene: Scene) -> Result<(), Failed> {
    let stage = Stage::set_with(scene, &OFTEN).await?;
    stage.lobby().await?;
    let person = Person::in_cloud_of(&stage).await?;
    // Twice the same: the second one isn't answered by the first one's operation.
    for part in [
        Part::Trigger,
        Part::Trigger,
        Part::Gateway,
        Part::Function,
        Part::Account,
    ] {
        let gone = person.remove(part).await?;
        let chats = stage.chats();
        let what = format!("{part:?} {gone} to be replaced");
        wait_for(&chats, "lobby", what, SOON, |chat| {
            let status = chat.and_then(|chat| chat.status.as_ref());
            status.is_some_and(|status| {
                let all = &status.resources;
                let replaced = match part {
                    Part::Account => &all.service_account,
                    Part::Function => &all.function,
                    Part::Gateway => &all.gateway,
                    _ => &all.trigger,
                };
                // With a hash once it was seen to work.
                replaced.hash.is_some() && replaced.id.as_ref() != Some(&gone)
            }) && says(chat, "Ready", ConditionStatus::True, "Ready")
        })
        .await?;
        let url = stage.ready("lobby").await?;
        let mut alice = ChatSocket::join(&url, "alice").await?;
        say(&mut alice, &gone).await?;
        hear(&mut alice, &gone).await?;
    }
    is_told(&stage, "Remade", 1).await?;
    stage.clear().await
}

async fn lost_database(scene: Scene) -> Result<(), Failed> {
    let stage = Stage::set_with(scene, &OFTEN).await?;
    stage.lobby().await?;
    let person = Person::in_cloud_of(&stage).await?;
    let before = changes(&stage).await?.len();
    person.remove(Part::Database).await?;
    wait_for(&stage.chats(), "lobby", "DatabaseLost", SOON, |chat| {
        says(chat, "Stalled", ConditionStatus::True, "DatabaseLost")
            && says(chat, "Ready", ConditionStatus::False, "DatabaseLost")
    })
    .await?;
    let after = changes(&stage).await?;
    // The person uses the operator's key, so theirs is the only change.
    assert_eq!(after[before..], ["DELETE /ydb/v1/databases/*"]);
    crate::delete::delete(&stage, "lobby").await?;
    let mut left = crate::delete::made(&stage).await?;
    left.retain(|one| !one.contains("stranger"));
    assert_eq!(left, Vec::<String>::new());
    stage.clear().await
}

async fn listed_once(scene: Scene) -> Result<(), Failed> {
    let mut stage = Stage::set_with(scene, &["--resync", "1h"]).await?;
    let names = ["red", "green", "blue"];
    for name in names {
        stage.apply(name, "{}").await?;
    }
    for name in names {
        stage.ready(name).await?;
    }
    // It may have looked at all of them before anybody can count.
    let from = stage.emulator.requests(None).await?.len();
    stage.restart_operator().await?;
    looked(&stage, 3).await?;
    let all = stage.emulator.requests(None).await?;
    let lists = all[from..]
        .iter()
        .filter(|request| request.method == "GET" && request.path == "/ydb/v1/databases");
    assert_eq!(lists.count(), 1, "three chats, one list");
    stage.clear().await
}

/// Waits for so many Events of this reason, or more: they come a moment after
/// what they tell of.
pub(crate) async fn is_told(stage: &Stage, reason: &str, times: usize) -> Result<(), Failed> {
    let event = async || match told_of(stage).await {
        Ok(reasons) if reasons.iter().filter(|one| *one == reason).count() >= times => Ok(()),
        Ok(reasons) => Err(format!("{reasons:?}")),
        Err(error) => Err(format!("{error:?}")),
    };
    Ok(eventually(format!("an Event {reason}"), SOON, event).await?)
}

/// The reasons of all Events about the chat.
async fn told_of(stage: &Stage) -> Result<Vec<String>, Failed> {
    let events: Api<Event> = stage.namespace.api();
    let about = ListParams::default().fields("involvedObject.name=lobby");
    let all = events.list(&about).await?;
    let mut reasons = Vec::new();
    for event in all.items {
        let times = event.series.as_ref().and_then(|series| series.count);
        let reason = event.reason.unwrap_or_default();
        for _ in 0..times.unwrap_or(1).max(1) {
            reasons.push(reason.clone());
        }
    }
    Ok(reasons)
}
