//! Sixteen calls in flight in one instance, of which one panics: it fails, and
//! the others don't notice.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use tokio::sync::{Barrier, watch};
use tokio::time::Instant;
use wschat_protocol::ServerMessage;

use super::fakes::Outside;
use super::{Chat, Ports};
use crate::call::{Call, Token};
use crate::event::Event;
use crate::instance::{fallback, survive};
use crate::log::{Level, Log};
use crate::ports::{Broadcaster, Unavailable};
use crate::reply::Reply;

const CALLS: usize = 16;
/// The content of the message whose call panics.
const BAD: &str = "bad";

/// A topic that takes nothing before all calls are in it, and then lets go of
/// the good ones only when it is told.
struct Held {
    all_in: Barrier,
    let_go: watch::Sender<bool>,
}

#[async_trait]
impl Broadcaster for Held {
    async fn publish(&self, message: &ServerMessage, _: Instant) -> Result<(), Unavailable> {
        self.all_in.wait().await;
        let ServerMessage::Broadcast { content, .. } = message else {
            return Ok(());
        };
        assert!(content != BAD, "on purpose");
        let mut let_go = self.let_go.subscribe();
        let_go.wait_for(|let_go| *let_go).await.unwrap();
        Ok(())
    }

    async fn check(&self, _: Instant) -> Result<(), Unavailable> {
        Ok(())
    }
}

struct World {
    chat: Chat,
    outside: Outside,
    topic: Held,
}

impl World {
    /// As an instance takes a message: on a task of its own.
    async fn message(self: Arc<Self>, connection: String, content: &str) -> Reply {
        let event = Event::Message {
            connection_id: connection.clone(),
            text: None,
        };
        let frame = json!({ "type": "SEND", "content": content, "id": connection }).to_string();
        let call = Call::new(String::new(), Token::default(), Duration::from_secs(30));
        let answer = async move {
            let ports = Ports {
                broadcaster: &self.topic,
                ..self.outside.ports()
            };
            self.chat
                .message(&connection, Some(&frame), ports, &call)
                .await
        };
        survive(answer, fallback(&event), Log::new(Level::Error)).await
    }
}

#[tokio::test]
async fn one_of_sixteen_calls_panics_and_the_others_are_acknowledged() {
    let world = Arc::new(World {
        chat: Chat::new(Log::new(Level::Error)),
        outside: Outside::default(),
        topic: Held {
            all_in: Barrier::new(CALLS),
            let_go: watch::Sender::new(false),
        },
    });
    for number in 0..CALLS {
        let row = (format!("user{number}"), None);
        world.outside.state().rows.insert(number.to_string(), row);
    }
    let good: Vec<_> = (1..CALLS)
        .map(|number| tokio::spawn(Arc::clone(&world).message(number.to_string(), "good")))
        .collect();

    let failed = Arc::clone(&world).message("0".to_owned(), BAD).await;
    assert_eq!(
        kind_of(&failed),
        ("ERROR".to_owned(), "UNAVAILABLE".to_owned())
    );
    assert!(good.iter().all(|call| !call.is_finished()), "all in flight");

    world.topic.let_go.send_replace(true);
    for call in good {
        let reply = call.await.unwrap();
        assert_eq!(kind_of(&reply), ("ACK".to_owned(), String::new()));
    }
}

/// A reply's type and code.
fn kind_of(reply: &Reply) -> (String, String) {
    let Reply::Gateway { status: 200, body } = reply else {
        panic!("every frame is answered with 200: {reply:?}");
    };
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    (text("type"), text("code"))
}
