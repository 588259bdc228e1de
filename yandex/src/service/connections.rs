//! Open WebSocket connections of gateways. These calls answer at once, without
//! operations, and know no idempotency keys.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::call::{Call, item};
use crate::client::Client;
use crate::endpoint::Service;
use crate::error::Error;
use crate::model::websocket::{Connection, DataType, SendToConnectionRequest};

const PATH: &str = "/apigateways/websocket/v1/connections";

/// `/apigateways/websocket/v1/connections`.
#[derive(Debug, Clone, Copy)]
pub struct Connections<'a>(&'a Client);

impl Client {
    /// Open WebSocket connections of gateways.
    #[must_use]
    pub fn connections(&self) -> Connections<'_> {
        Connections(self)
    }
}

impl Connections<'_> {
    /// One, by id.
    pub async fn get(&self, id: &str) -> Result<Connection, Error> {
        let call = Call::get(Service::Connections, item(PATH, id));
        self.0.call(&call).await
    }

    /// Sends a text frame of at most 131,072 bytes.
    pub async fn send_text(&self, id: &str, text: &str) -> Result<(), Error> {
        let request = SendToConnectionRequest {
            data: STANDARD.encode(text),
            kind: DataType::Text,
        };
        let call = Call::post(
            Service::Connections,
            format!("{}:send", item(PATH, id)),
            &request,
        );
        self.0.call::<Value>(&call).await.map(drop)
    }

    /// Closes it; the client sees close code 1000 without a reason.
    pub async fn disconnect(&self, id: &str) -> Result<(), Error> {
        let call = Call::delete(Service::Connections, item(PATH, id));
        self.0.call::<Value>(&call).await.map(drop)
    }
}
