//! An instance of the function is frozen between calls, and may wake up with
//! dead connections to YDB: users notice nothing but a pause.

use std::time::Duration;

use libtest_mimic::{Failed, Trial};
use serde_json::json;
use wschat_tests::chat_socket::ChatSocket;
use wschat_tests::emulator::Cut;

use crate::stage::{SOON, Stage, alice_and_bob, hear, is_about};
use crate::suite::{Handle, Scene};

/// A first attempt of the handler gets at most half of the 30 s that a call has;
/// silence costs that much, and the second attempt is quick.
const SECOND_ATTEMPT: Duration = Duration::from_secs(28);

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![
        suite.trial("a handler whose connections were reset goes on", |scene| {
            goes_on(scene, Cut::Reset, SOON)
        }),
        suite.trial("a handler whose connections fell silent goes on", |scene| {
            goes_on(scene, Cut::Silence, SECOND_ATTEMPT)
        }),
    ]
}

/// Everything that is said while links die is acknowledged and heard, once.
async fn goes_on(scene: Scene, how: Cut, limit: Duration) -> Result<(), Failed> {
    let stage = Stage::set(scene).await?;
    let url = stage.lobby().await?;
    let (mut alice, mut bob) = alice_and_bob(&url).await?;
    say(&mut alice, "before", SOON).await?;
    hear(&mut bob, "before").await?;

    stage.emulator.cut_ydb_connections(how).await?;
    say(&mut alice, "after", limit).await?;
    hear(&mut bob, "after").await?;
    say(&mut alice, "last", SOON).await?;
    // The next that bob hears: nothing came twice.
    let next = bob.expect("anything", SOON, |_| true).await?;
    assert!(is_about(&next, "BROADCAST", "alice"), "{next}");
    assert_eq!(next["content"], "last");

    stage.emulator.cut_ydb_connections(how).await?;
    bob.cut();
    let left = alice.expect("USER_LEFT of bob", limit, |message| {
        is_about(message, "USER_LEFT", "bob")
    });
    left.await?;
    stage.clear().await
}

async fn say(socket: &mut ChatSocket, content: &str, limit: Duration) -> Result<(), Failed> {
    let message = json!({ "type": "SEND", "content": content, "id": content });
    socket.send(&message).await?;
    let answers = ["ACK", "ERROR"];
    let answer = socket
        .expect("an answer", limit, |message| {
            answers.iter().any(|kind| message["type"] == *kind)
        })
        .await?;
    assert_eq!(answer["type"], "ACK", "{answer}");
    assert_eq!(answer["id"], content, "{answer}");
    Ok(())
}
