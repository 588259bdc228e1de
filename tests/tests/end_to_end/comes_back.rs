//! The cloud is killed and comes back from its state: a chat goes on under its
//! URL, and its operator has nothing to do.

use libtest_mimic::{Failed, Trial};
use serde_json::json;
use wschat_tests::chat_socket::{ChatSocket, End};
use wschat_tests::emulator::{self, Emulator, Request};
use wschat_tests::wait::eventually;

use crate::delete::{delete, made};
use crate::stage::{SOON, Stage, alice_and_bob, hear, hear_of, is_about};
use crate::suite::{Handle, Scene};

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![suite.trial("a chat comes back with a cloud that was killed", comes_back)]
}

async fn comes_back(scene: Scene) -> Result<(), Failed> {
    let state = scene.folder.join("state").display().to_string();
    let options = emulator::Options::default().argument("--state");
    let options = options.argument(state);
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

    nothing_to_do(&mut stage).await?;
    assert_eq!(made_once(&stage).await?, before);
    delete(&stage, "lobby").await?;
    assert_eq!(made(&stage).await?, Vec::<String>::new());
    stage.clear().await
}

/// An operator that starts anew looks at everything, and changes nothing.
async fn nothing_to_do(stage: &mut Stage) -> Result<(), Failed> {
    stage.restart_operator().await?;
    let emulator = &stage.emulator;
    let looked = |call: &Request| call.method == "GET" && call.path.contains("/triggers");
    eventually("the operator to look", SOON, || async {
        let calls = emulator.requests(None).await;
        let calls = calls.map_err(|error| error.to_string())?;
        let seen = calls.iter().any(looked);
        seen.then_some(()).ok_or("no look at triggers".to_owned())
    })
    .await?;
    stage.ready("lobby").await?;
    let calls = stage.emulator.requests(None).await?;
    let of_operator = |call: &&Request| call.mutating && !call.grpc;
    let changes: Vec<String> = calls
        .iter()
        .filter(of_operator)
        .filter(|call| !call.path.starts_with("/apigateways/websocket/"))
        .map(|call| format!("{} {}", call.method, call.path))
        .collect();
    assert_eq!(changes, Vec::<String>::new());
    Ok(())
}

/// Everything that the chat has but its sockets, in some order.
async fn made_once(stage: &Stage) -> Result<Vec<String>, Failed> {
    let mut state = stage.emulator.state().await?;
    state.connections.clear();
    for topic in &mut state.topics {
        // It grows while people talk.
        topic["end"] = json!(null);
    }
    Ok(state.made_by_chats())
}

async fn say(socket: &mut ChatSocket, content: &str) -> Result<(), Failed> {
    let message = json!({ "type": "SEND", "content": content, "id": content });
    socket.send(&message).await?;
    let acknowledged = socket.expect_type("ACK", SOON).await?;
    assert_eq!(acknowledged["id"], content, "{acknowledged}");
    Ok(())
}
