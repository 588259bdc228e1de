//! Chats that bring a key of their own: it is used for all that is done for them,
//! kept until they are gone, exchanged while everything runs, and told when it
//! is no good. The operator's own key is exchanged likewise.

pub(crate) mod guest;

use std::time::Duration;

use libtest_mimic::{Failed, Trial};
use wschat_crds::ConditionStatus;
use wschat_tests::binaries::workspace_root;
use wschat_tests::chat_socket::ChatSocket;
use wschat_tests::cloud::Cloud;
use wschat_tests::emulator::Options;
use wschat_tests::wait::{eventually, wait_for};

use guest::{Guest, SECRET};

use crate::delete::{delete, made};
use crate::plan;
use crate::stage::{SOON, Stage, hear};
use crate::suite::{Handle, Scene};
use crate::updates::{changes, say, says};

const LIMIT: Duration = Duration::from_mins(1);

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![
        suite.trial(
            "a chat with a key of its own is made and removed with it, and the Secret waits",
            own_key,
        ),
        suite.trial(
            "what is wrong with a chat's key is told, and heals by itself",
            bad_keys,
        ),
        suite.trial("another key, or another Secret, is used at once", exchanged),
        suite.trial(
            "the operator's key in a Secret opens no further folder",
            operators_key,
        ),
        suite.trial(
            "the operator's own key is exchanged without a restart",
            operators_key_is_exchanged,
        ),
    ]
}

async fn own_key(scene: Scene) -> Result<(), Failed> {
    let (stage, guest) = Guest::set(scene).await?;
    let account = guest.account("guest").await?;
    guest
        .put(SECRET, "key.json", &guest.key(&account).await?)
        .await?;
    let before = made(&stage).await?;
    let example = std::fs::read_to_string(workspace_root().join("examples/own-account.yaml"))?;
    let example = example
        .replace("b1gexample", guest.folder())
        .replace("name: own-account", "name: lobby")
        .replace("yandex-cloud", SECRET);
    let namespace = stage.namespace.name();
    let apply = ["apply", "-n", namespace, "-f", "-"];
    stage
        .scene
        .kubectl()
        .output(apply, &example)
        .await?
        .success()?;
    let url = stage.ready("lobby").await?;
    let mut alice = ChatSocket::join(&url, "alice").await?;
    say(&mut alice, "by a guest").await?;
    hear(&mut alice, "by a guest").await?;
    assert_eq!(
        changes(&stage).await?,
        Vec::<String>::new(),
        "the operator's own key"
    );
    let status = stage.chats().get("lobby").await?.status.unwrap_or_default();
    assert_eq!(status.credentials_secret.as_deref(), Some(SECRET));

    // The Secret is deleted first: it waits for the chat, which goes on.
    guest.delete(SECRET).await?;
    assert!(guest.is_held(SECRET).await?, "it is gone");
    let edited = guest.spec("broadcast: {cutoff: 2s}");
    let forecast = plan::plan(&stage, &edited).await?;
    let words = [
        "with the key in the Secret guests-key",
        "change the trigger",
    ];
    plan::told(&forecast, 2, &words);
    stage.apply("lobby", &edited).await?;
    stage.ready("lobby").await?;
    delete(&stage, "lobby").await?;
    assert_eq!(made(&stage).await?, before);
    guest.gone(SECRET).await?;
    stage.clear().await
}

async fn bad_keys(scene: Scene) -> Result<(), Failed> {
    let (stage, guest) = Guest::set(scene).await?;
    let account = guest.account("guest").await?;
    let revoked = guest.key(&account).await?;
    guest.revoke(&revoked).await?;
    let told = async |reason: &str, words: &str| {
        wait_for(&stage.chats(), "lobby", reason, SOON, |chat| {
            let status = chat.and_then(|chat| chat.status.as_ref());
            let mut all = status.into_iter().flat_map(|status| &status.conditions);
            all.any(|one| {
                one.type_ == "Ready" && one.reason == reason && one.message.contains(words)
            })
        })
        .await
    };
    let before = made(&stage).await?;
    stage.apply("lobby", &guest.spec("")).await?;
    told("CredentialsMissing", "kubectl create secret generic").await?;
    // Nothing was begun, so nothing keeps the chat.
    delete(&stage, "lobby").await?;
    stage.apply("lobby", &guest.spec("")).await?;
    guest.put(SECRET, "other.json", "{}").await?;
    told("CredentialsMissing", "has no key key.json").await?;
    guest.put(SECRET, "key.json", "{}").await?;
    told("CredentialsUnreadable", "not an authorized key").await?;
    guest.put(SECRET, "key.json", &revoked).await?;
    told("InvalidCredentials", "into the Secret").await?;
    guest
        .put(SECRET, "key.json", &guest.key(&account).await?)
        .await?;
    stage.ready("lobby").await?;

    // A chat that serves isn't stopped by a key that is no good.
    guest.put(SECRET, "key.json", "{}").await?;
    let what = "the trouble beside Ready";
    wait_for(&stage.chats(), "lobby", what, SOON, |chat| {
        says(
            chat,
            "Reconciling",
            ConditionStatus::True,
            "CredentialsUnreadable",
        ) && says(chat, "Ready", ConditionStatus::True, "Ready")
    })
    .await?;
    // Without a key nobody can remove the cloud side, and that is told.
    guest.start_delete("lobby").await?;
    told("CredentialsUnreadable", "not an authorized key").await?;
    guest
        .put(SECRET, "key.json", &guest.key(&account).await?)
        .await?;
    delete(&stage, "lobby").await?;
    assert_eq!(made(&stage).await?, before);
    guest.delete(SECRET).await?;
    guest.gone(SECRET).await?;
    stage.clear().await
}

async fn exchanged(scene: Scene) -> Result<(), Failed> {
    let (stage, guest) = Guest::set(scene).await?;
    let first = guest.account("first").await?;
    let second = guest.account("second").await?;
    let before = made(&stage).await?;
    let key = guest.key(&first).await?;
    guest.put(SECRET, "key.json", &key).await?;
    stage.apply("lobby", &guest.spec("")).await?;
    stage.ready("lobby").await?;
    assert_eq!(guest.calls(&second).await?, 0);

    // The chat is settled: nothing but the Secret tells the operator.
    guest
        .put(SECRET, "key.json", &guest.key(&second).await?)
        .await?;
    guest.revoke(&key).await?;
    let used = || async {
        match guest.calls(&second).await {
            Ok(0) => Err("nobody called".to_owned()),
            Ok(_) => Ok(()),
            Err(error) => Err(error.message().unwrap_or_default().to_owned()),
        }
    };
    eventually("the new key to be used", SOON, used).await?;
    let calls = guest.calls(&first).await?;
    stage
        .apply("lobby", &guest.spec("broadcast: {cutoff: 2s}"))
        .await?;
    stage.ready("lobby").await?;
    assert_eq!(guest.calls(&first).await?, calls, "the former key is used");

    let other = "another-secret";
    guest
        .put(other, "key.json", &guest.key(&second).await?)
        .await?;
    stage.apply("lobby", &guest.spec_with(other, "")).await?;
    stage.ready("lobby").await?;
    guest.delete(SECRET).await?;
    guest.gone(SECRET).await?;
    assert!(guest.is_held(other).await?, "it isn't held");
    delete(&stage, "lobby").await?;
    assert_eq!(made(&stage).await?, before);
    assert!(!guest.is_held(other).await?, "nobody needs it");
    stage.clear().await
}

async fn operators_key(scene: Scene) -> Result<(), Failed> {
    let (stage, guest) = Guest::set(scene).await?;
    let file = stage.emulator.addresses().operator_key.clone();
    let key = std::fs::read_to_string(file.ok_or("no operator key")?)?;
    guest.put(SECRET, "key.json", &key).await?;
    stage.apply("lobby", &guest.spec("")).await?;
    wait_for(&stage.chats(), "lobby", "a refusal", SOON, |chat| {
        says(chat, "Stalled", ConditionStatus::True, "FolderNotAllowed")
    })
    .await?;
    assert_eq!(changes(&stage).await?, Vec::<String>::new());
    stage.clear().await
}

async fn operators_key_is_exchanged(scene: Scene) -> Result<(), Failed> {
    let short = Options::default().argument("--iam-token-lifetime");
    let stage = Stage::set_in(scene, &short.argument("2s")).await?;
    stage.lobby().await?;
    let file = stage.emulator.addresses().operator_key.clone();
    let file = file.ok_or("no operator key")?;
    let old = std::fs::read_to_string(&file)?;
    let cloud = Cloud::of(stage.emulator.addresses())?;
    std::fs::write(&file, cloud.key_file(cloud.account()).await?)?;
    cloud.delete_key(&old).await?;
    // Its token was refused, and so would be its key.
    let chats = stage.chats();
    stage.apply("lobby", "{broadcast: {cutoff: 2s}}").await?;
    stage.ready("lobby").await?;
    let chat = chats.get("lobby").await?;
    assert!(says(
        Some(&chat),
        "Reconciling",
        ConditionStatus::False,
        "UpToDate"
    ));
    let exchanges = stage.emulator.requests(None).await?;
    let with_old_key = exchanges
        .iter()
        .filter(|call| call.path == "/iam/v1/tokens" && call.status == 401);
    assert_eq!(with_old_key.count(), 0, "the old key was used once more");
    tokio::time::timeout(LIMIT, delete(&stage, "lobby")).await??;
    stage.clear().await
}
