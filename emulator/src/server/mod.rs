//! Puts everything together on its listeners.

mod connections;
mod folder;
mod key_file;
mod listen;
mod plane;
mod ports;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::args::Args;
use crate::clock::Clock;
use crate::cloud::plane::DataPlane;
use crate::cloud::quotas::Quotas;
use crate::cloud::{Cloud, CloudSettings};
use crate::iam::{Iam, IamSettings};
use crate::ids::Ids;
use crate::inspect::Inspector;
use crate::inspect::rest::InspectRest;
use crate::security::{Security, SecurityError};
use crate::store::{StateError, Store};
use crate::ydb::Ydb;
use folder::Folder;
use listen::listen;
use plane::LivePlane;

pub use connections::serve;

/// How long calls that run may take to end on shutdown.
const GRACE: Duration = Duration::from_millis(700);

/// The service account of the operator's key.
pub const OPERATOR_ACCOUNT: &str = "wschat-operator-local";

/// Roles that an operator needs on its folder: it makes service accounts and
/// attaches them, grants roles that it holds itself, and manages databases,
/// functions with their invokers, gateways and triggers.
pub const OPERATOR_ROLES: [&str; 7] = [
    "resource-manager.admin",
    "iam.serviceAccounts.admin",
    "ydb.editor",
    "yds.admin",
    "functions.admin",
    "api-gateway.editor",
    "api-gateway.websocketBroadcaster",
];

/// Why it doesn't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another program has the port.
    #[error(
        "{address} is in use; stop the program that listens there or choose another port with {flag}"
    )]
    Busy {
        /// Which address.
        address: SocketAddr,
        /// Which flag chooses it.
        flag: &'static str,
    },
    /// The address can't be listened on.
    #[error("can't listen on {address}: {source}")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The key file can't be written.
    #[error("can't write a key to {path}: {reason}; choose a writable path with {option}")]
    Key {
        /// Where.
        path: PathBuf,
        /// Why.
        reason: String,
        /// Which option asked for it.
        option: &'static str,
    },
    /// There can't be TLS.
    #[error(transparent)]
    Security(#[from] SecurityError),
    /// The state can't be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// The folder for data can't be made.
    #[error("can't make a folder for data: {0}")]
    Directory(std::io::Error),
}

/// What it prints when it is ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ready {
    /// Base URL of the REST API.
    pub api: String,
    /// Base URL of the YDB API.
    pub ydb: String,
    /// The first folder.
    pub folder_id: String,
    /// The cloud.
    pub cloud_id: String,
    /// The key file, when one was asked for.
    pub operator_key: Option<PathBuf>,
    /// The key file of an account that may do everything, likewise.
    pub admin_key: Option<PathBuf>,
    /// With TLS: the file with the certificate that clients must trust.
    pub certificate_authority: Option<PathBuf>,
}

/// The cloud that all folders are in.
const CLOUD_ID: &str = "b1gemulatorcloud0000";

/// A running emulator.
#[derive(Debug)]
pub struct Emulator {
    ready: Ready,
    inspector: Inspector,
    plane: Arc<LivePlane>,
    shutdown: CancellationToken,
    servers: TaskTracker,
    /// Removed with all data when the emulator ends, unless it is a state.
    _folder: Folder,
}

impl Emulator {
    /// Starts all services; they answer when this returns.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(args: Args) -> Result<Self, StartError> {
        let folder = Folder::open(&args)?;
        let store = folder.store();
        let rest = listen(store, args.listen, "--listen").await?;
        let grpc = listen(store, args.ydb_listen, "--ydb-listen").await?;
        let folders = folder::folders(store, &args.folder_id)?;
        let ids = Ids::new(folder::seed(store, args.seed)?);
        let clock = Clock::load(store)?;
        let iam_settings = IamSettings {
            folders: folders.clone(),
            propagation_delay: args.iam_propagation_delay,
            token_lifetime: args.iam_token_lifetime,
        };
        let iam = Iam::load(iam_settings, clock.clone(), ids.clone(), store)?;
        let settings = settings(&args, rest.address, grpc.address, store)?;
        let security = settings.security.clone();
        let ready = ready(&args, &folders, &settings);
        if let Some(path) = &args.operator_key {
            key_file::write(&iam, &folders, key_file::OPERATOR, path)?;
        }
        if let Some(path) = &args.admin_key {
            key_file::write(&iam, &folders, key_file::ADMIN, path)?;
        }
        let inspector = Inspector::new(iam.clone());
        let shutdown = CancellationToken::new();
        let servers = TaskTracker::new();
        let plane = LivePlane::new(&inspector, &args, &folder, security.clone(), clock)?;
        let ydb = plane.ydb().clone();
        let plane = Arc::new(plane);
        let data_plane = Arc::clone(&plane) as Arc<dyn DataPlane>;
        let cloud = Cloud::load(settings, iam, ids, data_plane, store)?;
        cloud.restore().await?;
        let router = crate::rest::router(cloud, inspector.clone()).merge(plane.router());
        servers.spawn(serve_ydb(
            ydb,
            grpc.listener,
            security.clone(),
            inspector.clone(),
            shutdown.clone(),
        ));
        let service = InspectRest::new(inspector.clone(), router);
        servers.spawn(serve(
            rest.listener,
            security.with_http2(),
            service,
            shutdown.clone(),
            GRACE,
        ));
        Ok(Self {
            ready,
            inspector,
            plane,
            shutdown,
            servers,
            _folder: folder,
        })
    }

    /// What to tell whoever started it.
    #[must_use]
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// What sees and breaks its calls, for tests in this process.
    #[must_use]
    pub fn inspector(&self) -> &Inspector {
        &self.inspector
    }

    /// Ends all services and processes, within a second.
    pub async fn stop(self) {
        self.shutdown.cancel();
        self.servers.close();
        tokio::join!(self.servers.wait(), self.plane.shutdown(GRACE));
    }
}

/// Open streams (attached sessions, producers) would hold a graceful end.
async fn serve_ydb(
    ydb: Ydb,
    listener: TcpListener,
    security: Security,
    inspector: Inspector,
    shutdown: CancellationToken,
) {
    let served = ydb.serve(listener, &security, inspector, std::future::pending());
    tokio::select! {
        served = served => {
            if let Err(error) = served {
                tracing::error!(%error, "YDB ended");
            }
        }
        () = shutdown.cancelled() => {}
    }
}

fn settings(
    args: &Args,
    api: SocketAddr,
    ydb: SocketAddr,
    store: &Store,
) -> Result<CloudSettings, StartError> {
    let security = match &args.tls {
        Some(path) => Security::tls(path, &[api, ydb], store)?,
        None => Security::Plain,
    };
    Ok(CloudSettings {
        cloud_id: CLOUD_ID.to_owned(),
        api,
        ydb,
        security,
        operation_delay: args.operation_delay,
        quotas: Quotas::new(&args.quotas()),
    })
}

fn ready(args: &Args, folders: &[String], settings: &CloudSettings) -> Ready {
    let authority = settings.security.authority();
    Ready {
        api: settings.api_url(),
        ydb: settings.ydb_url(),
        folder_id: folders.first().cloned().unwrap_or_default(),
        cloud_id: settings.cloud_id.clone(),
        operator_key: args.operator_key.clone(),
        admin_key: args.admin_key.clone(),
        certificate_authority: authority.map(std::path::Path::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::OPERATOR_ROLES;

    const PERMISSIONS: &str = include_str!("../../../docs/permissions.md");
    const README: &str = include_str!("../../../README.md");

    /// What is missing in the documents would be missed in the cloud.
    #[test]
    fn an_operator_has_the_roles_that_the_documents_ask_for() {
        let operator = PERMISSIONS
            .split("\n## ")
            .find(|section| section.starts_with("The operator's account"))
            .unwrap();
        // What follows is given on the cloud, and nothing fails without it.
        let (operator, _) = operator.split_once("can do without").unwrap();
        let rows = operator.lines().filter_map(|line| line.strip_prefix("| `"));
        let mut documented: Vec<&str> = rows.filter_map(|row| row.split('`').next()).collect();
        let mut held = OPERATOR_ROLES.to_vec();
        documented.sort_unstable();
        held.sort_unstable();
        assert_eq!(held, documented);

        let (_, command) = README.split_once("for role in ").unwrap();
        let (roles, _) = command.split_once(';').unwrap();
        let mut granted: Vec<&str> = roles.split([' ', '\\', '\n']).collect();
        granted.retain(|role| !role.is_empty());
        granted.sort_unstable();
        assert_eq!(held, granted);
    }
}
