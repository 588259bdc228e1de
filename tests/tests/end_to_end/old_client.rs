//! A client of the years before: it knows three types, takes every frame for
//! `{"messages":[…]}`, reads the first of them and ends on anything else.

use futures::{SinkExt, StreamExt};
use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::stage::{SOON, Stage};
use crate::suite::{Handle, Scene};

/// How many messages are sent without a pause: more than one would share a
/// frame if the trigger put them together.
const BURST: usize = 10;

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![suite.trial("a client of the years before can chat", old_clients_chat)]
}

async fn old_clients_chat(scene: Scene) -> Result<(), Failed> {
    let stage = Stage::set(scene).await?;
    let url = stage.lobby().await?;
    let mut first = OldClient::join(&url, "first").await?;
    let mut second = OldClient::join(&url, "second").await?;
    // Its own join would be taken for the other's.
    let joined = first.next("USER_JOINED").await?;
    assert_eq!(joined["userId"], "second", "{joined}");

    for number in 0..BURST {
        second.say(&format!("message {number}")).await?;
    }
    for client in [&mut first, &mut second] {
        for number in 0..BURST {
            let message = client.next("BROADCAST").await?;
            assert_eq!(message["content"], format!("message {number}"), "{message}");
            assert_eq!(message["userId"], "second", "{message}");
            assert!(message["timestamp"].is_string(), "{message}");
        }
    }
    second.stream.close(None).await?;
    let left = first.next("USER_LEFT").await?;
    assert_eq!(left["userId"], "second", "{left}");
    stage.clear().await
}

/// One of them.
struct OldClient {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl OldClient {
    async fn join(url: &str, user: &str) -> Result<Self, Failed> {
        let url = format!("{url}?user_id={user}");
        let (stream, _) = tokio_tungstenite::connect_async(url).await?;
        Ok(Self { stream })
    }

    /// No id, and no wait for an acknowledgement.
    async fn say(&mut self, content: &str) -> Result<(), Failed> {
        let message = json!({ "type": "SEND", "content": content });
        Ok(self.stream.send(Message::text(message.to_string())).await?)
    }

    /// The next message of this type, among those that it can read.
    async fn next(&mut self, kind: &str) -> Result<Value, Failed> {
        let deadline = tokio::time::Instant::now() + SOON;
        loop {
            let frame = tokio::time::timeout_at(deadline, self.stream.next())
                .await
                .map_err(|_| format!("no {kind} within {SOON:?}"))?
                .ok_or_else(|| format!("the socket ended before {kind}"))??;
            let Message::Text(text) = frame else {
                return Err(format!("it reads text frames only, and got {frame:?}").into());
            };
            let frame: Value = serde_json::from_str(&text)?;
            // It reads no further than this.
            let message = frame["messages"][0].clone();
            if message["type"] == kind {
                return Ok(message);
            }
        }
    }
}
