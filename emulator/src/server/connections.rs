//! Accepts connections for an inspected router. A service error, which only a
//! fault rule makes, ends the connection without an answer.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::inspect::rest::InspectRest;
use crate::open_files::Refused;
use crate::security::{Security, Stream};

/// Serves until the token is cancelled; connections get `grace` to finish.
pub async fn serve(
    listener: TcpListener,
    security: Security,
    service: InspectRest,
    shutdown: CancellationToken,
    grace: Duration,
) {
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (security, service) = (security.clone(), service.clone());
                let shutdown = shutdown.clone();
                connections.spawn(async move {
                    let accepted = tokio::select! {
                        () = shutdown.cancelled() => return,
                        accepted = security.accept(stream) => accepted,
                    };
                    match accepted {
                        Ok(stream) => connection(stream, peer, service, shutdown, grace).await,
                        Err(error) => tracing::warn!(%peer, "{error}"),
                    }
                });
            }
            Err(error) => {
                // Out of file descriptors, for example: others may end soon.
                let error = Refused(&error);
                tracing::warn!(%error, "can't accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    connections.close();
    connections.wait().await;
}

async fn connection(
    stream: Stream,
    peer: SocketAddr,
    service: InspectRest,
    shutdown: CancellationToken,
    grace: Duration,
) {
    let service = service.map_request(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        request
    });
    let builder = Builder::new(TokioExecutor::new());
    let serving = builder
        .serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service));
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = shutdown.cancelled() => {
            serving.as_mut().graceful_shutdown();
            tokio::time::timeout(grace, serving).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "connection ended");
    }
}
