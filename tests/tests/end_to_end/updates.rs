//! Editing a chat: each edit reaches the cloud as the smallest change, a chat
//! that is as wished costs nothing, and a version that fails never serves.

use libtest_mimic::{Failed, Trial};
use serde_json::json;
use wschat_crds::{ConditionStatus, WsChat};
use wschat_tests::chat_socket::ChatSocket;
use wschat_tests::cloud::Cloud;
use wschat_tests::emulator::{Action, Fault, Phase, Request};
use wschat_tests::operator::Operator;
use wschat_tests::wait::{eventually, wait_for};

use crate::crash::{is_query, pattern};
use crate::stage::{SOON, Stage, hear};
use crate::suite::{Handle, Scene};

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![
        suite.trial(
            "every edit reaches the cloud as the smallest change",
            smallest_changes,
        ),
        suite.trial(
            "a chat that is as wished is neither written to nor changed",
            nothing_differs,
        ),
        suite.trial(
            "a version that isn't healthy never serves",
            failing_versions_wait,
        ),
        suite.trial("old versions are pruned", old_versions_go),
    ]
}

/// A spec, and the changes that lead to it from the one before.
const EDITS: [(&str, &[&str]); 9] = [
    (
        "{database: {requestUnitLimit: 100}}",
        &["PATCH /ydb/v1/databases/* serverlessDatabase"],
    ),
    (
        "{database: {requestUnitLimit: 100, deletionProtection: true}}",
        &["PATCH /ydb/v1/databases/* deletionProtection"],
    ),
    (
        "{database: {storageLimit: 2Gi}}",
        &["PATCH /ydb/v1/databases/* deletionProtection,serverlessDatabase"],
    ),
    ("{}", &["PATCH /ydb/v1/databases/* serverlessDatabase"]),
    (
        "{topic: {retention: 2h}}",
        &["GRPC /Ydb.Topic.V1.TopicService/AlterTopic"],
    ),
    (
        "{topic: {retention: 2h}, broadcast: {batchBytes: 1000, cutoff: 2s}}",
        &["PATCH /triggers/v1/triggers/* rule"],
    ),
    (
        "{topic: {retention: 2h}, broadcast: {batchBytes: 1000, cutoff: 2s}, \
          handler: {minInstances: 1}}",
        &["POST /functions/v1/functions/*:setScalingPolicy"],
    ),
    (
        "{topic: {retention: 2h}, handler: {minInstances: 1, concurrency: 8, logLevel: debug}, \
          broadcast: {batchBytes: 1000, cutoff: 2s}}",
        &[
            "POST /functions/v1/versions",
            "POST /functions/v1/versions/*:setTag",
        ],
    ),
    (
        "{path: /talk, topic: {retention: 2h}, broadcast: {batchBytes: 1000, cutoff: 2s}, \
          handler: {minInstances: 1, concurrency: 8, logLevel: debug}}",
        &[
            "PATCH /apigateways/v1/apigateways/* openapiSpec",
            "PATCH /triggers/v1/triggers/* rule",
        ],
    ),
];

async fn smallest_changes(scene: Scene) -> Result<(), Failed> {
    let stage = Stage::set(scene).await?;
    let first = stage.lobby().await?;
    for (spec, expected) in EDITS {
        let before = changes(&stage).await?.len();
        stage.apply("lobby", spec).await?;
        stage.ready("lobby").await?;
        let after = changes(&stage).await?;
        assert_eq!(after[before..], *expected, "{spec}");
    }
    let url = stage.ready("lobby").await?;
    assert_eq!(url, first.replace("/ws", "/talk"));
    // Not only the answers are right: it works.
    let mut alice = ChatSocket::join(&url, "alice").await?;
    say(&mut alice, "still here").await?;
    hear(&mut alice, "still here").await?;
    stage.clear().await
}

async fn nothing_differs(scene: Scene) -> Result<(), Failed> {
    let stage = Stage::set_with(scene, &["--resync", "100ms"]).await?;
    stage.lobby().await?;
    let before = (changes(&stage).await?, version_of(&stage).await?);
    looks(&stage, 20).await?;
    assert_eq!(
        (changes(&stage).await?, version_of(&stage).await?),
        before,
        "20 looks at a chat that is as wished"
    );
    stage.clear().await
}

async fn failing_versions_wait(scene: Scene) -> Result<(), Failed> {
    let stage = Stage::set(scene).await?;
    let url = stage.lobby().await?;
    let mut alice = ChatSocket::join(&url, "alice").await?;
    let sick = Fault {
        times: 0,
        ..Fault::once("INVOKE", "/*/$latest", Phase::Before, Action::Status(503))
    };
    stage.emulator.set_faults(&[sick]).await?;
    let tags = set_tags(&changes(&stage).await?);
    stage.apply("lobby", "{handler: {memory: 512Mi}}").await?;
    let chats = stage.chats();
    wait_for(&chats, "lobby", "Unhealthy", SOON, |chat| {
        says(chat, "Reconciling", ConditionStatus::True, "Unhealthy")
    })
    .await?;
    let chat = chats.get("lobby").await?;
    assert!(says(Some(&chat), "Ready", ConditionStatus::True, "Ready"));
    assert_eq!(set_tags(&changes(&stage).await?), tags, "the tag moved");
    say(&mut alice, "served by the old one").await?;
    hear(&mut alice, "served by the old one").await?;

    // Back to what serves: nothing is left to do, whatever the new one does.
    stage.apply("lobby", "{}").await?;
    stage.ready("lobby").await?;
    stage.apply("lobby", "{handler: {memory: 512Mi}}").await?;
    stage.emulator.clear_faults().await?;
    stage.ready("lobby").await?;
    assert_eq!(set_tags(&changes(&stage).await?), tags + 1);
    say(&mut alice, "served by the new one").await?;
    hear(&mut alice, "served by the new one").await?;
    stage.clear().await
}

async fn old_versions_go(scene: Scene) -> Result<(), Failed> {
    let stage = Stage::set(scene).await?;
    stage.lobby().await?;
    for concurrency in 1..=5 {
        let spec = format!("{{handler: {{concurrency: {concurrency}}}}}");
        stage.apply("lobby", &spec).await?;
        stage.ready("lobby").await?;
    }
    let versions = stage.emulator.state().await?.versions;
    let of_each: Vec<_> = versions.iter().map(|one| &one["concurrency"]).collect();
    assert_eq!(versions.len(), 3, "{of_each:?}");
    stage.clear().await
}

pub(crate) async fn say(socket: &mut ChatSocket, content: &str) -> Result<(), Failed> {
    let message = json!({ "type": "SEND", "content": content });
    Ok(socket.send(&message).await?)
}

/// What the operator changed in the cloud: method, path and mask of each call.
pub(crate) async fn changes(stage: &Stage) -> Result<Vec<String>, Failed> {
    let cloud = Cloud::of(stage.emulator.addresses())?;
    let all = stage.emulator.requests(Some(cloud.account())).await?;
    // Of a query, the records hold no text: most of them only read.
    let changes = all.iter().filter(|one| one.mutating && !is_query(one));
    Ok(changes.map(described).collect())
}

fn described(request: &Request) -> String {
    let method = if request.grpc {
        "GRPC"
    } else {
        &request.method
    };
    let mask = request.request_body["updateMask"].as_str();
    let text = format!(
        "{method} {} {}",
        pattern(&request.path),
        mask.unwrap_or_default()
    );
    text.trim_end().to_owned()
}

fn set_tags(changes: &[String]) -> usize {
    let moved = |change: &&String| change.ends_with(":setTag");
    changes.iter().filter(moved).count()
}

/// The version of the stored object, which grows with every write.
async fn version_of(stage: &Stage) -> Result<Option<String>, Failed> {
    let chat = stage.chats().get("lobby").await?;
    Ok(chat.metadata.resource_version)
}

/// Waits until the operator has looked so many times more.
pub(crate) async fn looks(stage: &Stage, more: u64) -> Result<(), Failed> {
    let until = count(&stage.operator, &GOOD).await? + more;
    looked(stage, until).await
}

/// Waits until the operator has looked so many times since its start.
pub(crate) async fn looked(stage: &Stage, until: u64) -> Result<(), Failed> {
    counted(&stage.operator, &GOOD, until).await
}

/// Waits until an operator has looked at a chat, even if it couldn't do what it
/// wanted.
pub(crate) async fn looked_at_all(operator: &Operator) -> Result<(), Failed> {
    counted(operator, &["done", "failed"], 1).await
}

/// How looks end that come to where they wanted.
const GOOD: [&str; 1] = ["done"];

async fn counted(operator: &Operator, outcomes: &[&str], until: u64) -> Result<(), Failed> {
    let enough = || async {
        match count(operator, outcomes).await {
            Ok(now) if now >= until => Ok(()),
            Ok(now) => Err(format!("{now} of {until} looks")),
            Err(error) => Err(error.message().unwrap_or("no metrics").to_owned()),
        }
    };
    eventually("looks at the chat", SOON, enough).await?;
    Ok(())
}

/// How many looks of an operator ended so.
async fn count(operator: &Operator, outcomes: &[&str]) -> Result<u64, Failed> {
    let page = operator.metrics().await?;
    let mut count = 0;
    for outcome in outcomes {
        let start = format!("wschat_reconciliations_total{{outcome=\"{outcome}\"}} ");
        let line = page.lines().find_map(|line| line.strip_prefix(&start));
        count += line.unwrap_or("0").parse::<u64>()?;
    }
    Ok(count)
}

/// Waits until an operator's metrics have this line.
pub(crate) async fn shows(operator: &Operator, line: &str) -> Result<(), Failed> {
    let is_so = async || {
        let page = operator.metrics().await;
        let page = page.map_err(|error| error.to_string())?;
        let found = page.lines().any(|one| one == line);
        found.then_some(()).ok_or_else(|| format!("not {line}"))
    };
    eventually(line, SOON, is_so).await?;
    Ok(())
}

/// Whether a condition has this status and reason.
pub(crate) fn says(
    chat: Option<&WsChat>,
    type_: &str,
    status: ConditionStatus,
    reason: &str,
) -> bool {
    let conditions = chat.and_then(|chat| chat.status.as_ref());
    let conditions = conditions.into_iter().flat_map(|all| &all.conditions);
    let mut of_type = conditions.filter(|one| one.type_ == type_);
    of_type.any(|one| one.status == status && one.reason == reason)
}
