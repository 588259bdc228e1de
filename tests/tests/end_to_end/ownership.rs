//! Whose things in the cloud are: what isn't a chat's is never touched, what was
//! given to it is never deleted, and what is its own is found again.

mod person;

use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use libtest_mimic::{Failed, Trial};
use serde_json::json;
use wschat_crds::{ConditionStatus, WsChat};
use wschat_tests::cloud::Thing;
use wschat_tests::custom_resource::newest_is_ready;
use wschat_tests::emulator::Options;
use wschat_tests::namespace::Namespace;
use wschat_tests::operator::{Operator, Options as OperatorOptions};
use wschat_tests::wait::{wait_for, wait_gone};

use person::{Person, condition};

use crate::comes_back::made_once;
use crate::delete::{delete, made};
use crate::drift::is_told;
use crate::stage::{SOON, Stage, alice_and_bob};
use crate::suite::{Handle, Scene};
use crate::updates::{changes, looked, looks, says};

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![
        suite.trial(
            "a namesake is never touched, and one that is given to the chat is never deleted",
            namesakes,
        ),
        suite.trial(
            "two installations in one folder leave each other's things alone",
            two_installations,
        ),
        suite.trial(
            "a chat that is restored from a backup finds everything again",
            restored,
        ),
        suite.trial(
            "an allowed folder is used, and a protected database holds the delete",
            allowed_and_protected,
        ),
    ]
}

const NAMES: &str = "names: {serviceAccount: given, database: given, function: given, \
                     gateway: given, trigger: given}";

async fn namesakes(scene: Scene) -> Result<(), Failed> {
    let stage = Stage::set_with(scene, &["--installation-id", "here"]).await?;
    // A whole chat, which nobody owns any more.
    let retained = format!("{{deletionPolicy: Retain, {NAMES}}}");
    stage.apply("first", &retained).await?;
    let url = stage.ready("first").await?;
    delete(&stage, "first").await?;
    let person = Person::in_cloud_of(&stage)?;
    for thing in Thing::ALL {
        person.label(thing, &json!({})).await?;
    }
    let before = made_once(&stage).await?;
    stage.apply("lobby", &format!("{{{NAMES}}}")).await?;
    for (cutoff, thing) in (2_u8..).zip(Thing::ALL) {
        let condition = condition(thing);
        wait_for(&stage.chats(), "lobby", condition, SOON, |chat| {
            says(chat, condition, ConditionStatus::False, "Conflict")
        })
        .await?;
        person
            .label(thing, &json!({ "wschat-adopt": "here", "theirs": "1" }))
            .await?;
        if matches!(thing, Thing::Account) {
            let mut now = made_once(&stage).await?;
            now.retain(|one| !one.contains("wschat-adopt"));
            assert!(now.iter().all(|one| before.contains(one)), "{now:#?}");
            assert_eq!(now.len() + 1, before.len(), "{now:#?}");
        }
        // The spec decides again.
        let edited = format!("{{broadcast: {{cutoff: {cutoff}s}}, {NAMES}}}");
        stage.apply("lobby", &edited).await?;
    }
    assert_eq!(stage.ready("lobby").await?, url);
    alice_and_bob(&url).await?;
    is_told(&stage, "Adopted", Thing::ALL.len()).await?;

    delete(&stage, "lobby").await?;
    for thing in Thing::ALL {
        let labels = person.labels(thing).await?;
        let expected = json!({ "wschat-adopt": "here", "theirs": "1" });
        assert_eq!(labels, expected, "{thing:?}");
    }
    is_told(&stage, "Released", Thing::ALL.len()).await?;
    alice_and_bob(&url).await?;
    stage.clear().await
}

async fn two_installations(scene: Scene) -> Result<(), Failed> {
    let often = ["--resync", "100ms", "--installation-id", "one"];
    let stage = Stage::set_with(scene, &often).await?;
    let elsewhere = Namespace::create(stage.scene.client(), "elsewhere").await?;
    let administrator = stage.scene.control_plane().administrator();
    let options = OperatorOptions::for_emulator(administrator, stage.emulator.addresses())?
        .only_in(elsewhere.name())
        .argument("--installation-id", "two")
        .argument("--resync", "100ms")
        .name("second-operator");
    let mut second = Operator::start(&stage.scene.folder, &options)?;
    second.ready().await?;
    let fixed = "{names: {gateway: front-door}}";
    stage.apply("lobby", fixed).await?;
    let others = elsewhere.api::<WsChat>();
    let lobby: WsChat = serde_json::from_value(json!({
        "apiVersion": "wschat.dev/v1alpha1",
        "kind": "WsChat",
        "metadata": { "name": "lobby" },
        "spec": {},
    }))?;
    others.create(&PostParams::default(), &lobby).await?;
    stage.ready("lobby").await?;
    let ready = |chat: Option<&WsChat>| chat.is_some_and(newest_is_ready);
    wait_for(&others, "lobby", "the other to be Ready", SOON * 2, ready).await?;

    let before = (changes(&stage).await?, made_once(&stage).await?);
    looks(&stage, 15).await?;
    let after = (changes(&stage).await?, made_once(&stage).await?);
    assert_eq!(after, before, "both are live, and neither writes");

    // The other one wants what is the first one's.
    let mut rival = lobby.clone();
    rival.metadata.name = Some("rival".to_owned());
    rival.spec.names.gateway = Some("front-door".to_owned());
    others.create(&PostParams::default(), &rival).await?;
    wait_for(&others, "rival", "a Conflict", SOON * 2, |chat| {
        says(chat, "GatewayReady", ConditionStatus::False, "Conflict")
    })
    .await?;
    for name in ["rival", "lobby"] {
        others.delete(name, &DeleteParams::default()).await?;
        wait_gone(&others, name, SOON * 2).await?;
    }
    let mut left = made_once(&stage).await?;
    let mut own = before.1;
    own.retain(|one| left.contains(one));
    left.retain(|one| !own.contains(one));
    assert_eq!(left, Vec::<String>::new());
    let kinds = ["database", "function", "gateway", "trigger", "topic"];
    for kind in kinds {
        let count = own.iter().filter(|one| one.starts_with(kind)).count();
        assert_eq!(count, 1, "{kind}: {own:#?}");
    }
    alice_and_bob(&stage.ready("lobby").await?).await?;
    assert!(second.stop().await?.success());
    stage.clear().await
}

async fn restored(scene: Scene) -> Result<(), Failed> {
    let mut stage = Stage::set(scene).await?;
    let url = stage.lobby().await?;
    let before = made_once(&stage).await?;
    for with_status in [false, true] {
        let stopped = stage.operator.process().terminate(SOON).await?;
        assert!(stopped.success(), "{stopped}");
        let chats = stage.chats();
        let backup = chats.get("lobby").await?;
        // As in a cluster that is lost: nobody cleans up behind it.
        let bare = Patch::Merge(json!({ "metadata": { "finalizers": null } }));
        chats.patch("lobby", &PatchParams::default(), &bare).await?;
        chats.delete("lobby", &DeleteParams::default()).await?;
        wait_gone(&chats, "lobby", SOON).await?;
        let mut chat = WsChat::new("lobby", backup.spec.clone());
        chat.metadata.finalizers = backup.metadata.finalizers.clone();
        let new = chats.create(&PostParams::default(), &chat).await?;
        assert_ne!(new.metadata.uid, backup.metadata.uid);
        if with_status {
            let status = Patch::Merge(json!({ "status": backup.status }));
            chats
                .patch_status("lobby", &PatchParams::default(), &status)
                .await?;
        }
        stage.restart_operator().await?;
        looked(&stage, 1).await?;
        assert_eq!(stage.ready("lobby").await?, url);
        assert_eq!(made_once(&stage).await?, before);
    }
    delete(&stage, "lobby").await?;
    assert_eq!(made(&stage).await?, Vec::<String>::new());
    stage.clear().await
}

async fn allowed_and_protected(scene: Scene) -> Result<(), Failed> {
    let folders = ["b1gemulator000000000", "b1gteams000000000000"];
    let cloud = folders.iter().fold(Options::default(), |options, folder| {
        options.argument("--folder-id").argument(*folder)
    });
    let namespace = scene.namespace.clone();
    let pair = format!("{}={}", namespace.name(), folders[1]);
    let arguments = vec!["--allow-folder".to_owned(), pair];
    let stage = Stage::set_whole(scene, namespace, &cloud, arguments).await?;
    let spec = |protected: bool| {
        let database = format!("database: {{deletionProtection: {protected}}}");
        format!("{{folderId: {}, {database}}}", folders[1])
    };
    stage.apply("lobby", &spec(true)).await?;
    stage.apply("other", "{folderId: b1gelsewhere}").await?;
    stage.ready("lobby").await?;
    for database in &stage.emulator.state().await?.databases {
        assert_eq!(database["folderId"], folders[1], "{database}");
    }
    wait_for(&stage.chats(), "other", "a refusal", SOON, |chat| {
        says(chat, "Stalled", ConditionStatus::True, "FolderNotAllowed")
    })
    .await?;

    let before = changes(&stage).await?;
    let (chats, now) = (stage.chats(), DeleteParams::default());
    chats.delete("lobby", &now).await?;
    let held = wait_for(&chats, "lobby", "the protection", SOON, |chat| {
        says(chat, "Ready", ConditionStatus::False, "DeletionProtected")
    })
    .await?;
    let told = format!("{:?}", held.and_then(|chat| chat.status));
    for words in ["set it to false", "deletionPolicy to Retain"] {
        assert!(told.contains(words), "{told}");
    }
    assert_eq!(changes(&stage).await?, before, "nothing is removed");
    stage.apply("lobby", &spec(false)).await?;
    wait_gone(&chats, "lobby", SOON).await?;
    assert_eq!(made(&stage).await?, Vec::<String>::new());
    stage.clear().await
}
