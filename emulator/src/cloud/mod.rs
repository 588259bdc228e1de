//! State of the control plane and its operations.

pub mod plane;
pub mod quotas;

mod any;
mod describe;
pub(crate) mod idempotency;
mod operations;
mod state;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) use any::{any, empty};
pub(crate) use describe::service_account;
pub(crate) use operations::{Target, newest_first};
pub(crate) use state::{State, StoredGateway, StoredVersion, settled, unique};

use crate::args::Delay;
use crate::iam::Iam;
use crate::ids::Ids;
use crate::security::Security;
use plane::DataPlane;
use quotas::Quotas;

/// The only location of databases.
pub const LOCATION: &str = "ru-central1";

/// What the control plane must know.
#[derive(Debug, Clone)]
pub struct CloudSettings {
    /// `b1g…`, a part of database paths.
    pub cloud_id: String,
    /// Where its REST API is.
    pub api: SocketAddr,
    /// Where its YDB API is.
    pub ydb: SocketAddr,
    /// How both are spoken to.
    pub security: Security,
    /// How long operations take.
    pub operation_delay: Delay,
    /// Limits.
    pub quotas: Quotas,
}

impl CloudSettings {
    /// Base URL of its REST API.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("{}://{}", self.security.http_scheme(), self.api)
    }

    /// Base URL of its YDB API.
    #[must_use]
    pub fn ydb_url(&self) -> String {
        format!("{}://{}", self.security.grpc_scheme(), self.ydb)
    }
}

/// The emulated cloud; clones share it.
#[derive(Debug, Clone)]
pub struct Cloud(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: CloudSettings,
    iam: Iam,
    ids: Ids,
    plane: Arc<dyn DataPlane>,
    state: Mutex<State>,
    mutations: tokio::sync::Mutex<()>,
}

impl Cloud {
    /// An empty cloud.
    #[must_use]
    pub fn new(settings: CloudSettings, iam: Iam, ids: Ids, plane: Arc<dyn DataPlane>) -> Self {
        Self(Arc::new(Inner {
            settings,
            iam,
            ids,
            plane,
            state: Mutex::default(),
            mutations: tokio::sync::Mutex::default(),
        }))
    }

    /// Its settings.
    #[must_use]
    pub fn settings(&self) -> &CloudSettings {
        &self.0.settings
    }

    /// Its identity service.
    #[must_use]
    pub fn iam(&self) -> &Iam {
        &self.0.iam
    }

    pub(crate) fn ids(&self) -> &Ids {
        &self.0.ids
    }

    pub(crate) fn plane(&self) -> &Arc<dyn DataPlane> {
        &self.0.plane
    }

    /// Held by a mutating call while it checks and starts.
    pub(crate) fn mutations(&self) -> &tokio::sync::Mutex<()> {
        &self.0.mutations
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The current time on the wire.
    #[expect(clippy::unnecessary_wraps, reason = "times in the models are optional")]
    pub(crate) fn now(&self) -> Option<String> {
        Some(self.iam().clock().now().to_string())
    }

    /// The path of a database: what YDB clients open.
    #[must_use]
    pub fn database_path(&self, database_id: &str) -> String {
        format!("/{LOCATION}/{}/{database_id}", self.0.settings.cloud_id)
    }
}
