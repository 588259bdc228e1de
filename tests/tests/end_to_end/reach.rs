//! A chat that the operator can't talk to any more: that is told, and the chat
//! stays Ready, since others may well reach it.

use libtest_mimic::{Failed, Trial};
use serde_json::json;
use wschat_crds::condition::{find, is_true};
use wschat_crds::{ConditionStatus, ConditionType, WsChat};
use wschat_tests::wait::wait_for;

use crate::drift::is_told;
use crate::stage::{SOON, Stage};
use crate::suite::{Handle, Scene};

/// So that nobody waits for minutes.
const OFTEN: [&str; 2] = ["--probe-interval", "500ms"];

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![suite.trial(
        "a chat that can't be reached says so and stays Ready",
        lost_and_found,
    )]
}

async fn lost_and_found(scene: Scene) -> Result<(), Failed> {
    let mut stage = Stage::set_with(scene, &OFTEN).await?;
    let url = stage.lobby().await?;
    let handshakes = json!({
        "method": "CONNECT", "path": "*", "times": 0, "action": { "status": 503 },
    });
    stage.emulator.set_fault_rules(&[handshakes]).await?;
    let lost = reachable(&stage, ConditionStatus::False).await?;
    let status = lost.status.ok_or("no status")?;
    assert!(is_true(&status.conditions, ConditionType::Ready));
    assert_eq!(status.url.as_ref(), Some(&url));
    let reachable_now = find(&status.conditions, ConditionType::Reachable);
    let told = reachable_now.map(|condition| (condition.reason.as_str(), &condition.message));
    let (reason, message) = told.ok_or("no condition")?;
    assert_eq!(reason, "Unreachable");
    assert!(
        message.contains(&url) && message.contains("503"),
        "{message}"
    );
    is_told(&stage, "Unreachable", 1).await?;

    // Another operator believes what the status says until it knows better.
    stage.restart_operator().await?;
    stage.emulator.clear_faults().await?;
    reachable(&stage, ConditionStatus::True).await?;
    stage.clear().await
}

/// Waits until the condition Reachable is so.
async fn reachable(stage: &Stage, wanted: ConditionStatus) -> Result<WsChat, Failed> {
    let is_so = |chat: Option<&WsChat>| {
        let status = chat.and_then(|chat| chat.status.as_ref());
        let conditions = status
            .map(|status| &status.conditions[..])
            .unwrap_or_default();
        find(conditions, ConditionType::Reachable).is_some_and(|now| now.status == wanted)
    };
    let what = format!("Reachable to be {wanted:?}");
    let chat = wait_for(&stage.chats(), "lobby", what, SOON, is_so).await?;
    Ok(chat.ok_or("the chat is gone")?)
}
