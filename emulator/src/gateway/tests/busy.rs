//! What the callers of a gateway see when its function takes no more calls.

use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;
use yandex_cloud_rest::model::version::LATEST;

use super::{FUNCTION, Room, next, say};
use crate::cloud::plane::Scaling;

impl Room {
    fn scale(&self, requests: Option<usize>) {
        let policy = Scaling {
            requests,
            ..Scaling::default()
        };
        self.stage.functions.scale(FUNCTION, LATEST, policy);
    }
}

/// That a socket gets the error as a message is a guess, and has a switch.
#[tokio::test]
async fn too_many_calls_refuse_a_handshake_and_are_told_to_an_open_socket() {
    let room = Room::new().await;
    let (mut client, _) = room.connect("/ws").await;
    room.scale(Some(0));
    let refused = room.refused("/ws").await;
    assert_eq!(refused.status(), 429);
    let body: Value = serde_json::from_slice(refused.body().as_ref().unwrap()).unwrap();
    assert_eq!(body["errorCode"], 429);
    say(&mut client, "lost").await;
    let Message::Text(told) = next(&mut client).await else {
        panic!("no text");
    };
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["errorCode"], 429);
    room.scale(None);
    say(&mut client, "heard").await;
    assert_eq!(
        next(&mut client).await,
        Message::text("heard"),
        "it stays open"
    );
}
