//! From a request to an open socket: CONNECT is answered before the 101.

use std::net::SocketAddr;
use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::call::frame;
use super::connection::{Connection, Identity, Outgoing, new_id};
use super::event::{Handshake, Kind};
use super::listener::{Answer, text};
use super::socket::Socket;
use super::spec::PathItem;
use super::{Gateway, Gateways};
use crate::functions::InvokeError;
use crate::functions::reply::FunctionReply;

/// Tells a client its connection's id.
const CONNECTION_ID: &str = "x-yc-apigateway-websocket-connection-id";

/// Whether a request asks for a WebSocket connection.
pub(super) fn is_upgrade(headers: &HeaderMap) -> bool {
    let upgrade = headers
        .get(header::UPGRADE)
        .and_then(|value| value.to_str().ok());
    upgrade.is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

/// Asks the function, and opens the socket if it agrees.
pub(super) async fn upgrade(
    gateways: &Gateways,
    gateway: &Arc<Gateway>,
    item: &PathItem,
    mut request: Request<Incoming>,
    peer: SocketAddr,
) -> Answer {
    let headers = request.headers();
    let version = headers
        .get(header::SEC_WEBSOCKET_VERSION)
        .map(HeaderValue::as_bytes);
    let Some(key) = headers
        .get(header::SEC_WEBSOCKET_KEY)
        .filter(|_| version == Some(b"13"))
    else {
        return text(
            StatusCode::BAD_REQUEST,
            "this is no WebSocket handshake of version 13",
        );
    };
    let accept = derive_accept_key(key.as_bytes());
    let handshake = Handshake::new(headers, request.uri().query());
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok());
    let identity = Identity {
        source_ip: peer.ip(),
        user_agent: agent.unwrap_or_default().to_owned(),
    };
    let (connection, queue) = Connection::new(
        new_id(),
        gateway,
        item.path.clone(),
        identity,
        Timestamp::now(),
    );
    let connection = Arc::new(connection);
    let greeting = match connect(gateways, item, &connection, &handshake).await {
        Ok(greeting) => greeting,
        Err(answer) => return answer,
    };
    let answer = switching(&accept, &connection.id);
    // From here on, the connection API and broadcasts find it.
    gateways
        .open()
        .insert(connection.id.clone(), Arc::clone(&connection));
    if let Some(greeting) = greeting {
        connection.send(greeting);
    }
    let socket = Socket {
        gateways: gateways.clone(),
        gateway: Arc::clone(gateway),
        item: item.clone(),
        connection,
        handshake,
    };
    let upgraded = hyper::upgrade::on(&mut request);
    gateways.0.tasks.spawn(run(socket, upgraded, queue));
    answer
}

async fn run(socket: Socket, upgraded: hyper::upgrade::OnUpgrade, queue: mpsc::Receiver<Outgoing>) {
    let upgraded = tokio::select! {
        upgraded = upgraded => upgraded.ok(),
        () = socket.gateway.stop.cancelled() => None,
    };
    socket.run(upgraded, queue).await;
}

/// The first message for the client, or the answer that refuses it.
async fn connect(
    gateways: &Gateways,
    item: &PathItem,
    connection: &Connection,
    handshake: &Handshake,
) -> Result<Option<Outgoing>, Answer> {
    let Some(operation) = &item.connect else {
        return Ok(None);
    };
    let outcome = gateways
        .answer(operation, connection, handshake, &Kind::Connect)
        .await;
    match outcome {
        Ok(reply) if reply.status.is_success() => Ok(frame(reply)),
        Ok(reply) => Err(refusal(reply)),
        Err(error) => Err(failure(&error)),
    }
}

/// The integration's own answer, without an upgrade.
fn refusal(reply: FunctionReply) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(reply.body)));
    *answer.status_mut() = reply.status;
    *answer.headers_mut() = reply.headers;
    answer
}

fn failure(error: &InvokeError) -> Answer {
    tracing::warn!(%error, "CONNECT failed");
    let mut answer = text(error.status(), &error.body().to_string());
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    answer
}

fn switching(accept: &str, connection_id: &str) -> Answer {
    let mut answer = text(StatusCode::SWITCHING_PROTOCOLS, "");
    let headers = answer.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    for (name, value) in [
        ("sec-websocket-accept", accept),
        (CONNECTION_ID, connection_id),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    answer
}
