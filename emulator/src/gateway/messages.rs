//! What a socket tells its function: messages one after the other (a guess:
//! the cloud doesn't say whether those of one connection may overlap), then
//! its end.

use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

use super::call::{failure_frame, frame};
use super::connection::Outgoing;
use super::event::Kind;
use super::socket::{End, Socket};
use super::spec::WebSocketItem;
use crate::functions::InvokeError;
use crate::traffic::{Seen, preview};

impl Socket {
    /// The operations of now: an updated gateway's, or those of when the socket
    /// opened if its path is gone.
    fn operations(&self) -> WebSocketItem {
        let spec = self.gateway.spec();
        spec.web_socket(&self.connection.path)
            .unwrap_or(&self.operations)
            .clone()
    }

    /// Calls the function for each message and sends its reply.
    pub(super) async fn handle_messages(&self, mut waiting: mpsc::Receiver<Message>) {
        while let Some(message) = waiting.recv().await {
            let operation = self.operations().message;
            let now = self.gateways.iam().clock().now();
            let id = self.gateways.0.message_ids.next(now);
            self.saw_message(&id, &message);
            let kind = Kind::Message {
                id: id.clone(),
                message: &message,
            };
            let answered = self
                .gateways
                .answer(&operation, &self.connection, &self.incoming, &kind)
                .await;
            let outgoing = match answered {
                None => None,
                Some(Ok(reply)) => frame(reply),
                Some(Err(error)) => {
                    tracing::warn!(%error, connection = self.connection.id, "MESSAGE failed");
                    self.saw_failure(&id, &error);
                    let told = self.gateways.0.settings.failures_are_told;
                    told.then(|| failure_frame(&error))
                }
            };
            if let Some(outgoing) = outgoing {
                self.saw_reply(&id, &outgoing);
                self.connection.send(outgoing);
            }
        }
    }

    fn saw_message(&self, message_id: &str, message: &Message) {
        let text = match message {
            Message::Text(text) => preview(text),
            other => format!("{} bytes", other.len()),
        };
        self.gateways.0.traffic.saw(Seen::Received {
            connection_id: self.connection.id.clone(),
            message_id: message_id.to_owned(),
            text,
        });
    }

    fn saw_reply(&self, message_id: &str, outgoing: &Outgoing) {
        self.gateways.0.traffic.saw(Seen::Replied {
            connection_id: self.connection.id.clone(),
            message_id: message_id.to_owned(),
            text: outgoing.preview(),
        });
    }

    fn saw_failure(&self, message_id: &str, error: &InvokeError) {
        self.gateways.0.traffic.saw(Seen::Failed {
            connection_id: self.connection.id.clone(),
            message_id: message_id.to_owned(),
            error: error.to_string(),
        });
    }

    /// Tells the function that the socket is gone; best effort, as documented.
    pub(super) async fn tell_disconnect(&self, end: &End) {
        let Some(operation) = self.operations().disconnect else {
            return;
        };
        let kind = Kind::Disconnect {
            status: end.status,
            reason: &end.reason,
        };
        let answered = self
            .gateways
            .answer(&operation, &self.connection, &self.incoming, &kind)
            .await;
        if let Some(Err(error)) = answered {
            tracing::warn!(%error, connection = self.connection.id, "DISCONNECT failed");
        }
    }
}
