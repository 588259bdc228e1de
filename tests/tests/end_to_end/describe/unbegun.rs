//! Chats that can't be begun, or come no further than their first part.

use kube::api::{Patch, PatchParams};
use libtest_mimic::{Failed, Trial};
use serde_json::json;
use wschat_crds::ConditionStatus;
use wschat_tests::cloud::AccessBindingAction::Remove;
use wschat_tests::cloud::Cloud;
use wschat_tests::emulator::Options;
use wschat_tests::wait::wait_for;

use super::scenery::Scenery;
use super::{as_approved, chat_of};
use crate::stage::{SOON, Stage};
use crate::suite::{Handle, Scene};
use crate::updates::says;

const OWN: &str = "b1gemulator000000000";
/// Where the operator lacks a role.
const POOR: &str = "b1gpoor0000000000000";
const UNKNOWN: &str = "b1gunknown0000000000";
const NOBODYS: &str = "b1gnobodys0000000000";

pub(super) const GOLDEN: [&str; 10] = [
    "Conflict",
    "CredentialsMissing",
    "CredentialsUnreadable",
    "FolderNotAllowed",
    "InstallationChanged",
    "Invalid",
    "InvalidCredentials-secret",
    "NotFound",
    "PermissionDenied",
    "Suspended",
];

pub(super) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![suite.trial(
        "kubectl describes what keeps a chat from being begun",
        unbegun,
    )]
}

async fn unbegun(scene: Scene) -> Result<(), Failed> {
    let stage = stage(scene).await?;
    let scenery = Scenery::on(stage)?;
    folders(&scenery).await?;
    keys(&scenery).await?;
    let unnameable = scenery.spec_with_key("\"No Secret\"", "");
    scenery.apply("Invalid", &unnameable).await?;
    scenery.apply("Suspended", "{suspend: true}").await?;
    let greeting = json!({ "/": { "get": { "x-yc-apigateway-integration": {
        "type": "dummy", "http_code": 200, "content": { "text/plain": "ours" },
    } } } });
    scenery.cloud.gateway("taken", &greeting).await?;
    scenery
        .apply("Conflict", "{names: {gateway: taken}}")
        .await?;
    moved(&scenery).await?;
    as_approved(&scenery.stage.scene, &GOLDEN).await?;
    scenery.stage.clear().await
}

async fn stage(scene: Scene) -> Result<Stage, Failed> {
    let folders = [OWN, POOR].into_iter();
    let cloud = folders.fold(Options::default(), |options, folder| {
        options.argument("--folder-id").argument(folder)
    });
    let namespace = scene.namespace.clone();
    let mut arguments = vec!["--installation-id".to_owned(), "here".to_owned()];
    for folder in [POOR, UNKNOWN] {
        arguments.push("--allow-folder".to_owned());
        arguments.push(format!("{}={folder}", namespace.name()));
    }
    Stage::set_whole(scene, namespace, &cloud, arguments).await
}

async fn folders(scenery: &Scenery) -> Result<(), Failed> {
    let poor = Cloud::of(scenery.stage.emulator.addresses())?.in_folder(POOR);
    poor.bind(Remove, "iam.serviceAccounts.admin", poor.account())
        .await?;
    for (golden, folder) in [
        ("PermissionDenied", POOR),
        ("NotFound", UNKNOWN),
        ("FolderNotAllowed", NOBODYS),
    ] {
        let spec = format!("{{folderId: {folder}}}");
        scenery.apply(golden, &spec).await?;
    }
    Ok(())
}

/// Keys that are no good.
async fn keys(scenery: &Scenery) -> Result<(), Failed> {
    let revoked = scenery.cloud.make_account("revoked", &[]).await?;
    let revoked = scenery.cloud.key_file(&revoked).await?;
    scenery.cloud.delete_key(&revoked).await?;
    scenery.secret("no-key", "{}").await?;
    scenery.secret("revoked-key", &revoked).await?;
    for (golden, secret) in [
        ("CredentialsMissing", "no-secret"),
        ("CredentialsUnreadable", "no-key"),
        ("InvalidCredentials-secret", "revoked-key"),
    ] {
        let spec = scenery.spec_with_key(secret, "");
        scenery.apply(golden, &spec).await?;
    }
    Ok(())
}

/// A chat that another cluster's operator made, as a backup of it has it.
async fn moved(scenery: &Scenery) -> Result<(), Failed> {
    let golden = "InstallationChanged";
    scenery.apply(golden, "{suspend: true}").await?;
    // Nobody looks at it any more, so nobody writes its status.
    wait_for(
        &scenery.stage.chats(),
        &chat_of(golden),
        "rest",
        SOON,
        |chat| says(chat, "Reconciling", ConditionStatus::False, "Suspended"),
    )
    .await?;
    let status = Patch::Merge(json!({ "status": { "installationId": "there" } }));
    scenery
        .stage
        .chats()
        .patch_status(&chat_of(golden), &PatchParams::default(), &status)
        .await?;
    scenery.apply(golden, "{suspend: false}").await
}
