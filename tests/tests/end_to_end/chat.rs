//! A chat as its participants see it, on sockets that show every message.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use wschat_tests::chat_socket::{ChatSocket, ChatSocketError, End};
use wschat_tests::emulator::Emulator;
use wschat_tests::wait::eventually;

use crate::stage::{SOON, Stage, alice_and_bob, all_until, hear, hear_of, is_about};
use crate::suite::{Handle, Scene};

/// The largest content, in bytes.
const CONTENT_BYTES: usize = 16 * 1024;

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![
        suite.trial("a chat passes on who comes, speaks and goes", passes_on),
        suite.trial("a second socket of a user replaces the first", replaces),
        suite.trial("a user leaves once, in whatever way", leaves_once),
        suite.trial("a mistake gets an error and the socket lives", mistakes),
        suite.trial("ids come back and a repeat isn't passed on", repeats),
    ]
}

async fn passes_on(scene: Scene) -> Result<(), Failed> {
    let stage = Stage::set(scene).await?;
    let url = stage.lobby().await?;
    let (mut alice, mut bob) = alice_and_bob(&url).await?;

    for (number, sender) in ["alice", "bob", "alice"].into_iter().enumerate() {
        let content = format!("message {number}");
        let socket = if sender == "alice" {
            &mut alice
        } else {
            &mut bob
        };
        say(socket, &content, None).await?;
        for socket in [&mut alice, &mut bob] {
            let message = hear(socket, &content).await?;
            assert_eq!(message["userId"], sender, "{message}");
            let time = message["timestamp"].as_str().unwrap_or_default();
            assert!(time.ends_with('Z'), "{message}");
        }
    }

    bob.close().await?;
    hear_of(&mut alice, "USER_LEFT", "bob").await?;
    let mut bob = ChatSocket::join(&url, "bob").await?;
    say(&mut alice, "welcome back", None).await?;
    hear(&mut bob, "welcome back").await?;
    stage.clear().await
}

async fn replaces(scene: Scene) -> Result<(), Failed> {
    let stage = Stage::set(scene).await?;
    let url = stage.lobby().await?;
    let (mut first, mut bob) = alice_and_bob(&url).await?;
    let mut second = ChatSocket::join(&url, "alice").await?;

    let error = first.expect_type("ERROR", SOON).await?;
    assert_eq!(error["code"], "REPLACED", "{error}");
    assert_eq!(first.expect_end(SOON).await?, End::Closed(1000));

    // What the first's end makes the chat say is said before this.
    open_sockets(&stage.emulator, 2).await?;
    come_and_go(&url, "carol").await?;
    for socket in [&mut bob, &mut second] {
        let is_last = |message: &Value| is_about(message, "USER_LEFT", "carol");
        let heard = all_until(socket, "USER_LEFT of carol", is_last).await?;
        let left = |message: &Value| is_about(message, "USER_LEFT", "alice");
        assert!(!heard.iter().any(left), "{heard:#?}");
    }
    say(&mut second, "still here", None).await?;
    hear(&mut bob, "still here").await?;
    stage.clear().await
}

async fn leaves_once(scene: Scene) -> Result<(), Failed> {
    let stage = Stage::set(scene).await?;
    let url = stage.lobby().await?;
    let (alice, mut bob) = alice_and_bob(&url).await?;
    let is_left = |message: &Value| is_about(message, "USER_LEFT", "alice");

    // The network breaks.
    alice.cut();
    bob.expect("USER_LEFT of alice", SOON, is_left).await?;

    // The client says so, and then its socket ends, too.
    let mut alice = ChatSocket::join(&url, "alice").await?;
    alice.send(&json!({ "type": "DISCONNECT" })).await?;
    alice
        .expect("ACK of DISCONNECT", SOON, |message| {
            message["type"] == "ACK" && message["originalType"] == "DISCONNECT"
        })
        .await?;
    say(&mut alice, "from beyond", None).await?;
    let error = alice.expect_type("ERROR", SOON).await?;
    assert_eq!(error["code"], "NOT_CONNECTED", "{error}");
    alice.close().await?;
    open_sockets(&stage.emulator, 1).await?;
    come_and_go(&url, "carol").await?;
    let is_last = |message: &Value| is_about(message, "USER_LEFT", "carol");
    let heard = all_until(&mut bob, "USER_LEFT of carol", is_last).await?;
    let lefts = heard.iter().filter(|message| is_left(message)).count();
    assert_eq!(lefts, 1, "{heard:#?}");
    assert!(
        !heard
            .iter()
            .any(|message| message["content"] == "from beyond"),
        "{heard:#?}"
    );
    stage.clear().await
}

async fn mistakes(scene: Scene) -> Result<(), Failed> {
    let stage = Stage::set(scene).await?;
    let url = stage.lobby().await?;
    let mut alice = ChatSocket::join(&url, "alice").await?;
    let send = |content: &str| json!({ "type": "SEND", "content": content }).to_string();
    let cases = [
        ("no JSON".to_owned(), "BAD_JSON"),
        (String::new(), "BAD_JSON"),
        ("[1, 2]".to_owned(), "BAD_JSON"),
        (json!({ "type": "SHOUT" }).to_string(), "BAD_TYPE"),
        (json!({ "content": "no type" }).to_string(), "BAD_TYPE"),
        (send(""), "EMPTY"),
        (send(" \t\n"), "EMPTY"),
        (send(&"a".repeat(CONTENT_BYTES + 1)), "TOO_LARGE"),
    ];
    for (text, code) in cases {
        let start: String = text.chars().take(40).collect();
        alice.send_frame(Message::text(text)).await?;
        let error = alice.expect_type("ERROR", SOON).await?;
        assert_eq!(error["code"], code, "{start:?}: {error}");
    }
    // Just not too large, and the socket is still good.
    let largest = "a".repeat(CONTENT_BYTES);
    say(&mut alice, &largest, None).await?;
    hear(&mut alice, &largest).await?;
    // As some libraries send text.
    let binary = Message::binary(send("in a binary frame").into_bytes());
    alice.send_frame(binary).await?;
    hear(&mut alice, "in a binary frame").await?;
    alice.send(&json!({ "type": "PING", "id": "p1" })).await?;
    let pong = alice.expect_type("PONG", SOON).await?;
    assert_eq!(pong["id"], "p1", "{pong}");

    for bad in ["a\u{7}b".to_owned(), "a".repeat(129)] {
        match ChatSocket::join(&url, &bad).await {
            Err(ChatSocketError::Refused { status: 400, .. }) => {}
            other => return Err(format!("{bad:?}: {other:?}").into()),
        }
    }
    stage.clear().await
}

async fn repeats(scene: Scene) -> Result<(), Failed> {
    let stage = Stage::set(scene).await?;
    let url = stage.lobby().await?;
    let (mut alice, mut bob) = alice_and_bob(&url).await?;
    // An answer that got lost makes a client send again.
    for _ in 0..2 {
        say(&mut alice, "once", Some("id-1")).await?;
        let ack = alice.expect_type("ACK", SOON).await?;
        assert_eq!(ack["id"], "id-1", "{ack}");
        assert_eq!(ack["originalType"], "SEND", "{ack}");
    }
    say(&mut alice, "fence", None).await?;
    let is_fence = |message: &Value| message["content"] == "fence";
    let heard = all_until(&mut bob, "the fence", is_fence).await?;
    let of_alice = |message: &&Value| is_about(message, "BROADCAST", "alice");
    let once: Vec<&Value> = heard.iter().filter(of_alice).collect();
    let [first, _fence] = once.as_slice() else {
        return Err(format!("alice's messages: {once:#?}").into());
    };
    assert_eq!(first["content"], "once", "{heard:#?}");
    assert_eq!(first["id"], "id-1", "{heard:#?}");
    // Another user's id may be the same.
    say(&mut bob, "bob's", Some("id-1")).await?;
    hear(&mut alice, "bob's").await?;
    stage.clear().await
}

async fn say(socket: &mut ChatSocket, content: &str, id: Option<&str>) -> Result<(), Failed> {
    let mut message = json!({ "type": "SEND", "content": content });
    if let Some(id) = id {
        message["id"] = id.into();
    }
    Ok(socket.send(&message).await?)
}

/// Joins and leaves: others hear of it after everything that was said before.
async fn come_and_go(url: &str, user: &str) -> Result<(), Failed> {
    Ok(ChatSocket::join(url, user).await?.close().await?)
}

/// Waits until the gateway has so many sockets, not counting the operator's.
async fn open_sockets(emulator: &Emulator, wanted: usize) -> Result<(), Failed> {
    eventually("the ended socket to be gone", SOON, || async {
        let open = emulator.state().await.map_err(|error| error.to_string())?;
        match open.connections.len() {
            count if count == wanted => Ok(()),
            count => Err(format!("{count} sockets instead of {wanted}")),
        }
    })
    .await?;
    Ok(())
}
