//! What a person would do, done and checked.

use std::time::Duration;

use kube::Api;
use serde_json::json;
use wschat_crds::WsChat;
use wschat_tests::binaries::Binary;
use wschat_tests::chat_socket::ChatSocket;
use wschat_tests::program::Program;
use wschat_tests::wait::wait_gone;

use super::stage::Stage;
use super::{CHAT, Clock, failed};
use crate::chore::ChoreError;

/// How long a message may take: the trigger's batch is due after a second.
const MESSAGE_LIMIT: Duration = Duration::from_secs(10);
/// How long the cloud may take to be rid of a chat.
const GONE_LIMIT: Duration = Duration::from_mins(1);

/// Chats, leaves, deletes the chat and looks for what is left.
pub(super) async fn play(stage: &mut Stage, clock: &Clock) -> Result<(), ChoreError> {
    let mut alice = ChatSocket::join(&stage.url, "alice")
        .await
        .map_err(failed)?;
    let mut bob = ChatSocket::join(&stage.url, "bob").await.map_err(failed)?;
    expect(&mut alice, "USER_JOINED", "bob").await?;
    clock.say("joined", "alice, then bob: alice sees it");
    let hello = json!({"type": "SEND", "content": "hello", "id": "1"});
    alice.send(&hello).await.map_err(failed)?;
    expect_both(&mut alice, "ACK", "BROADCAST").await?;
    expect(&mut bob, "BROADCAST", "alice").await?;
    clock.say("hello", "alice's message reached both");
    send_with_client(stage).await?;
    expect(&mut bob, "BROADCAST", "carol").await?;
    clock.say(
        "client",
        "carol's message, sent with `wschat send`, reached bob",
    );
    bob.close().await.map_err(failed)?;
    expect(&mut alice, "USER_LEFT", "bob").await?;
    clock.say("left", "bob left: alice sees it");
    delete(stage, clock).await
}

async fn expect(socket: &mut ChatSocket, kind: &str, user: &str) -> Result<(), ChoreError> {
    let what = format!("{kind} of {user}");
    let matches =
        |message: &serde_json::Value| message["type"] == kind && message["userId"] == user;
    socket
        .expect(&what, MESSAGE_LIMIT, matches)
        .await
        .map(drop)
        .map_err(failed)
}

/// Waits for a message of each type, whichever comes first: nothing orders the
/// answer to a message and its broadcast.
async fn expect_both(socket: &mut ChatSocket, one: &str, other: &str) -> Result<(), ChoreError> {
    let first = socket
        .expect(&format!("{one} or {other}"), MESSAGE_LIMIT, |message| {
            message["type"] == one || message["type"] == other
        })
        .await
        .map_err(failed)?;
    let missing = if first["type"] == one { other } else { one };
    socket
        .expect_type(missing, MESSAGE_LIMIT)
        .await
        .map(drop)
        .map_err(failed)
}

async fn send_with_client(stage: &Stage) -> Result<(), ChoreError> {
    let client = Program::new(Binary::Client.path().map_err(failed)?)
        .environment("KUBECONFIG", stage.kubeconfig());
    let namespace = stage.namespace.name();
    let chat = format!("{namespace}/{CHAT}");
    client
        .run(["send", "--chat", &chat, "--nick", "carol", "good evening"])
        .await
        .map(drop)
        .map_err(failed)
}

/// Deletes the chat; the cloud must be as empty as before.
async fn delete(stage: &Stage, clock: &Clock) -> Result<(), ChoreError> {
    let namespace = stage.namespace.name();
    stage
        .kubectl()
        .run(["delete", "wschat", CHAT, "-n", namespace])
        .await
        .map_err(failed)?;
    let chats: Api<WsChat> = stage.namespace.api();
    wait_gone(&chats, CHAT, GONE_LIMIT).await.map_err(failed)?;
    let left = stage
        .emulator
        .state()
        .await
        .map_err(failed)?
        .made_by_chats();
    if !left.is_empty() {
        let words = left.join(", ");
        return Err(ChoreError::refused(format_args!(
            "left in the cloud: {words}"
        )));
    }
    clock.say("deleted", "nothing is left in the cloud");
    Ok(())
}
