//! Chats that served until something happened, and new ones that stop on their
//! way. Each breakage is for one chat alone: by its path, its function, or the
//! account whose key it brings.

use kube::api::{DeleteParams, Patch, PatchParams};
use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use wschat_crds::{ConditionStatus, WsChat};
use wschat_tests::emulator::Options;
use wschat_tests::wait::{eventually, wait_for};

use super::scenery::Scenery;
use super::{as_approved, chat_of};
use crate::stage::{SOON, Stage};
use crate::suite::{Handle, Scene};
use crate::updates::says;

pub(super) const GOLDEN: [&str; 19] = [
    "CloudUnavailable",
    "CredentialsUnreadable-deleting",
    "DatabaseFailed",
    "DatabaseLost",
    "Deleting",
    "DeletionProtected",
    "Duplicate",
    "Invalid-edit",
    "OperationFailed",
    "ProbeFailed",
    "Probing",
    "Provisioning",
    "QuotaExceeded",
    "Suspended-pending",
    "Unhealthy",
    "Unhealthy-new",
    "Unheeded",
    "Unreachable",
    "Updating",
];

/// Those that are Ready first, by the operator's key.
const WITH_ITS_KEY: [(&str, &str); 4] = [
    (
        "DeletionProtected",
        "{database: {deletionProtection: true}}",
    ),
    ("Suspended-pending", "{}"),
    ("Unhealthy", "{}"),
    ("Unreachable", "{path: /lost}"),
];
/// Those that are Ready first, by keys of their own.
const WITH_OWN_KEY: [&str; 9] = [
    "CloudUnavailable",
    "CredentialsUnreadable-deleting",
    "DatabaseLost",
    "Deleting",
    "Duplicate",
    "Invalid-edit",
    "OperationFailed",
    "Unheeded",
    "Updating",
];

/// What a folder holds.
const LISTS: [&str; 5] = [
    "/iam/v1/serviceAccounts",
    "/ydb/v1/databases",
    "/functions/v1/functions",
    "/apigateways/v1/apigateways",
    TRIGGERS,
];
const TRIGGERS: &str = "/triggers/v1/triggers";
const EDITED: &str = "broadcast: {cutoff: 2s}";

pub(super) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![suite.trial(
        "kubectl describes what a chat meets on its way and while it serves",
        serving,
    )]
}

async fn serving(scene: Scene) -> Result<(), Failed> {
    let mut room = Options::default();
    for quota in [
        "ydb.serverless-databases=40",
        "serverless.functions.count=40",
    ] {
        room = room.argument("--quota").argument(quota);
    }
    let arguments = [
        "--installation-id",
        "here",
        "--resync",
        "2s",
        "--probe-interval",
        "2s",
    ];
    let arguments = arguments.map(str::to_owned).to_vec();
    let namespace = scene.namespace.clone();
    let stage = Stage::set_whole(scene, namespace, &room, arguments).await?;
    let mut scenery = Scenery::on(stage)?;
    for (golden, spec) in WITH_ITS_KEY {
        scenery.apply(golden, spec).await?;
    }
    let mut accounts = Vec::new();
    for golden in WITH_OWN_KEY {
        accounts.push(scenery.apply_with_key(golden, "").await?);
    }
    beginning(&mut scenery).await?;
    let with_its_key = WITH_ITS_KEY.map(|(golden, _)| golden);
    for golden in with_its_key.iter().chain(&WITH_OWN_KEY) {
        scenery.stage.ready(&chat_of(golden)).await?;
    }
    by_people(&scenery).await?;
    by_function(&mut scenery).await?;
    for (golden, account) in WITH_OWN_KEY.iter().zip(&accounts) {
        by_account(&mut scenery, golden, account).await?;
    }
    time_passes(&scenery).await?;
    as_approved(&scenery.stage.scene, &GOLDEN).await?;
    scenery.stage.clear().await
}

/// New chats for which something is wrong before they begin.
async fn beginning(scenery: &mut Scenery) -> Result<(), Failed> {
    let full = json!({ "patch": { "limit": 1, "usage": 1 } });
    let running = json!({ "patch": { "done": false, "response": null } });
    let refused = json!({ "ydb": "PRECONDITION_FAILED" });
    for (golden, faults) in [
        (
            "QuotaExceeded",
            vec![("GET", "/quota-manager/*", "after", full)],
        ),
        (
            "Provisioning",
            vec![
                ("POST", "/ydb/v1/databases", "after", running.clone()),
                ("GET", "/operations/*", "after", running),
            ],
        ),
        (
            "DatabaseFailed",
            vec![(
                "GRPC",
                "/Ydb.Query.V1.QueryService/ExecuteQuery",
                "before",
                refused,
            )],
        ),
        (
            "Unhealthy-new",
            vec![("POST", "/invoke/*", "before", json!({ "status": 503 }))],
        ),
    ] {
        let account = scenery.key(golden).await?;
        for (method, path, phase, action) in faults {
            let fault = of_account(&account, (method, path, phase), &action);
            scenery.fault(fault).await?;
        }
        let spec = scenery.spec_with_key(&chat_of(golden), "");
        scenery.apply(golden, &spec).await?;
    }
    let refused = json!({
        "method": "CONNECT", "path": "*/refused", "times": 0, "action": { "status": 503 },
    });
    let silent = json!({
        "method": "FRAME", "path": "*/silent", "times": 0, "when": { "contains": "PROBE" },
        "action": { "drop": {} },
    });
    scenery.fault(refused).await?;
    scenery.fault(silent).await?;
    scenery.apply("ProbeFailed", "{path: /refused}").await?;
    scenery.apply("Probing", "{path: /silent}").await
}

/// What people do to chats that serve.
async fn by_people(scenery: &Scenery) -> Result<(), Failed> {
    let suspended = format!("{{suspend: true, {EDITED}}}");
    scenery.apply("Suspended-pending", &suspended).await?;
    scenery.delete("DeletionProtected").await
}

/// A new version that fails, and a chat whose sockets are refused.
async fn by_function(scenery: &mut Scenery) -> Result<(), Failed> {
    let function = scenery.id("Unhealthy", "function").await?;
    let unhealthy = json!({
        "method": "INVOKE", "path": format!("/{function}/$latest"), "times": 0,
        "action": { "status": 503 },
    });
    let lost = json!({
        "method": "CONNECT", "path": "*/lost", "times": 0, "action": { "status": 503 },
    });
    scenery.fault(unhealthy).await?;
    scenery.fault(lost).await?;
    scenery
        .apply("Unhealthy", "{handler: {memory: 512Mi}}")
        .await
}

/// What happens to the chat with the key of one account.
async fn by_account(scenery: &mut Scenery, golden: &str, account: &str) -> Result<(), Failed> {
    match golden {
        "CredentialsUnreadable-deleting" => {
            scenery.secret(&chat_of(golden), "{}").await?;
            scenery.tells(golden, "CredentialsUnreadable").await?;
            scenery.delete(golden).await
        }
        "Invalid-edit" => {
            let spec = scenery.spec_with_key("\"No Secret\"", "");
            scenery.apply(golden, &spec).await
        }
        "CloudUnavailable" => {
            // Lists only: what is read in turn comes at any time.
            for list in LISTS {
                let away = of_account(account, ("GET", list, "before"), &json!({ "status": 503 }));
                scenery.fault(away).await?;
            }
            Ok(())
        }
        "DatabaseLost" => lose_database(scenery, golden, account).await,
        "Deleting" | "Updating" => {
            let running = json!({ "patch": { "done": false, "response": null } });
            for (method, path) in [("DELETE", "*"), ("PATCH", "*"), ("GET", "/operations/*")] {
                let fault = of_account(account, (method, path, "after"), &running);
                scenery.fault(fault).await?;
            }
            if golden == "Deleting" {
                return scenery.delete(golden).await;
            }
            let spec = scenery.spec_with_key(&chat_of(golden), EDITED);
            scenery.apply(golden, &spec).await
        }
        _ => by_trigger(scenery, golden, account).await,
    }
}

/// The database still answers who asks it, so that nothing but its loss is told.
async fn lose_database(scenery: &mut Scenery, golden: &str, account: &str) -> Result<(), Failed> {
    let lost = scenery.id(golden, "database").await?;
    let lost = format!("/ydb/v1/databases/{lost}");
    let unlisted = json!({ "patch": { "databases": [] } });
    for (path, phase, action) in [
        ("/ydb/v1/databases", "after", unlisted),
        (lost.as_str(), "before", json!({ "status": 404 })),
    ] {
        let fault = of_account(account, ("GET", path, phase), &action);
        scenery.fault(fault).await?;
    }
    Ok(())
}

/// A trigger with a twin, one that the cloud writes otherwise, or one that it
/// can't change.
async fn by_trigger(scenery: &mut Scenery, golden: &str, account: &str) -> Result<(), Failed> {
    let trigger = scenery.part(golden, "trigger").await?;
    let mut other = trigger.clone();
    other["description"] = "as the cloud likes it".into();
    if golden == "Unheeded" {
        return show(scenery, account, &[other]).await;
    }
    if golden == "Duplicate" {
        let mut twin = other.clone();
        twin["id"] = "a1stwin0000000000000".into();
        twin["createdAt"] = "2100-01-01T00:00:00Z".into();
        return show(scenery, account, &[other, twin]).await;
    }
    show(scenery, account, &[trigger]).await?;
    let error = json!({ "code": 13, "message": "Internal error" });
    let failed = json!({ "patch": { "done": true, "response": null, "error": error } });
    let fault = of_account(account, ("PATCH", "/triggers/*", "after"), &failed);
    scenery.fault(fault).await?;
    let spec = scenery.spec_with_key(&chat_of(golden), EDITED);
    scenery.apply(golden, &spec).await
}

/// Shows an account these triggers, whatever there is.
async fn show(scenery: &mut Scenery, account: &str, listed: &[Value]) -> Result<(), Failed> {
    let list = json!({ "patch": { "triggers": listed } });
    let fault = of_account(account, ("GET", TRIGGERS, "after"), &list);
    scenery.fault(fault).await
}

/// Makes the change that isn't heeded two minutes old.
async fn time_passes(scenery: &Scenery) -> Result<(), Failed> {
    let (chats, name) = (scenery.stage.chats(), chat_of("Unheeded"));
    let then = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(2);
    let unseen = json!({ "status": { "resources": { "trigger": {
        "unseenSince": then.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    } } } });
    let told = async || {
        let chat = chats.get(&name).await.map_err(|error| error.to_string())?;
        if says(Some(&chat), "Stalled", ConditionStatus::True, "Unheeded") {
            return Ok(());
        }
        if is_asked(&chat) {
            let patch = Patch::Merge(&unseen);
            let patched = chats
                .patch_status(&name, &PatchParams::default(), &patch)
                .await;
            patched.map_err(|error| error.to_string())?;
        }
        Err("it isn't told".to_owned())
    };
    Ok(eventually("a change to be unheeded", SOON, told).await?)
}

/// Whether the change was asked for.
fn is_asked(chat: &WsChat) -> bool {
    let status = chat.status.as_ref();
    status.is_some_and(|status| {
        let trigger = &status.resources.trigger;
        trigger.operation.is_none() && trigger.unseen_since.is_some()
    })
}

/// A fault that only one account meets.
fn of_account(account: &str, place: (&str, &str, &str), action: &Value) -> Value {
    let (method, path, phase) = place;
    json!({
        "method": method, "path": path, "subject": account, "phase": phase, "times": 0,
        "action": action,
    })
}

impl Scenery {
    async fn delete(&self, golden: &str) -> Result<(), Failed> {
        let chats = self.stage.chats();
        chats
            .delete(&chat_of(golden), &DeleteParams::default())
            .await?;
        Ok(())
    }

    /// Waits until the operator tells of this trouble.
    async fn tells(&self, golden: &str, reason: &str) -> Result<(), Failed> {
        let chats = self.stage.chats();
        wait_for(&chats, &chat_of(golden), reason, SOON, |chat| {
            says(chat, "Reconciling", ConditionStatus::True, reason)
        })
        .await?;
        Ok(())
    }

    /// The id of a chat's database, function or trigger.
    async fn id(&self, golden: &str, part: &str) -> Result<String, Failed> {
        let part = self.part(golden, part).await?;
        let id = part["id"].as_str().map(str::to_owned);
        id.ok_or_else(|| "a part without an id".into())
    }

    /// A chat's database, function or trigger.
    async fn part(&self, golden: &str, part: &str) -> Result<Value, Failed> {
        let state = self.stage.emulator.state().await?;
        let all = match part {
            "database" => state.databases,
            "function" => state.functions,
            _ => state.triggers,
        };
        let of_chat = |one: &Value| one["labels"]["wschat-name"] == chat_of(golden);
        let found = all.into_iter().find(of_chat);
        found.ok_or_else(|| format!("{golden} has no {part}").into())
    }
}
