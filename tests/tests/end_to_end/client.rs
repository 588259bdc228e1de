//! The command line client, given what a user knows: a chat's name.

use std::time::Duration;

use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use wschat_tests::binaries::Binary;
use wschat_tests::chat_socket::ChatSocket;
use wschat_tests::process::Launch;
use wschat_tests::program::Program;
use wschat_tests::wait::eventually;

use crate::stage::{SOON, Stage, hear_of, is_about};
use crate::suite::{Handle, Scene};

const END_LIMIT: Duration = Duration::from_secs(10);
/// The client's exit code for a chat that isn't there.
const NO_CHAT: i32 = 3;

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![suite.trial("the client finds a chat by its name", finds_chats)]
}

async fn finds_chats(scene: Scene) -> Result<(), Failed> {
    let stage = Stage::set(scene).await?;
    let url = stage.lobby().await?;
    let client = Program::new(Binary::Client.path()?)
        .environment("KUBECONFIG", stage.scene.control_plane().administrator())
        .environment("HOME", &stage.scene.folder);
    let lobby = format!("{}/lobby", stage.namespace.name());
    assert_eq!(client.run(["url", &lobby]).await?.trim(), url);

    let mut alice = ChatSocket::join(&url, "alice").await?;
    let mut tail = Launch::new("tail", Binary::Client.path()?)
        .arguments(["tail", &lobby, "--json", "--nick", "robot"])
        .environment("KUBECONFIG", stage.scene.control_plane().administrator())
        .environment("HOME", &stage.scene.folder)
        .start(&stage.scene.folder)?;
    hear_of(&mut alice, "USER_JOINED", "robot").await?;

    client
        .run(["send", &lobby, "--nick", "ci", "deployed 1.4.2"])
        .await?;
    let piped = client
        .output(["send", &lobby, "--nick", "ci"], "line one\nline two\n")
        .await?;
    piped.success()?;
    let texts = ["deployed 1.4.2", "line one", "line two"];
    for text in texts {
        let what = format!("BROADCAST of {text:?}");
        let of_client =
            |message: &Value| is_about(message, "BROADCAST", "ci") && message["content"] == text;
        alice.expect(&what, SOON, of_client).await?;
    }
    let output = stage.scene.folder.join("tail.out");
    eventually("the messages in tail's output", SOON, || {
        std::future::ready(shown(&output, &texts))
    })
    .await?;
    assert!(tail.terminate(END_LIMIT).await.is_ok());

    let nowhere = format!("{}/nowhere", stage.namespace.name());
    let output = client.output(["send", &nowhere, "hello"], "").await?;
    assert_eq!(output.status.code(), Some(NO_CHAT), "{}", output.stderr);
    assert!(output.stderr.contains("nowhere"), "{}", output.stderr);
    stage.clear().await
}

/// Whether the texts of all messages are these, in this order.
fn shown(output: &std::path::Path, texts: &[&str]) -> Result<(), String> {
    let printed = std::fs::read_to_string(output).map_err(|error| error.to_string())?;
    let events = printed
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let messages = events.filter(|event| event["event"] == "message");
    let shown: Vec<String> = messages
        .filter_map(|event| Some(event["text"].as_str()?.to_owned()))
        .collect();
    if shown == texts { Ok(()) } else { Err(printed) }
}
