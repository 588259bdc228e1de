//! API gateways: a listener each, WebSocket operations that call functions, the
//! connection API, and broadcasts to all sockets of a path.
//!
//! Guesses, where the documents are silent: messages of one connection are
//! handled one after the other; a CONNECT's body is the first message that its
//! client gets; a broadcast that starts before a socket's 101 doesn't reach it;
//! a gateway that goes closes its sockets with 1001.

mod api;
mod broken;
mod call;
mod connection;
mod cors;
mod dummy;
mod event;
mod handshake;
mod listener;
mod messages;
mod plain;
mod settings;
mod socket;
mod spec;

#[cfg(any(test, fuzzing))]
#[expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is how a target fails"
)]
pub(crate) mod fuzzing;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use serde::Serialize;
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::Status;
use crate::functions::Functions;
use crate::iam::{Iam, Permission, Resource, Subject};
use crate::inspect::Inspector;
use crate::security::Security;
use crate::traffic::Traffic;
use call::MESSAGE_BYTES;
use connection::{Connection, Connections, Outgoing};
use event::MessageIds;

pub use settings::GatewaySettings;
pub use spec::{Spec, SpecError};

/// The close code of a gateway or path that goes.
const GOING_AWAY: u16 = 1001;

/// An open socket, for a person who looks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionInfo {
    /// Its id.
    pub connection_id: String,
    /// Whose.
    pub gateway_id: String,
    /// The path of the specification that it came by.
    pub path: String,
}

/// A running gateway.
#[derive(Debug)]
struct Gateway {
    id: String,
    folder_id: String,
    spec: RwLock<Arc<Spec>>,
    /// Answers nothing until it is resumed.
    paused: AtomicBool,
    stop: CancellationToken,
}

impl Gateway {
    fn spec(&self) -> Arc<Spec> {
        Arc::clone(&self.spec.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Relaxed)
    }
}

#[derive(Debug)]
struct Inner {
    inspector: Inspector,
    functions: Functions,
    settings: GatewaySettings,
    security: Security,
    traffic: Traffic,
    gateways: Mutex<HashMap<String, Arc<Gateway>>>,
    connections: Connections,
    message_ids: MessageIds,
    tasks: TaskTracker,
}

/// All gateways; clones share them.
#[derive(Debug, Clone)]
pub struct Gateways(Arc<Inner>);

impl Gateways {
    /// None yet. What passes them is told to `traffic`.
    #[must_use]
    pub fn new(
        inspector: Inspector,
        functions: Functions,
        security: Security,
        traffic: Traffic,
    ) -> Self {
        Self::with_settings(
            inspector,
            functions,
            GatewaySettings::default(),
            security,
            traffic,
        )
    }

    /// None yet, with other limits and choices.
    #[must_use]
    pub fn with_settings(
        inspector: Inspector,
        functions: Functions,
        settings: GatewaySettings,
        security: Security,
        traffic: Traffic,
    ) -> Self {
        Self(Arc::new(Inner {
            inspector,
            functions,
            settings,
            security,
            traffic,
            gateways: Mutex::default(),
            connections: Connections::default(),
            message_ids: MessageIds::default(),
            tasks: TaskTracker::new(),
        }))
    }

    fn iam(&self) -> &Iam {
        self.0.inspector.iam()
    }

    fn gateways(&self) -> MutexGuard<'_, HashMap<String, Arc<Gateway>>> {
        self.0
            .gateways
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn gateway(&self, gateway_id: &str) -> Result<Arc<Gateway>, Status> {
        let found = self.gateways().get(gateway_id).cloned();
        found.ok_or_else(|| Status::not_found(format!("Gateway {gateway_id} not found")))
    }

    /// Understands a specification.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for what is wrong or not supported, by name.
    pub fn check(text: &str) -> Result<Spec, Status> {
        Spec::parse(text).map_err(|error| Status::invalid_argument(error.to_string()))
    }

    /// Starts a gateway; it listens where this says.
    ///
    /// # Errors
    /// `INTERNAL` when it can't listen.
    pub async fn create(
        &self,
        gateway_id: &str,
        folder_id: &str,
        spec: Spec,
    ) -> Result<SocketAddr, Status> {
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let opened = self.open(gateway_id, folder_id, spec, anywhere).await;
        opened.map_err(|error| Status::internal(error.to_string()))
    }

    /// Starts a gateway that listens at the address, or at any port for 0.
    ///
    /// # Errors
    /// When it can't listen there.
    pub async fn open(
        &self,
        gateway_id: &str,
        folder_id: &str,
        spec: Spec,
        address: SocketAddr,
    ) -> std::io::Result<SocketAddr> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let gateway = Arc::new(Gateway {
            id: gateway_id.to_owned(),
            folder_id: folder_id.to_owned(),
            spec: RwLock::new(Arc::new(spec)),
            paused: AtomicBool::new(false),
            stop: CancellationToken::new(),
        });
        self.gateways()
            .insert(gateway_id.to_owned(), Arc::clone(&gateway));
        let serving = listener::serve(self.clone(), gateway, listener);
        self.0.tasks.spawn(serving);
        Ok(address)
    }

    /// Gives a gateway another specification. Sockets stay open and use it,
    /// but those whose path is gone close with 1001 (a guess).
    ///
    /// # Errors
    /// `NOT_FOUND`.
    pub fn update(&self, gateway_id: &str, spec: Spec) -> Result<(), Status> {
        let gateway = self.gateway(gateway_id)?;
        let spec = Arc::new(spec);
        *gateway.spec.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&spec);
        for connection in self.0.connections.all() {
            if connection.gateway_id == gateway_id && spec.web_socket(&connection.path).is_none() {
                connection.send(Outgoing::Close(GOING_AWAY));
            }
        }
        Ok(())
    }

    /// Stops a gateway: every request is refused until it is resumed. Its
    /// sockets close with 1001 (a guess).
    ///
    /// # Errors
    /// `NOT_FOUND`.
    pub fn pause(&self, gateway_id: &str) -> Result<(), Status> {
        let gateway = self.gateway(gateway_id)?;
        gateway.paused.store(true, Ordering::Relaxed);
        for connection in self.0.connections.all() {
            if connection.gateway_id == gateway_id {
                connection.send(Outgoing::Close(GOING_AWAY));
            }
        }
        Ok(())
    }

    /// Ends what [`Gateways::pause`] did.
    ///
    /// # Errors
    /// `NOT_FOUND`.
    pub fn resume(&self, gateway_id: &str) -> Result<(), Status> {
        let gateway = self.gateway(gateway_id)?;
        gateway.paused.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Ends a gateway with its sockets.
    pub fn delete(&self, gateway_id: &str) {
        if let Some(gateway) = self.gateways().remove(gateway_id) {
            gateway.stop.cancel();
        }
    }

    /// Sends a text to every socket of a path, in the name of a service account;
    /// to how many. A socket that is too slow is closed instead.
    ///
    /// # Errors
    /// `NOT_FOUND` for an unknown gateway or a path without sockets' operations,
    /// `PERMISSION_DENIED`, `INVALID_ARGUMENT` for more than a message may hold.
    pub fn broadcast(
        &self,
        gateway_id: &str,
        path: &str,
        service_account_id: &str,
        payload: String,
    ) -> Result<usize, Status> {
        let gateway = self.gateway(gateway_id)?;
        let subject = Subject {
            id: service_account_id.to_owned(),
        };
        let resource = Resource::gateway(&gateway.folder_id, gateway_id);
        self.iam()
            .authorize(&subject, Permission::WebSocketBroadcast, &resource)?;
        if gateway.spec().web_socket(path).is_none() {
            let message = format!("Gateway {gateway_id} has no WebSocket path {path}");
            return Err(Status::not_found(message));
        }
        if payload.len() > MESSAGE_BYTES {
            let message = format!("{} bytes don't fit into a message", payload.len());
            return Err(Status::invalid_argument(message));
        }
        Ok(self
            .0
            .connections
            .broadcast(gateway_id, path, &Utf8Bytes::from(payload)))
    }

    /// All open sockets.
    #[must_use]
    pub fn connections(&self) -> Vec<ConnectionInfo> {
        let info = |connection: &Arc<Connection>| ConnectionInfo {
            connection_id: connection.id.clone(),
            gateway_id: connection.gateway_id.clone(),
            path: connection.path.clone(),
        };
        self.0.connections.all().iter().map(info).collect()
    }

    /// `/apigateways/websocket/v1/connections/…`.
    pub fn connections_router(&self) -> axum::Router {
        api::router(self.clone())
    }

    /// Ends all gateways.
    pub async fn shutdown(&self) {
        for (_, gateway) in self.gateways().drain() {
            gateway.stop.cancel();
        }
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }
}
