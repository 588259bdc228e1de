//! From a request to an open socket: CONNECT is answered before the 101.

use std::net::SocketAddr;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header};
use hyper::body;
use hyper::upgrade::OnUpgrade;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::call::frame;
use super::connection::{Connection, Identity, Outgoing};
use super::event::{Incoming, Kind};
use super::listener::{Answer, text};
use super::plain::{failed, replied};
use super::socket::Socket;
use super::spec::{Parameters, WebSocketItem};
use super::{GOING_AWAY, Gateway, Gateways};
use crate::inspect::Cut;
use crate::traffic::Seen;

/// Tells a client its connection's id.
const CONNECTION_ID: HeaderName =
    HeaderName::from_static("x-yc-apigateway-websocket-connection-id");

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
    (path, operations): (&str, &WebSocketItem),
    parameters: &Parameters,
    mut request: Request<body::Incoming>,
    peer: SocketAddr,
) -> Result<Answer, Cut> {
    let headers = request.headers();
    let version = headers
        .get(header::SEC_WEBSOCKET_VERSION)
        .map(HeaderValue::as_bytes);
    let key = headers
        .get(header::SEC_WEBSOCKET_KEY)
        .filter(|_| version == Some(b"13"));
    let Some(key) = key else {
        return Ok(text(
            StatusCode::BAD_REQUEST,
            "this is no WebSocket handshake of version 13",
        ));
    };
    let accept = derive_accept_key(key.as_bytes());
    let incoming = Incoming::new(
        (&gateway.id, gateways.0.security.http_scheme()),
        headers,
        request.uri(),
        parameters,
        peer,
    );
    let agent = incoming.user_agent().to_owned();
    let identity = Identity {
        source_ip: peer.ip(),
        user_agent: agent,
    };
    let now = gateways.iam().clock().now();
    let (connection, queue) =
        Connection::new(gateway, path, identity, now, gateways.0.settings.queue);
    let socket = Socket {
        gateways: gateways.clone(),
        gateway: Arc::clone(gateway),
        operations: operations.clone(),
        connection: Arc::new(connection),
        incoming,
    };
    let upgraded = hyper::upgrade::on(&mut request);
    let (reply, answer) = oneshot::channel();
    // A task of its own: when the client goes away during CONNECT, the
    // function has to learn of it afterwards.
    gateways
        .0
        .tasks
        .spawn(open(socket, accept, upgraded, queue, reply));
    let lost = || text(StatusCode::INTERNAL_SERVER_ERROR, "the handshake failed");
    answer.await.unwrap_or_else(|_| Ok(lost()))
}

async fn open(
    socket: Socket,
    accept: String,
    upgraded: OnUpgrade,
    queue: mpsc::Receiver<Outgoing>,
    reply: oneshot::Sender<Result<Answer, Cut>>,
) {
    let headers = match connect(&socket).await {
        Ok(headers) => headers,
        Err(answer) => {
            // The client may be gone; it doesn't mind.
            let _ = reply.send(answer);
            return;
        }
    };
    // From here on, the connection API and broadcasts find it: just before the 101.
    socket.gateways.0.connections.insert(&socket.connection);
    socket.gateways.0.traffic.saw(Seen::Opened {
        gateway_id: socket.gateway.id.clone(),
        connection_id: socket.connection.id.clone(),
    });
    // Stopped while the function was asked: nobody else would close it.
    if socket.gateway.is_paused() {
        socket.connection.send(Outgoing::Close(GOING_AWAY));
    }
    let heard = reply
        .send(Ok(switching(&accept, &socket.connection.id, &headers)))
        .is_ok();
    let upgraded = if heard {
        tokio::select! {
            upgraded = upgraded => upgraded.ok(),
            () = socket.gateway.stop.cancelled() => None,
        }
    } else {
        None
    };
    socket.run(upgraded, queue).await;
}

/// The reply's headers when the function agrees, or what refuses: an answer,
/// or a connection that ends without one.
async fn connect(socket: &Socket) -> Result<HeaderMap, Result<Answer, Cut>> {
    let Some(operation) = &socket.operations.connect else {
        return Ok(HeaderMap::new());
    };
    let answered = socket
        .gateways
        .answer(
            operation,
            &socket.connection,
            &socket.incoming,
            &Kind::Connect,
        )
        .await;
    match answered {
        None => Err(Err(Cut)),
        Some(Ok(reply)) if reply.status.is_success() => {
            let headers = reply.headers.clone();
            let greets = socket.gateways.0.settings.connect_body_is_delivered;
            if let Some(greeting) = frame(reply).filter(|_| greets) {
                socket.connection.send(greeting);
            }
            Ok(headers)
        }
        Some(Ok(reply)) => Err(Ok(replied(reply))),
        Some(Err(error)) => Err(Ok(failed(&error))),
    }
}

/// The 101. A subprotocol that the function chose is passed on (a guess: the
/// cloud documents only that the function sees what the client offers).
fn switching(accept: &str, connection_id: &str, reply: &HeaderMap) -> Answer {
    let mut answer = text(StatusCode::SWITCHING_PROTOCOLS, "");
    let headers = answer.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    for (name, value) in [
        (header::SEC_WEBSOCKET_ACCEPT, accept),
        (CONNECTION_ID, connection_id),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    if let Some(protocol) = reply.get(header::SEC_WEBSOCKET_PROTOCOL) {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol.clone());
    }
    answer
}
