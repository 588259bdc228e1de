//! Calls an operation's integration.

use serde_json::Value;
use tokio_tungstenite::tungstenite::{Bytes, Utf8Bytes};

use super::Gateways;
use super::connection::{Connection, Outgoing};
use super::event::{Handshake, Kind, event};
use super::spec::{FunctionCall, Integration, Operation};
use crate::functions::InvokeError;
use crate::functions::reply::FunctionReply;
use crate::iam::Subject;

impl Gateways {
    /// What an operation answers to an event of a connection.
    pub(super) async fn answer(
        &self,
        operation: &Operation,
        connection: &Connection,
        handshake: &Handshake,
        kind: &Kind<'_>,
    ) -> Result<FunctionReply, InvokeError> {
        match &operation.integration {
            Integration::Function(call) => {
                let event = event(connection, handshake, &operation.id, kind);
                self.call(call, event).await
            }
            Integration::Dummy { .. } => Ok(FunctionReply {
                status: http::StatusCode::OK,
                headers: http::HeaderMap::new(),
                body: Vec::new(),
            }),
        }
    }

    async fn call(&self, call: &FunctionCall, event: Value) -> Result<FunctionReply, InvokeError> {
        let subject = call.service_account_id.clone().map(|id| Subject { id });
        self.0
            .functions
            .authorize(&call.function_id, subject.as_ref())?;
        let result = self
            .0
            .functions
            .invoke(&call.function_id, &call.tag, event)
            .await?;
        FunctionReply::parse(&result)
    }
}

/// A reply's body as a frame: text when it says that it is JSON or text, and
/// binary otherwise, also when it says nothing. Nothing for an empty body.
pub(super) fn frame(reply: FunctionReply) -> Option<Outgoing> {
    if reply.body.is_empty() {
        return None;
    }
    let media_type = reply.media_type().unwrap_or_default();
    if media_type == "application/json" || media_type.starts_with("text/") {
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        return Some(Outgoing::Text(Utf8Bytes::from(text)));
    }
    Some(Outgoing::Binary(Bytes::from(reply.body)))
}

/// What a client is told when the integration failed (a guess).
pub(super) fn failure_frame(error: &InvokeError) -> Outgoing {
    Outgoing::Text(Utf8Bytes::from(error.body().to_string()))
}
