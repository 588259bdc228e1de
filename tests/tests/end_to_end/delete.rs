//! Deleting a chat: nothing stays in the cloud, unless the user wants it to.

use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace as NamespaceObject;
use kube::Api;
use libtest_mimic::{Failed, Trial};
use wschat_tests::chat_socket::{ChatSocket, End};
use wschat_tests::emulator;
use wschat_tests::namespace::Namespace;
use wschat_tests::wait::wait_gone;

use crate::stage::{SOON, Stage, alice_and_bob};
use crate::suite::{Handle, Scene};
use crate::updates::shows;

const GONE_LIMIT: Duration = Duration::from_mins(1);

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![
        suite.trial("a deleted chat leaves nothing in the cloud", leaves_nothing),
        suite.trial(
            "a namespace with a chat can be deleted",
            namespaces_can_be_deleted,
        ),
        suite.trial(
            "a retained chat goes on without its object",
            retained_chats_go_on,
        ),
        suite.trial(
            "a chat that goes before it was begun isn't counted any more",
            what_is_gone_is_forgotten,
        ),
    ]
}

async fn leaves_nothing(scene: Scene) -> Result<(), Failed> {
    let stage = Stage::set(scene).await?;
    let url = stage.lobby().await?;
    let mut alice = ChatSocket::join(&url, "alice").await?;
    assert_ne!(made(&stage).await?, Vec::<String>::new());

    delete(&stage, "lobby").await?;
    assert_eq!(made(&stage).await?, Vec::<String>::new());
    // Whoever is still there is told.
    let end = alice.expect_end(SOON).await?;
    assert!(matches!(end, End::Closed(_)), "{end:?}");
    stage.clear().await
}

async fn namespaces_can_be_deleted(scene: Scene) -> Result<(), Failed> {
    if !scene.control_plane().has_controllers() {
        return Ok(());
    }
    let doomed = Namespace::create(scene.client(), "doomed").await?;
    let options = emulator::Options::default();
    let stage = Stage::set_for(scene, doomed.clone(), &options).await?;
    stage.lobby().await?;

    let namespaces: Api<NamespaceObject> = Api::all(stage.scene.client());
    let name = doomed.name().to_owned();
    doomed.delete().await?;
    wait_gone(&namespaces, &name, GONE_LIMIT).await?;
    assert_eq!(made(&stage).await?, Vec::<String>::new());
    stage.clear().await
}

async fn retained_chats_go_on(scene: Scene) -> Result<(), Failed> {
    let stage = Stage::set(scene).await?;
    stage.apply("lobby", "{deletionPolicy: Retain}").await?;
    let url = stage.ready("lobby").await?;
    let before = kinds(&made(&stage).await?);

    delete(&stage, "lobby").await?;
    assert_eq!(kinds(&made(&stage).await?), before);
    alice_and_bob(&url).await?;

    // The same chat again is that one, and can be deleted whole.
    assert_eq!(stage.lobby().await?, url);
    delete(&stage, "lobby").await?;
    assert_eq!(made(&stage).await?, Vec::<String>::new());
    stage.clear().await
}

/// Such a chat has no finalizer, so nobody takes leave of it.
async fn what_is_gone_is_forgotten(scene: Scene) -> Result<(), Failed> {
    let stage = Stage::set(scene).await?;
    stage.apply("abroad", "{folderId: elsewhere}").await?;
    let stalled = |number| format!(r#"wschat_chats{{condition="Stalled",status="True"}} {number}"#);
    shows(&stage.operator, &stalled(1)).await?;
    delete(&stage, "abroad").await?;
    shows(&stage.operator, &stalled(0)).await?;
    stage.clear().await
}

/// `kubectl delete`, which waits until the object is gone.
pub(crate) async fn delete(stage: &Stage, name: &str) -> Result<(), Failed> {
    let namespace = stage.namespace.name();
    let arguments = ["delete", "wschat", name, "-n", namespace, "--timeout=50s"];
    stage.scene.kubectl().run(arguments).await?;
    Ok(())
}

/// What chats made, apart from sockets that the gateway is about to forget.
pub(crate) async fn made(stage: &Stage) -> Result<Vec<String>, Failed> {
    let mut existing = stage.emulator.state().await?;
    existing.connections.clear();
    Ok(existing.made_by_chats())
}

/// What kinds of things there are, and how many of each.
fn kinds(described: &[String]) -> Vec<String> {
    let kind = |one: &String| one.split(" {").next().unwrap_or_default().to_owned();
    described.iter().map(kind).collect()
}
