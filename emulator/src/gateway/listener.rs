//! A gateway's listener: plain requests, and upgrades to WebSocket.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

use super::{Gateway, Gateways, cors, handshake, plain};
use crate::inspect::Cut;
use crate::open_files::Refused;

/// How long a client may take to send a request's headers.
const HEADERS_LIMIT: Duration = Duration::from_secs(30);

/// Pause when there are no file descriptors left: others may end soon.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What is answered.
pub(super) type Answer = Response<Full<Bytes>>;

/// Accepts connections until the gateway stops.
pub(super) async fn serve(gateways: Gateways, gateway: Arc<Gateway>, listener: TcpListener) {
    loop {
        let accepted = tokio::select! {
            () = gateway.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let serving = connection(gateways.clone(), Arc::clone(&gateway), stream, peer);
                gateways.0.tasks.spawn(serving);
            }
            Err(error) => {
                let error = Refused(&error);
                tracing::warn!(%error, gateway = gateway.id, "can't accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(
    gateways: Gateways,
    gateway: Arc<Gateway>,
    stream: TcpStream,
    peer: SocketAddr,
) {
    let stop = gateway.stop.clone();
    let accepted = tokio::select! {
        () = stop.cancelled() => return,
        accepted = gateways.0.security.accept(stream) => accepted,
    };
    let stream = match accepted {
        Ok(stream) => stream,
        Err(error) => {
            tracing::warn!(%peer, gateway = gateway.id, "{error}");
            return;
        }
    };
    exchange(gateways, gateway, stream, peer).await;
}

/// Requests and upgrades of one connection until it or its gateway ends.
pub(super) async fn exchange(
    gateways: Gateways,
    gateway: Arc<Gateway>,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
) {
    let stop = gateway.stop.clone();
    let service = service_fn(move |request| {
        let (gateways, gateway) = (gateways.clone(), Arc::clone(&gateway));
        async move { answer(&gateways, &gateway, request, peer).await }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_LIMIT)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::select! {
        ended = serving => {
            if let Err(error) = ended {
                tracing::debug!(%error, %peer, "a gateway's connection ended");
            }
        }
        () = stop.cancelled() => {}
    }
}

/// An error, which only a fault rule makes, ends the connection.
async fn answer(
    gateways: &Gateways,
    gateway: &Arc<Gateway>,
    request: Request<Incoming>,
    peer: SocketAddr,
) -> Result<Answer, Cut> {
    if gateway.is_paused() {
        // Status and words were seen in the cloud; its documents have neither.
        let words = format!("API Gateway {} is stopped and cannot be used", gateway.id);
        return Ok(text(StatusCode::FORBIDDEN, &words));
    }
    let spec = gateway.spec();
    let Some((item, parameters)) = spec.find(request.uri().path()) else {
        return Ok(text(StatusCode::NOT_FOUND, "there is nothing at this path"));
    };
    if let Some(rule) = &item.cors
        && let Some(answer) = cors::preflight(rule, request.method(), request.headers())
    {
        return Ok(answer);
    }
    if let Some(operations) = &item.web_socket
        && handshake::is_upgrade(request.headers())
    {
        let route = (item.path.as_str(), operations);
        return handshake::upgrade(gateways, gateway, route, &parameters, request, peer).await;
    }
    let answering = plain::answer(gateways, &gateway.id, (item, parameters), request, peer);
    Ok(answering.await)
}

/// A short answer in words.
pub(super) fn text(status: StatusCode, words: &str) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::copy_from_slice(words.as_bytes())));
    *answer.status_mut() = status;
    answer
}
