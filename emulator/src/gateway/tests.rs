mod api;
mod busy;
mod events;
mod faults;
mod limits;
mod plain;
mod sockets;
mod tls;

use std::net::SocketAddr;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use http::HeaderMap;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use yandex_cloud_rest::model::version::LATEST;

use super::{GatewaySettings, Gateways, Spec};
use crate::functions::testing::{FOLDER, Stage};
use crate::security::Security;
use crate::traffic::Traffic;

pub(super) const GATEWAY: &str = "d5d1";
pub(super) const FUNCTION: &str = "d4e1";

/// Remembers its events, tells them when asked, and answers sockets by what
/// they say.
const CHAT: &str = r"
    const events = [];
    let release;
    const released = new Promise((resolve) => { release = resolve; });
    exports.handler = async (event) => {
      if (event === 'events') return events;
      if (event === 'release') return release();
      events.push(event);
      const json = { 'Content-Type': 'application/json' };
      const { eventType } = event.requestContext;
      if (eventType === 'CONNECT') {
        const { refuse, greet, protocol, hold } = event.queryStringParameters;
        if (hold) await released;
        if (refuse) return { statusCode: Number(refuse), headers: { 'X-Why': 'full' }, body: 'no' };
        const headers = protocol ? { ...json, 'Sec-WebSocket-Protocol': protocol } : json;
        return { statusCode: 200, headers, body: greet ?? '' };
      }
      if (event.body === 'throw') throw new Error('on purpose');
      if (event.body === 'silence') return { statusCode: 200 };
      if (event.body === 'bytes') return { statusCode: 200, body: 'raw' };
      const body = event.isBase64Encoded ? Buffer.from(event.body, 'base64').toString() : event.body;
      return { statusCode: 200, headers: json, body };
    };";

pub(super) type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A gateway before the chat function.
pub(super) struct Room {
    pub(super) stage: Stage,
    pub(super) gateways: Gateways,
    pub(super) address: SocketAddr,
}

impl Room {
    pub(super) async fn new() -> Self {
        Self::with_settings(GatewaySettings::default()).await
    }

    pub(super) async fn with_settings(settings: GatewaySettings) -> Self {
        Self::open(settings, Security::Plain).await
    }

    pub(super) async fn open(settings: GatewaySettings, security: Security) -> Self {
        let stage = Stage::new();
        stage.deploy_code(FUNCTION, CHAT).await;
        let functions = stage.functions.clone();
        let gateways = Gateways::with_settings(
            stage.inspector.clone(),
            functions,
            settings,
            security,
            Traffic::default(),
        );
        let spec = Spec::parse(&chat_spec("/ws", &stage.account)).unwrap();
        let address = gateways.create(GATEWAY, FOLDER, spec).await.unwrap();
        Self {
            stage,
            gateways,
            address,
        }
    }

    /// Connects with this path and query.
    pub(super) async fn connect(&self, path: &str) -> (Client, HeaderMap) {
        let (client, response) = connect_async(self.url(path)).await.unwrap();
        (client, response.headers().clone())
    }

    /// What a refused handshake is answered with.
    pub(super) async fn refused(&self, path: &str) -> http::Response<Option<Vec<u8>>> {
        match connect_async(self.url(path)).await {
            Err(tungstenite::Error::Http(response)) => *response,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn url(&self, path: &str) -> http::Request<()> {
        let mut request = format!("ws://{}{path}", self.address)
            .into_client_request()
            .unwrap();
        request
            .headers_mut()
            .insert("cookie", "a=b".parse().unwrap());
        request
    }

    /// All events that the function got.
    pub(super) async fn events(&self) -> Vec<Value> {
        let events = self
            .stage
            .functions
            .invoke(FUNCTION, LATEST, json!("events"))
            .await
            .unwrap();
        events.as_array().unwrap().clone()
    }

    /// The function's event of a type, once it has come.
    pub(super) async fn event(&self, kind: &str) -> Value {
        let looking = async {
            loop {
                let events = self.events().await;
                let found = events
                    .iter()
                    .find(|event| event["requestContext"]["eventType"] == kind);
                if let Some(event) = found {
                    return event.clone();
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), looking)
            .await
            .unwrap()
    }
}

/// A specification with one chat path.
pub(super) fn chat_spec(path: &str, account: &str) -> String {
    let operation = |id: &str| {
        json!({
            "operationId": id,
            "x-yc-apigateway-integration": {
                "type": "cloud_functions",
                "function_id": FUNCTION,
                "service_account_id": account,
                "payload_format_version": "1.0",
            },
        })
    };
    let item = json!({
        "parameters": [{ "name": "user_id", "in": "query", "schema": { "type": "string" } }],
        "x-yc-apigateway-websocket-connect": operation("connect"),
        "x-yc-apigateway-websocket-message": operation("message"),
        "x-yc-apigateway-websocket-disconnect": operation("disconnect"),
    });
    json!({ "openapi": "3.0.0", "paths": { path: item } }).to_string()
}

/// As a handshake's answer tells it.
pub(super) fn connection_id(headers: &HeaderMap) -> &str {
    headers["x-yc-apigateway-websocket-connection-id"]
        .to_str()
        .unwrap()
}

/// The next frame of a client, which must come.
pub(super) async fn next(client: &mut Client) -> Message {
    let next = tokio::time::timeout(Duration::from_secs(30), client.next()).await;
    next.unwrap().unwrap().unwrap()
}

/// The code and reason that a socket is closed with.
pub(super) async fn closed(client: &mut Client) -> (u16, String) {
    loop {
        if let Message::Close(frame) = next(client).await {
            let CloseFrame { code, reason } = frame.unwrap();
            return (code.into(), reason.to_string());
        }
    }
}

pub(super) async fn say(client: &mut Client, text: &str) {
    client.send(Message::text(text)).await.unwrap();
}
