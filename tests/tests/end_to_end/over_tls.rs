//! A chat's whole life by TLS, as in the real cloud: nobody speaks plain HTTP,
//! gRPC or WebSocket to anybody but the metadata service.

use libtest_mimic::{Failed, Trial};
use serde_json::json;
use wschat_tests::binaries::Binary;
use wschat_tests::chat_socket::{ChatSocket, ChatSocketError, End};
use wschat_tests::emulator;
use wschat_tests::program::Program;

use crate::stage::{SOON, Stage, hear_of};
use crate::suite::{Handle, Scene};

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![suite.trial("a chat lives by TLS alone", lives)]
}

async fn lives(scene: Scene) -> Result<(), Failed> {
    let stage = Stage::set_in(scene, &emulator::Options::default().tls()).await?;
    let url = stage.lobby().await?;
    assert!(url.starts_with("wss://"), "{url}");
    addresses_are_secret(&stage).await?;
    match ChatSocket::join(&url, "mallory").await {
        Err(ChatSocketError::Connect { .. }) => {}
        other => return Err(format!("without the authority: {other:?}").into()),
    }

    let authority = stage.emulator.addresses().certificate_authority.clone();
    let authority = authority.ok_or("the emulator names no certificate authority")?;
    let pem = std::fs::read_to_string(&authority)?;
    let join = async |user| ChatSocket::join_trusting(&url, user, Some(&pem)).await;
    let mut alice = join("alice").await?;
    let mut first = join("bob").await?;
    hear_of(&mut alice, "USER_JOINED", "bob").await?;
    first
        .send(&json!({ "type": "SEND", "content": "hello" }))
        .await?;
    let message = hear_of(&mut alice, "BROADCAST", "bob").await?;
    assert_eq!(message["content"], "hello", "{message}");

    // Told and closed by the connection API.
    let mut second = join("bob").await?;
    let error = first.expect_type("ERROR", SOON).await?;
    assert_eq!(error["code"], "REPLACED", "{error}");
    assert_eq!(first.expect_end(SOON).await?, End::Closed(1000));

    let client = Program::new(Binary::Client.path()?)
        .environment("KUBECONFIG", stage.scene.control_plane().administrator())
        .environment("WSCHAT_CACERT", authority)
        .environment("HOME", &stage.scene.folder);
    let lobby = format!("{}/lobby", stage.namespace.name());
    client
        .run(["send", &lobby, "--nick", "ci", "deployed"])
        .await?;
    let message = hear_of(&mut second, "BROADCAST", "ci").await?;
    assert_eq!(message["content"], "deployed", "{message}");

    let namespace = stage.namespace.name();
    let arguments = [
        "delete",
        "wschat",
        "lobby",
        "-n",
        namespace,
        "--timeout=50s",
    ];
    stage.scene.kubectl().run(arguments).await?;
    let mut left = stage.emulator.state().await?;
    // The gateway may be about to forget them.
    left.connections.clear();
    assert_eq!(left.made_by_chats(), Vec::<String>::new());
    stage.clear().await
}

/// Whatever the cloud announces must be for TLS: the database as much as the
/// function.
async fn addresses_are_secret(stage: &Stage) -> Result<(), Failed> {
    let existing = stage.emulator.state().await?;
    let told = [
        (&existing.databases, "endpoint", "grpcs://"),
        (&existing.functions, "httpInvokeUrl", "https://"),
    ];
    for (all, field, scheme) in told {
        let [one] = all.as_slice() else {
            return Err(format!("one with {field} expected: {all:?}").into());
        };
        let address = one[field].as_str().unwrap_or_default();
        assert!(address.starts_with(scheme), "{one}");
    }
    Ok(())
}
