//! A gateway's listener: plain requests, and upgrades to WebSocket.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use super::spec::{Integration, Operation};
use super::{Gateway, Gateways, handshake};

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
                tracing::warn!(%error, gateway = gateway.id, "can't accept a connection");
                // Out of file descriptors, most likely: others may end soon.
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
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
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let stop = gateway.stop.clone();
    let service = service_fn(move |request| {
        let (gateways, gateway) = (gateways.clone(), Arc::clone(&gateway));
        async move { Ok::<_, Infallible>(answer(&gateways, &gateway, request, peer).await) }
    });
    let serving = http1::Builder::new()
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

async fn answer(
    gateways: &Gateways,
    gateway: &Arc<Gateway>,
    request: Request<Incoming>,
    peer: SocketAddr,
) -> Answer {
    let spec = gateway.spec();
    let Some(item) = spec.find(request.uri().path()) else {
        return text(StatusCode::NOT_FOUND, "there is nothing at this path");
    };
    if handshake::is_upgrade(request.headers()) && item.message.is_some() {
        return handshake::upgrade(gateways, gateway, item, request, peer).await;
    }
    match &item.get {
        Some(operation) if request.method() == http::Method::GET => {
            dummy(operation, request.headers().get(header::ACCEPT))
        }
        _ if item.message.is_some() => {
            let words = "this path is for WebSocket connections; connect with ws:// or wss://";
            text(StatusCode::UPGRADE_REQUIRED, words)
        }
        _ => text(
            StatusCode::METHOD_NOT_ALLOWED,
            "this path has no such method",
        ),
    }
}

/// A short answer in words.
pub(super) fn text(status: StatusCode, words: &str) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::copy_from_slice(words.as_bytes())));
    *answer.status_mut() = status;
    answer
}

fn dummy(operation: &Operation, accept: Option<&HeaderValue>) -> Answer {
    let Integration::Dummy {
        status,
        headers,
        content,
    } = &operation.integration
    else {
        return text(
            StatusCode::NOT_IMPLEMENTED,
            "functions behind plain paths are not supported by this emulator",
        );
    };
    let accept = accept
        .and_then(|value| value.to_str().ok())
        .unwrap_or("*/*");
    let wanted = content
        .iter()
        .find(|(kind, _)| accept.contains(kind.as_str()))
        .or_else(|| content.get_key_value("*"))
        .or_else(|| content.iter().next().filter(|_| accept.contains("*/*")));
    let Some((kind, body)) = wanted else {
        return text(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "no content of an accepted type",
        );
    };
    let mut answer = text(StatusCode::from_u16(*status).unwrap_or_default(), body);
    let own = std::iter::once(("content-type", kind.as_str()));
    let all = own.chain(
        headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
    );
    for (name, value) in all.filter(|(_, value)| *value != "*") {
        let parsed = (
            name.parse::<http::HeaderName>(),
            HeaderValue::from_str(value),
        );
        if let (Ok(name), Ok(value)) = parsed {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}
