use std::time::Duration;

use futures::SinkExt;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::{Client, GATEWAY, Room, closed, next, say};
use crate::functions::testing::FOLDER;
use crate::gateway::GatewaySettings;

/// Sends a text in frames of this many bytes.
async fn fragmented(client: &mut Client, text: &str, bytes: usize) {
    let parts: Vec<&[u8]> = text.as_bytes().chunks(bytes).collect();
    for (index, part) in parts.iter().enumerate() {
        let kind = if index == 0 {
            Data::Text
        } else {
            Data::Continue
        };
        let last = index + 1 == parts.len();
        let frame = Frame::message(part.to_vec(), OpCode::Data(kind), last);
        if client.send(Message::Frame(frame)).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_large_message_must_come_in_frames() {
    let room = Room::new().await;
    let (mut client, _) = room.connect("/ws").await;
    let largest = "x".repeat(128 * 1024);
    fragmented(&mut client, &largest, 32 * 1024).await;
    assert_eq!(next(&mut client).await, Message::text(largest.as_str()));
    say(&mut client, &largest[..=32 * 1024]).await;
    assert_eq!(closed(&mut client).await, (1009, String::new()));
    let disconnect = room.event("DISCONNECT").await;
    assert_eq!(disconnect["requestContext"]["disconnectStatusCode"], 1009);
}

#[tokio::test]
async fn a_message_beyond_the_limit_closes_the_socket() {
    let room = Room::new().await;
    let (mut client, _) = room.connect("/ws").await;
    fragmented(&mut client, &"x".repeat(128 * 1024 + 1), 32 * 1024).await;
    assert_eq!(closed(&mut client).await, (1009, String::new()));
}

#[tokio::test]
async fn an_idle_socket_is_closed() {
    let idle_limit = Duration::from_millis(50);
    let room = Room::with_settings(GatewaySettings {
        idle_limit,
        ..GatewaySettings::default()
    })
    .await;
    let (mut client, _) = room.connect("/ws").await;
    assert_eq!(closed(&mut client).await, (1001, String::new()));
}

#[tokio::test]
async fn a_socket_has_a_lifetime_whatever_it_does() {
    let lifetime = Duration::from_millis(300);
    let room = Room::with_settings(GatewaySettings {
        lifetime,
        ..GatewaySettings::default()
    })
    .await;
    let (mut client, _) = room.connect("/ws").await;
    let ended = loop {
        say(&mut client, "still here").await;
        if let Message::Close(frame) = next(&mut client).await {
            break frame.unwrap();
        }
    };
    assert_eq!(u16::from(ended.code), 1001);
}

const MINUTE: Duration = Duration::from_mins(1);

/// Still there: it answers.
async fn answers(client: &mut Client) {
    say(client, "there?").await;
    assert_eq!(next(client).await, Message::text("there?"));
}

#[tokio::test]
async fn ten_minutes_without_a_message_or_ping_close_a_socket() {
    let room = Room::new().await;
    let clock = room.stage.iam.clock();
    let (mut client, _) = room.connect("/ws").await;
    clock.advance(9 * MINUTE);
    client
        .send(Message::Ping(b"p".to_vec().into()))
        .await
        .unwrap();
    assert_eq!(next(&mut client).await, Message::Pong(b"p".to_vec().into()));
    clock.advance(9 * MINUTE);
    answers(&mut client).await;
    // What the client gets doesn't count, only what it sends (a guess).
    clock.advance(9 * MINUTE);
    let caster = ["api-gateway.websocketBroadcaster"];
    let caster = room.stage.iam.add_account(FOLDER, "caster", &caster);
    let sent = room
        .gateways
        .broadcast(GATEWAY, "/ws", &caster.unwrap(), "1".to_owned());
    assert_eq!(sent, Ok(1));
    assert_eq!(next(&mut client).await, Message::text("1"));
    clock.advance(MINUTE);
    assert_eq!(closed(&mut client).await, (1001, String::new()));
}

#[tokio::test]
async fn an_hour_ends_a_socket_however_busy_it_is() {
    let room = Room::new().await;
    let clock = room.stage.iam.clock();
    let (mut client, _) = room.connect("/ws").await;
    for _ in 0..6 {
        clock.advance(9 * MINUTE);
        answers(&mut client).await;
    }
    clock.advance(5 * MINUTE);
    answers(&mut client).await;
    clock.advance(MINUTE);
    assert_eq!(closed(&mut client).await, (1001, String::new()));
    let disconnect = room.event("DISCONNECT").await;
    assert_eq!(disconnect["requestContext"]["disconnectStatusCode"], 1001);
}

#[tokio::test]
async fn a_broadcast_reaches_the_sockets_of_its_path_and_a_slow_one_is_cut() {
    let room = Room::with_settings(GatewaySettings {
        queue: 8,
        ..GatewaySettings::default()
    })
    .await;
    let caster = room
        .stage
        .iam
        .add_account(FOLDER, "caster", &["api-gateway.websocketBroadcaster"])
        .unwrap();
    let send = |path: &str, text: String| room.gateways.broadcast(GATEWAY, path, &caster, text);
    let (mut quick, _) = room.connect("/ws").await;
    let (slow, _) = room.connect("/ws").await;
    assert_eq!(send("/ws", json!({ "n": 1 }).to_string()), Ok(2));
    assert_eq!(next(&mut quick).await, Message::text(r#"{"n":1}"#));
    assert!(send("/other", String::new()).is_err());
    assert!(send("/ws", "x".repeat(128 * 1024 + 1)).is_err());
    let nobody = room.stage.account.as_str();
    assert!(
        room.gateways
            .broadcast(GATEWAY, "/ws", nobody, String::new())
            .is_err()
    );

    // Nobody reads from the slow one, so that buffers and queue fill up.
    let large = "x".repeat(128 * 1024);
    while send("/ws", large.clone()).unwrap() == 2 {
        assert_eq!(next(&mut quick).await, Message::text(large.as_str()));
    }
    let disconnect = room.event("DISCONNECT").await;
    assert_eq!(disconnect["requestContext"]["disconnectStatusCode"], 1006);
    assert_eq!(room.gateways.connections().len(), 1);
    drop(slow);
}
