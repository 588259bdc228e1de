//! Fault rules for sockets: events that don't reach their function, replies
//! that don't come back, frames that don't reach their client.

use std::pin::Pin;

use serde_json::Value;
use tokio_tungstenite::tungstenite::Message as Frame;

use super::Gateways;
use super::connection::{Connection, Outgoing};
use super::event::Kind;
use super::spec::FunctionCall;
use crate::functions::InvokeError;
use crate::functions::reply::FunctionReply;
use crate::inspect::faults::{Content, Phase};
use crate::inspect::{Call, Verdict};

/// A frame that is about to be written, and what becomes of it.
pub(super) type Judged<'a> = Pin<Box<dyn Future<Output = (Outgoing, Verdict)> + Send + 'a>>;

/// The frame that is being judged; never comes when there is none.
pub(super) async fn judged(held: &mut Option<Judged<'_>>) -> (Outgoing, Verdict) {
    match held {
        Some(judging) => judging.await,
        None => std::future::pending().await,
    }
}

impl Connection {
    /// What rules call it: `/<gateway id>/<path>`.
    fn rule_path(&self) -> String {
        format!("/{}{}", self.gateway_id, self.path)
    }
}

impl Kind<'_> {
    /// What rules look into: a message as it came, other events as the function
    /// gets them.
    fn content<'a>(&'a self, event: &'a Value) -> Content<'a> {
        match self {
            Self::Message { message, .. } => match message {
                Frame::Text(text) => Content::Bytes(text.as_bytes()),
                Frame::Binary(bytes) => Content::Bytes(bytes),
                _ => Content::None,
            },
            Self::Connect | Self::Disconnect { .. } => Content::Json(event),
        }
    }
}

impl Gateways {
    /// What a function answers to an event, as the rules for `CONNECT`,
    /// `MESSAGE` and `DISCONNECT` want it; none when the event or its reply is
    /// lost.
    pub(super) async fn tell(
        &self,
        call: &FunctionCall,
        connection: &Connection,
        kind: &Kind<'_>,
        event: Value,
    ) -> Option<Result<FunctionReply, InvokeError>> {
        let (method, _) = kind.names();
        let inspector = &self.0.inspector;
        if !inspector.concerns(method) {
            return Some(self.call(call, event).await);
        }
        let path = connection.rule_path();
        let named = Call {
            method,
            path: &path,
            subject: Some(&connection.id),
            headers: None,
            content: kind.content(&event),
        };
        match inspector.apply(Phase::Before, &named).await {
            Verdict::Drop | Verdict::Cut => return None,
            Verdict::Status(status) => return Some(Err(InvokeError::injected(status))),
            Verdict::Duplicate => {
                // Nobody hears what is answered first.
                let _unheard = self.call(call, event.clone()).await;
            }
            _ => {}
        }
        let answered = self.call(call, event.clone()).await;
        match inspector.apply(Phase::After, &named).await {
            Verdict::Drop | Verdict::Cut => None,
            Verdict::Status(status) => Some(Err(InvokeError::injected(status))),
            _ => Some(answered),
        }
    }

    /// Whether rules for `FRAME` must be asked.
    pub(super) fn judges_frames(&self) -> bool {
        self.0.inspector.concerns("FRAME")
    }

    /// What rules for `FRAME` say to a message for a client.
    pub(super) async fn judge(
        &self,
        connection: &Connection,
        outgoing: Outgoing,
    ) -> (Outgoing, Verdict) {
        let content = match &outgoing {
            Outgoing::Text(text) => text.as_bytes(),
            Outgoing::Binary(bytes) => bytes,
            Outgoing::Close(_) => return (outgoing, Verdict::Pass),
        };
        let path = connection.rule_path();
        let call = Call {
            method: "FRAME",
            path: &path,
            subject: Some(&connection.id),
            headers: None,
            content: Content::Bytes(content),
        };
        let verdict = self.0.inspector.apply(Phase::Before, &call).await;
        (outgoing, verdict)
    }
}
