//! The operator as its chart would run it: with the rendered arguments and a
//! token of the account that the chart made. Only the node is missing, which
//! would mount the Secret and unpack the image.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use k8s_openapi::ByteString;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{DeleteParams, ObjectMeta, PostParams};
use libtest_mimic::{Failed, Trial};
use wschat_crds::WsChat;
use wschat_tests::binaries::Binary;
use wschat_tests::custom_resource::smallest_chat;
use wschat_tests::emulator::{self, Emulator};
use wschat_tests::operator::{Operator, Options, handler_zip};
use wschat_tests::program::Program;
use wschat_tests::wait::{wait_for, wait_gone};

use crate::charts::{containers, install};
use crate::suite::{Handle, Scene};

const READY_LIMIT: Duration = Duration::from_mins(2);
const GONE_LIMIT: Duration = Duration::from_mins(1);
const SECRET: &str = "operator-key";

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![suite.trial(
        "the operator serves a chat with what its chart gives it",
        serves,
    )]
}

async fn serves(scene: Scene) -> Result<(), Failed> {
    let emulator = Emulator::start(&scene.folder, &emulator::Options::default()).await?;
    let cloud = emulator.addresses();
    let namespace = scene.namespace.name();
    let key = cloud.operator_key.as_deref().ok_or("no operator key")?;
    create_secret(&scene, key).await?;
    let set = [
        format!("folderId={}", cloud.folder_id),
        format!("credentials.existingSecret={SECRET}"),
        format!("apiEndpoint={}", cloud.api),
        // Other trials' chats are other operators'.
        format!("watchNamespace={namespace}"),
    ];
    let values: Vec<&str> = set.iter().flat_map(|value| ["--set", value]).collect();
    let deployment = install(&scene, &values).await?;

    let file = scene
        .control_plane()
        .kubeconfig_for_service_account(namespace, "chats-wschat-operator")
        .await?;
    let arguments = arguments(&scene, &deployment)?;
    let options = Options::new(&file).arguments(arguments);
    let mut operator = Operator::start(&scene.folder, &options)?;
    operator.ready().await?;

    let chats: Api<WsChat> = scene.namespace.api();
    let lobby = smallest_chat("lobby")?;
    chats.create(&PostParams::default(), &lobby).await?;
    wait_for(
        &chats,
        "lobby",
        "the chat to be Ready",
        READY_LIMIT,
        |chat| chat.is_some_and(is_ready),
    )
    .await?;

    refuses_uninstall(&scene).await?;
    chats.delete("lobby", &DeleteParams::default()).await?;
    wait_gone(&chats, "lobby", GONE_LIMIT).await?;
    assert!(operator.stop().await?.success());
    emulator.stop().await?;
    Ok(())
}

pub(crate) fn is_ready(chat: &WsChat) -> bool {
    let chat = serde_json::to_value(chat).unwrap_or_default();
    let conditions = chat["status"]["conditions"].as_array().cloned();
    conditions.is_some_and(|conditions| {
        conditions
            .iter()
            .any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
    })
}

async fn create_secret(scene: &Scene, key: &Path) -> Result<(), Failed> {
    let secrets: Api<Secret> = scene.namespace.api();
    let secret = Secret {
        metadata: ObjectMeta {
            name: Some(SECRET.to_owned()),
            ..ObjectMeta::default()
        },
        data: Some(BTreeMap::from([(
            "key.json".to_owned(),
            ByteString(std::fs::read(key)?),
        )])),
        ..Secret::default()
    };
    secrets.create(&PostParams::default(), &secret).await?;
    Ok(())
}

/// The container's arguments, with what is in the image and mounted where it is
/// here.
pub(crate) fn arguments(scene: &Scene, deployment: &Deployment) -> Result<Vec<String>, Failed> {
    let container = containers(deployment)
        .into_iter()
        .next()
        .ok_or("no container")?;
    let zip = handler_zip()?;
    let key = scene.folder.join("emulator-operator-key.json");
    let mapped = container
        .args
        .unwrap_or_default()
        .into_iter()
        .filter_map(|argument| {
            match argument.split_once('=') {
                Some(("--handler-zip", _)) => Some(format!("--handler-zip={}", zip.display())),
                Some(("--service-account-key-file", _)) => {
                    Some(format!("--service-account-key-file={}", key.display()))
                }
                Some(("--workload-identity-token-file", _)) => Some(format!(
                    "--workload-identity-token-file={}",
                    scene.folder.join("pod-token").display()
                )),
                // The fixture has its own subcommand and port.
                Some(("--http-listen", _)) => None,
                None if argument == "run" => None,
                _ => Some(argument),
            }
        });
    Ok(mapped.collect())
}

/// Runs the pre-delete hook's program with the hook's own rights.
async fn refuses_uninstall(scene: &Scene) -> Result<(), Failed> {
    let namespace = scene.namespace.name();
    let hooks = scene
        .helm()
        .run(["get", "hooks", "chats", "--namespace", namespace])
        .await?;
    let job = "--selector=app.kubernetes.io/component=uninstall-check";
    scene
        .kubectl()
        .output(["apply", "-f", "-"], &hooks)
        .await?
        .success()?;
    // No node would run it.
    let delete = ["delete", "job", "-n", namespace, job];
    scene.kubectl().run(delete).await?;
    let file = scene
        .control_plane()
        .kubeconfig_for_service_account(namespace, "chats-wschat-operator-uninstall")
        .await?;
    let output = Program::new(Binary::Operator.path()?)
        .environment("KUBECONFIG", file)
        .output(["check-uninstall"], "")
        .await?;
    assert_eq!(output.status.code(), Some(1), "{}", output.stderr);
    let lobby = format!("{namespace}/lobby");
    assert!(output.stderr.contains(&lobby), "{}", output.stderr);
    Ok(())
}
