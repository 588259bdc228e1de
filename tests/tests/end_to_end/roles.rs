//! The roles of `docs/permissions.md`: each is taken away once, and what the
//! operator says then names it.

use std::time::Duration;

use k8s_openapi::api::core::v1::Event;
use kube::Api;
use kube::api::ListParams;
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use wschat_crds::{ConditionStatus, WsChat};
use wschat_tests::cloud::AccessBindingAction::{Add, Remove};
use wschat_tests::cloud::Cloud;
use wschat_tests::emulator;
use wschat_tests::wait::{eventually, wait_for};

use crate::stage::Stage;
use crate::suite::{Handle, Scene};

const PERMISSIONS: &str = include_str!("../../../docs/permissions.md");
const TOLD_LIMIT: Duration = Duration::from_mins(1);

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![
        suite.trial(
            "each role that the operator lacks is told by its name",
            operator_roles,
        ),
        suite.trial(
            "each role that a chat's account lost comes back, and is told",
            chat_roles,
        ),
        suite.trial(
            "a chat that lost a role isn't Ready while nobody may give it back",
            what_nobody_may_mend,
        ),
    ]
}

/// The roles in the table of a section of the page.
fn roles(section: &str) -> Result<Vec<&'static str>, Failed> {
    let (_, after) = PERMISSIONS.split_once(section).ok_or("no such section")?;
    let section = after.split("\n#").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let roles: Vec<_> = rows.filter_map(|row| row.split('`').next()).collect();
    if roles.is_empty() {
        return Err("the section has no table of roles".into());
    }
    Ok(roles)
}

async fn operator_roles(scene: Scene) -> Result<(), Failed> {
    let mut room = emulator::Options::default();
    for quota in [
        "ydb.serverless-databases=20",
        "serverless.functions.count=20",
    ] {
        room = room.argument("--quota").argument(quota);
    }
    let stage = Stage::set_in(scene, &room).await?;
    let cloud = Cloud::of(stage.emulator.addresses())?;
    let mut roles = roles("## The operator's account")?;
    // It is given on the cloud, and nothing fails without it.
    roles.retain(|role| *role != "quota-manager.viewer");
    let owner = cloud.another("owner", &roles).await?;
    for (number, role) in roles.iter().enumerate() {
        cloud.bind(Remove, role, cloud.account()).await?;
        let name = format!("lobby-{number}");
        stage.apply(&name, "{}").await?;
        let what = format!("to be told of {role}");
        wait_for(&stage.chats(), &name, what, TOLD_LIMIT, |chat| {
            is_told(chat, role)
        })
        .await?;
        owner.bind(Add, role, cloud.account()).await?;
    }
    for number in 0..roles.len() {
        stage.ready(&format!("lobby-{number}")).await?;
    }
    stage.clear().await
}

async fn what_nobody_may_mend(scene: Scene) -> Result<(), Failed> {
    const GRANTING: &str = "resource-manager.admin";
    let stage = Stage::set_with(scene, &["--resync", "100ms"]).await?;
    stage.lobby().await?;
    let cloud = Cloud::of(stage.emulator.addresses())?;
    let owner = cloud.another("owner", &[GRANTING]).await?;
    // It still sees what it may not change.
    cloud.bind(Add, "viewer", cloud.account()).await?;
    owner.bind(Remove, GRANTING, cloud.account()).await?;
    let account = account_of_chat(&stage).await?;
    owner.bind(Remove, "ydb.editor", &account).await?;
    let what = "the chat not to be Ready";
    wait_for(&stage.chats(), "lobby", what, TOLD_LIMIT, |chat| {
        is_told(chat, GRANTING)
    })
    .await?;
    owner.bind(Add, GRANTING, cloud.account()).await?;
    stage.ready("lobby").await?;
    stage.clear().await
}

/// The id of the only chat's account.
async fn account_of_chat(stage: &Stage) -> Result<String, Failed> {
    let accounts = stage.emulator.state().await?.service_accounts;
    let of_chat = |account: &&Value| !account["labels"]["wschat-name"].is_null();
    let account = accounts.iter().find(of_chat).ok_or("no account")?;
    Ok(account["id"].as_str().ok_or("no id")?.to_owned())
}

/// Whether the chat isn't Ready for want of this role, and says how to get it.
fn is_told(chat: Option<&WsChat>, role: &str) -> bool {
    let status = chat.and_then(|chat| chat.status.as_ref());
    let mut all = status.into_iter().flat_map(|status| &status.conditions);
    all.any(|one| {
        one.type_ == "Ready"
            && one.status == ConditionStatus::False
            && one.reason == "PermissionDenied"
            && one.message.contains(role)
            && one.message.contains("docs/permissions.md")
    })
}

async fn chat_roles(scene: Scene) -> Result<(), Failed> {
    let stage = Stage::set_with(scene, &["--resync", "100ms"]).await?;
    stage.lobby().await?;
    let cloud = Cloud::of(stage.emulator.addresses())?;
    let account = &account_of_chat(&stage).await?;
    let roles = roles("## A chat's account")?;
    for role in &roles {
        cloud.bind(Remove, role, account).await?;
        let is_back = async || {
            let now = stage.emulator.state().await;
            let bindings = now.map_err(|error| error.to_string())?.access_bindings;
            let is_it = |one: &Value| one["roleId"] == *role && one["subject"]["id"] == *account;
            bindings
                .iter()
                .any(is_it)
                .then_some(())
                .ok_or("it isn't".to_owned())
        };
        eventually(format!("{role} to be back"), TOLD_LIMIT, is_back).await?;
    }
    let told = async || match repairs(&stage).await {
        Ok(notes) => {
            let is_told = |role: &&str| notes.iter().any(|note| note.contains(role));
            let all_are = roles.iter().all(is_told);
            all_are.then_some(()).ok_or_else(|| format!("{notes:?}"))
        }
        Err(error) => Err(format!("{error:?}")),
    };
    eventually("an Event about each", TOLD_LIMIT, told).await?;
    stage.clear().await
}

/// What was repaired, in the words of the Events.
async fn repairs(stage: &Stage) -> Result<Vec<String>, Failed> {
    let events: Api<Event> = stage.namespace.api();
    let about = ListParams::default().fields("involvedObject.name=lobby");
    let all = events.list(&about).await?.items.into_iter();
    let repairs = all.filter(|event| event.reason.as_deref() == Some("DriftRepaired"));
    Ok(repairs.filter_map(|event| event.message).collect())
}
