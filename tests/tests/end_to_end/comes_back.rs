//! The cloud is killed and comes back from its state: a chat goes on under its
//! URL, and its operator has nothing to do.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use wschat_tests::chat_socket::{ChatSocket, End};
use wschat_tests::emulator::{self, Emulator, Request};
use wschat_tests::wait::eventually;

use crate::delete::{delete, made as left};
use crate::stage::{SOON, Stage, alice_and_bob, hear, hear_of, is_about};
use crate::suite::{Handle, Scene};

/// How often the cloud is killed while a chat is made.
const KILLS: u32 = 5;

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![
        suite.trial("a chat comes back with a cloud that was killed", comes_back),
        suite.trial(
            "a chat is made by a cloud that was killed again and again",
            is_made_all_the_same,
        ),
    ]
}

async fn comes_back(scene: Scene) -> Result<(), Failed> {
    let kept = scene.folder.join("state").display().to_string();
    let options = emulator::Options::default().argument("--state");
    let options = options.argument(kept);
    let mut stage = Stage::set_in(scene, &options).await?;
    let url = stage.lobby().await?;
    let (mut alice, mut bob) = alice_and_bob(&url).await?;
    say(&mut alice, "before").await?;
    hear(&mut bob, "before").await?;
    let before = made_once(&stage).await?;

    let addresses = format!("{:?}", stage.emulator.addresses());
    stage.emulator.process().kill().await?;
    for socket in [&mut alice, &mut bob] {
        assert_eq!(socket.expect_end(SOON).await?, End::Cut);
    }
    stage.emulator = Emulator::start(&stage.scene.folder, &options).await?;
    assert_eq!(format!("{:?}", stage.emulator.addresses()), addresses);
    assert_eq!(made_once(&stage).await?, before);

    // Their rows are still there; their sockets aren't.
    let mut alice = ChatSocket::join(&url, "alice").await?;
    let mut bob = ChatSocket::join(&url, "bob").await?;
    hear_of(&mut alice, "USER_JOINED", "bob").await?;
    say(&mut alice, "after").await?;
    let heard = bob
        .expect("what alice says", SOON, |message| {
            is_about(message, "BROADCAST", "alice")
        })
        .await?;
    assert_eq!(heard["content"], "after", "said before the kill: {heard}");

    // The trigger went on where it was, also when nobody listened yet.
    let traffic: Value = stage.emulator.get("/_emulator/traffic").await?;
    let traffic = traffic.to_string();
    assert!(traffic.contains("after"), "{traffic}");
    assert!(!traffic.contains("before"), "sent again: {traffic}");

    nothing_to_do(&mut stage).await?;
    assert_eq!(made_once(&stage).await?, before);
    delete(&stage, "lobby").await?;
    assert_eq!(left(&stage).await?, Vec::<String>::new());
    stage.clear().await
}

/// Neither the operator that was there nor one that starts anew changes anything.
async fn nothing_to_do(stage: &mut Stage) -> Result<(), Failed> {
    stage.restart_operator().await?;
    stage.ready("lobby").await?;
    let calls = stage.emulator.requests(None).await?;
    // Functions write rows and records, and tell sockets that they are replaced.
    let of_control_plane =
        |call: &&Request| !call.grpc && !call.path.starts_with("/apigateways/websocket/");
    let changes: Vec<String> = calls
        .iter()
        .filter(of_control_plane)
        .filter(|call| call.mutating)
        .map(|call| format!("{} {}", call.method, call.path))
        .collect();
    assert_eq!(changes, Vec::<String>::new());
    Ok(())
}

/// While its parts are being made, the cloud is killed whenever it has one more.
async fn is_made_all_the_same(scene: Scene) -> Result<(), Failed> {
    let kept = scene.folder.join("state").display().to_string();
    let options = emulator::Options::default()
        .operation_delay("100ms..400ms")
        .argument("--state")
        .argument(kept);
    let mut stage = Stage::set_in(scene, &options).await?;
    stage.apply("lobby", "{}").await?;
    let mut had = 0;
    for _ in 0..KILLS {
        let emulator = &stage.emulator;
        had = eventually("one more resource", SOON, || async {
            let made = emulator.state().await.map_err(|error| error.to_string())?;
            let made = made.made_by_chats().len();
            Some(made)
                .filter(|made| *made > had)
                .ok_or(format!("still {had}"))
        })
        .await?;
        stage.emulator.process().kill().await?;
        stage.emulator = Emulator::start(&stage.scene.folder, &options).await?;
    }
    let url = stage.ready("lobby").await?;
    let (mut alice, mut bob) = alice_and_bob(&url).await?;
    say(&mut alice, "hello").await?;
    hear(&mut bob, "hello").await?;
    let made = stage.emulator.state().await?;
    for all in [
        &made.databases,
        &made.topics,
        &made.functions,
        &made.versions,
        &made.gateways,
        &made.triggers,
    ] {
        assert_eq!(all.len(), 1, "{all:?}");
    }
    delete(&stage, "lobby").await?;
    assert_eq!(left(&stage).await?, Vec::<String>::new());
    let operator = stage.operator.stop().await?;
    let emulator = stage.emulator.stop_unjudged().await?;
    assert!(
        operator.success() && emulator.success(),
        "{operator}, {emulator}"
    );
    Ok(())
}

/// Everything that the chat has but its sockets, in some order.
pub(crate) async fn made_once(stage: &Stage) -> Result<Vec<String>, Failed> {
    Ok(stage.emulator.state().await?.lasting())
}

async fn say(socket: &mut ChatSocket, content: &str) -> Result<(), Failed> {
    let message = json!({ "type": "SEND", "content": content, "id": content });
    socket.send(&message).await?;
    let acknowledged = socket.expect_type("ACK", SOON).await?;
    assert_eq!(acknowledged["id"], content, "{acknowledged}");
    Ok(())
}
