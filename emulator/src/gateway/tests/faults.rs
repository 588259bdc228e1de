//! Fault rules for sockets.

use std::time::Duration;

use futures::StreamExt;
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use super::{Client, Room, closed, connection_id, next, say};

/// A room with one rule on the path of its sockets.
async fn room(method: &str, phase: &str, action: &Value) -> Room {
    let room = Room::new().await;
    set(&room, method, phase, action);
    room
}

fn set(room: &Room, method: &str, phase: &str, action: &Value) {
    let rule = json!([{
        "method": method, "path": "/d5d1/ws", "phase": phase, "action": action,
    }]);
    let rules = serde_json::from_value(rule).unwrap();
    room.stage.inspector.set_faults(rules).unwrap();
}

/// How many events of a kind the function got.
async fn count(room: &Room, kind: &str) -> usize {
    let events = room.events().await.into_iter();
    events
        .filter(|event| event["requestContext"]["eventType"] == kind)
        .count()
}

async fn hit(room: &Room) {
    let waiting = async {
        while room.stage.inspector.list_faults()[0].hits == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting)
        .await
        .unwrap();
}

/// What a client hears up to `last`.
async fn heard(client: &mut Client, last: &str) -> Vec<String> {
    let mut texts = Vec::new();
    loop {
        let text = next(client).await.into_text().unwrap().to_string();
        if text == last {
            return texts;
        }
        texts.push(text);
    }
}

#[tokio::test]
async fn a_handshake_fails_before_or_after_its_function_is_called() {
    for (phase, calls) in [("before", 0), ("after", 1)] {
        let room = room("CONNECT", phase, &json!({ "status": 502 })).await;
        assert_eq!(room.refused("/ws").await.status(), 502);
        assert_eq!(count(&room, "CONNECT").await, calls, "{phase}");
        room.connect("/ws").await;
    }
}

#[tokio::test]
async fn a_handshake_gets_no_answer_when_its_event_or_reply_is_lost() {
    for (phase, calls) in [("before", 0), ("after", 1)] {
        let room = room("CONNECT", phase, &json!({ "drop": {} })).await;
        connect_async(room.url("/ws")).await.unwrap_err();
        assert_eq!(count(&room, "CONNECT").await, calls, "{phase}");
        assert_eq!(room.gateways.connections(), []);
    }
}

#[tokio::test]
async fn a_doubled_connect_opens_one_socket() {
    let room = room("CONNECT", "before", &json!({ "duplicate": {} })).await;
    let (mut client, _) = room.connect("/ws?greet=welcome").await;
    say(&mut client, "last").await;
    assert_eq!(heard(&mut client, "last").await, ["welcome"]);
    assert_eq!(count(&room, "CONNECT").await, 2);
    assert_eq!(room.gateways.connections().len(), 1);
}

#[tokio::test]
async fn a_message_is_lost_on_the_way_there_or_back() {
    for (phase, calls) in [("before", 1), ("after", 2)] {
        let room = room("MESSAGE", phase, &json!({ "drop": {} })).await;
        let (mut client, _) = room.connect("/ws").await;
        say(&mut client, "lost").await;
        say(&mut client, "last").await;
        assert_eq!(heard(&mut client, "last").await, Vec::<String>::new());
        assert_eq!(count(&room, "MESSAGE").await, calls, "{phase}");
    }
}

#[tokio::test]
async fn a_doubled_message_is_handled_twice_and_answered_once() {
    let room = room("MESSAGE", "before", &json!({ "duplicate": {} })).await;
    let (mut client, _) = room.connect("/ws").await;
    say(&mut client, "twice").await;
    say(&mut client, "last").await;
    assert_eq!(heard(&mut client, "last").await, ["twice"]);
    assert_eq!(count(&room, "MESSAGE").await, 3);
}

#[tokio::test]
async fn a_message_of_some_content_on_one_connection_fails() {
    let room = Room::new().await;
    let (mut other, _) = room.connect("/ws").await;
    let (mut client, headers) = room.connect("/ws").await;
    let rules = json!([{
        "method": "MESSAGE", "path": "*", "subject": connection_id(&headers), "action": { "status": 500 },
        "when": { "json": { "pointer": "/type", "equals": "SEND" } },
    }]);
    let rules = serde_json::from_value(rules).unwrap();
    room.stage.inspector.set_faults(rules).unwrap();
    let (ping, send) = (r#"{"type":"PING"}"#, r#"{"type":"SEND"}"#);
    for (socket, text) in [(&mut other, send), (&mut client, ping)] {
        say(socket, text).await;
        assert_eq!(next(socket).await, Message::text(text));
    }
    say(&mut client, send).await;
    let failure = next(&mut client).await.into_text().unwrap();
    assert!(failure.contains("injected by a fault rule"), "{failure}");
}

#[tokio::test]
async fn a_disconnect_is_lost_or_told_twice() {
    for (action, calls) in [(json!({ "drop": {} }), 0), (json!({ "duplicate": {} }), 2)] {
        let room = room("DISCONNECT", "before", &action).await;
        let (client, _) = room.connect("/ws").await;
        drop(client);
        hit(&room).await;
        // The next socket's end is told: by then, so is the first one's.
        let (client, _) = room.connect("/ws").await;
        drop(client);
        let waiting = async {
            while count(&room, "DISCONNECT").await < calls + 1 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), waiting)
            .await
            .unwrap();
        assert_eq!(count(&room, "DISCONNECT").await, calls + 1, "{action}");
    }
}

#[tokio::test]
async fn a_frame_is_lost_doubled_or_late() {
    for (action, expected) in [
        (json!({ "drop": {} }), vec!["b"]),
        (json!({ "duplicate": {} }), vec!["a", "a", "b"]),
        (json!({ "delayMs": 20 }), vec!["a", "b"]),
    ] {
        let room = room("FRAME", "before", &action).await;
        let (mut client, _) = room.connect("/ws").await;
        for text in ["a", "b", "last"] {
            say(&mut client, text).await;
        }
        assert_eq!(heard(&mut client, "last").await, expected, "{action}");
    }
}

#[tokio::test]
async fn a_socket_is_cut_or_closed_instead_of_a_frame() {
    let cut = room("FRAME", "before", &json!({ "cut": {} })).await;
    let (mut client, _) = cut.connect("/ws").await;
    say(&mut client, "a").await;
    assert!(!matches!(client.next().await, Some(Ok(_))));
    let told = cut.event("DISCONNECT").await;
    assert_eq!(told["requestContext"]["disconnectStatusCode"], 1006);

    let close = room("FRAME", "before", &json!({ "close": 1011 })).await;
    let (mut client, _) = close.connect("/ws").await;
    say(&mut client, "a").await;
    assert_eq!(closed(&mut client).await, (1011, String::new()));
}

#[tokio::test]
async fn a_held_frame_silences_its_socket_which_still_listens_until_the_rules_go() {
    let room = room("FRAME", "before", &json!({ "hang": {} })).await;
    let (mut client, _) = room.connect("/ws").await;
    say(&mut client, "held").await;
    hit(&room).await;
    say(&mut client, "heard by the function").await;
    let listening = async {
        while count(&room, "MESSAGE").await < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), listening)
        .await
        .unwrap();
    room.stage.inspector.clear_faults();
    assert!(!matches!(client.next().await, Some(Ok(_))));
}
