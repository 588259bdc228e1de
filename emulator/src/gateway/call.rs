//! Calls functions for a gateway, and reads their replies as frames.

use serde_json::Value;
use tokio_tungstenite::tungstenite::{Bytes, Utf8Bytes};

use super::Gateways;
use super::connection::{Connection, Outgoing};
use super::event::{Incoming, Kind, Target, web_socket};
use super::spec::{Described, FunctionCall, WebSocketOperation};
use crate::functions::InvokeError;
use crate::functions::reply::FunctionReply;
use crate::iam::Subject;

/// The largest message (128 KB, documented).
pub(super) const MESSAGE_BYTES: usize = 128 * 1024;

impl Gateways {
    /// What an operation answers to an event of a connection; nothing when a
    /// fault rule loses it.
    pub(super) async fn answer(
        &self,
        operation: &WebSocketOperation,
        connection: &Connection,
        incoming: &Incoming,
        kind: &Kind<'_>,
    ) -> Option<Result<FunctionReply, InvokeError>> {
        let target = self.target(&operation.id, &operation.call, &operation.described);
        let event = web_socket(connection, incoming, target, kind);
        self.tell(&operation.call, connection, kind, event).await
    }

    /// What an event is for, now.
    pub(super) fn target<'a>(
        &self,
        operation_id: &'a str,
        call: &'a FunctionCall,
        described: &'a Described,
    ) -> Target<'a> {
        let now = self.iam().clock().now();
        Target {
            operation_id,
            function_id: &call.function_id,
            format: call.format,
            described,
            now,
        }
    }

    /// Calls a function as the integration's service account, which needs
    /// `functions.functionInvoker` on it; without an account, anonymously.
    pub(super) async fn call(
        &self,
        call: &FunctionCall,
        event: Value,
    ) -> Result<FunctionReply, InvokeError> {
        let subject = call.service_account_id.clone().map(|id| Subject { id });
        let functions = &self.0.functions;
        functions.authorize(&call.function_id, subject.as_ref())?;
        let request_id = event["requestContext"]["requestId"].as_str();
        let request_id = request_id.unwrap_or_default().to_owned();
        let result = functions
            .invoke_as(&request_id, &call.function_id, &call.tag, event)
            .await?;
        FunctionReply::parse(&result)
    }
}

/// A reply's body as a frame: text when it says that it is JSON or text, and
/// binary otherwise, also when it says nothing. Nothing for an empty body, nor
/// for one that is larger than a message may be (a guess).
pub(super) fn frame(reply: FunctionReply) -> Option<Outgoing> {
    if reply.body.is_empty() {
        return None;
    }
    if reply.body.len() > MESSAGE_BYTES {
        tracing::warn!(
            bytes = reply.body.len(),
            "a reply larger than {MESSAGE_BYTES} bytes isn't sent"
        );
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
