//! Chats that leave with what is around them: their namespace with the key that
//! they need, or the definition of all chats.

use k8s_openapi::api::core::v1::Namespace as NamespaceObject;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use libtest_mimic::{Failed, Trial};
use wschat_crds::{ConditionStatus, WsChat};
use wschat_tests::control_plane::{ControlPlane, Source};
use wschat_tests::custom_resource::{install, newest_is_ready, smallest_chat};
use wschat_tests::emulator::{Action, Emulator, Fault, Options, Phase};
use wschat_tests::namespace::Namespace;
use wschat_tests::operator::{Operator, Options as OperatorOptions};
use wschat_tests::wait::{wait_for, wait_gone};

use crate::credentials::guest::{Guest, SECRET};
use crate::delete::made;
use crate::stage::SOON;
use crate::suite::{Handle, Scene};
use crate::updates::says;

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![
        suite.trial(
            "a namespace is deleted with a chat in the making, and its key waits for it",
            namespace_with_a_key,
        ),
        suite.trial(
            "the definition is deleted with all chats, and comes back",
            definition,
        ),
    ]
}

async fn namespace_with_a_key(scene: Scene) -> Result<(), Failed> {
    if !scene.control_plane().has_controllers() {
        return Ok(());
    }
    let doomed = Namespace::create(scene.client(), "doomed").await?;
    let (stage, guest) = Guest::set_for(scene, doomed.clone()).await?;
    let account = guest.account("guest").await?;
    guest
        .put(SECRET, "key.json", &guest.key(&account).await?)
        .await?;
    let before = made(&stage).await?;
    // Whoever is to leave can't, for a while.
    let held = Fault {
        times: 0,
        ..Fault::once(
            "DELETE",
            "/ydb/v1/databases/*",
            Phase::Before,
            Action::Status(503),
        )
    };
    stage.emulator.set_faults(&[held]).await?;
    stage.apply("lobby", &guest.spec("")).await?;
    let chats = stage.chats();
    wait_for(&chats, "lobby", "a function", SOON, |chat| {
        let status = chat.and_then(|chat| chat.status.as_ref());
        status.is_some_and(|status| status.resources.function.id.is_some())
    })
    .await?;
    let (namespaces, name) = (
        Api::<NamespaceObject>::all(stage.scene.client()),
        doomed.name().to_owned(),
    );
    doomed.delete().await?;
    // No Event can tell this there any more.
    let why = wait_for(&chats, "lobby", "why it stays", SOON, |chat| {
        says(chat, "Ready", ConditionStatus::False, "CloudUnavailable")
    })
    .await?;
    let why = format!("{:?}", why.and_then(|chat| chat.status));
    assert!(why.contains("cannot remove the database"), "{why}");
    assert!(guest.is_held(SECRET).await?, "the key is gone first");
    stage.emulator.clear_faults().await?;
    wait_gone(&namespaces, &name, SOON * 2).await?;
    assert_eq!(made(&stage).await?, before);
    stage.clear().await
}

async fn definition(scene: Scene) -> Result<(), Failed> {
    // All trials share theirs, so this one needs a server of its own.
    if !scene.control_plane().is_own() {
        return Ok(());
    }
    let folder = scene.folder.join("own");
    std::fs::create_dir_all(&folder)?;
    let server = ControlPlane::start(&Source::from_environment()?, &folder).await?;
    install(server.client()).await?;
    let emulator = Emulator::start(&scene.folder, &Options::default()).await?;
    let options = OperatorOptions::for_emulator(server.administrator(), emulator.addresses())?
        .only_in("default");
    let mut operator = Operator::start(&scene.folder, &options)?;
    operator.ready().await?;
    let chats: Api<WsChat> = Api::namespaced(server.client(), "default");
    let ready = |chat: Option<&WsChat>| chat.is_some_and(newest_is_ready);
    let lobby = smallest_chat("lobby")?;
    let definitions: Api<CustomResourceDefinition> = Api::all(server.client());
    let name = "wschats.wschat.dev";

    chats.create(&PostParams::default(), &lobby).await?;
    wait_for(&chats, "lobby", "Ready", SOON * 2, ready).await?;
    definitions.delete(name, &DeleteParams::default()).await?;
    wait_gone(&definitions, name, SOON * 2).await?;
    let mut left = emulator.state().await?;
    left.connections.clear();
    assert_eq!(left.made_by_chats(), Vec::<String>::new());

    // The operator is still there.
    install(server.client()).await?;
    chats.create(&PostParams::default(), &lobby).await?;
    wait_for(&chats, "lobby", "Ready once more", SOON * 2, ready).await?;
    chats.delete("lobby", &DeleteParams::default()).await?;
    wait_gone(&chats, "lobby", SOON * 2).await?;
    assert!(operator.stop().await?.success());
    emulator.stop().await?;
    Ok(server.stop().await?)
}
