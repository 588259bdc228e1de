//! State of the control plane and its operations.

pub mod plane;
pub mod quotas;

mod any;
mod describe;
pub(crate) mod idempotency;
mod mask;
mod operations;
mod restore;
mod state;
mod work;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) use any::{any, empty};
pub(crate) use describe::service_account;
pub(crate) use mask::Mask;
pub(crate) use operations::{Target, newest_first};
pub(crate) use state::{State, StoredGateway, scaling_id, settled, unique};
pub(crate) use work::databases::{LIMITS, default_storage};
pub(crate) use work::triggers::completed;
pub(crate) use work::{BindingsResponse, Work, apply_to_gateway, to_wire};

use crate::args::Delay;
use crate::iam::Iam;
use crate::ids::Ids;
use crate::security::Security;
use crate::store::{StateError, Store, Unit};
use plane::DataPlane;
use quotas::Quotas;

/// The only location of databases.
pub const LOCATION: &str = "ru-central1";

/// The status of what can be used; databases have another word.
pub(crate) const ACTIVE: &str = "ACTIVE";
/// The status of a gateway that was stopped.
pub(crate) const STOPPED: &str = "STOPPED";

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

    /// The path of a database: what YDB clients open.
    #[must_use]
    pub fn database_path(&self, database_id: &str) -> String {
        format!("/{LOCATION}/{}/{database_id}", self.cloud_id)
    }

    /// An SDK's connection string of a database.
    pub(crate) fn database_endpoint(&self, database_id: &str) -> String {
        let path = self.database_path(database_id);
        format!("{}/?database={path}", self.ydb_url())
    }

    /// Where a function is called.
    pub(crate) fn invoke_url(&self, function_id: &str) -> String {
        format!("{}/invoke/{function_id}", self.api_url())
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
    store: Store,
}

impl Cloud {
    /// An empty cloud, which nothing remembers.
    #[must_use]
    pub fn new(settings: CloudSettings, iam: Iam, ids: Ids, plane: Arc<dyn DataPlane>) -> Self {
        let (state, store) = (State::default(), Store::default());
        Self::of(settings, iam, ids, plane, state, store)
    }

    /// The cloud that is in the store, which also remembers what becomes of it.
    /// Nothing runs yet, see [`Cloud::restore`].
    ///
    /// # Errors
    /// When it can't be read.
    pub fn load(
        settings: CloudSettings,
        iam: Iam,
        ids: Ids,
        plane: Arc<dyn DataPlane>,
        store: &Store,
    ) -> Result<Self, StateError> {
        let mut state = State::load(store)?;
        state.readdress(&settings);
        Ok(Self::of(settings, iam, ids, plane, state, store.clone()))
    }

    fn of(
        settings: CloudSettings,
        iam: Iam,
        ids: Ids,
        plane: Arc<dyn DataPlane>,
        state: State,
        store: Store,
    ) -> Self {
        Self(Arc::new(Inner {
            settings,
            iam,
            ids,
            plane,
            state: Mutex::new(state),
            store,
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

    /// Held by whoever checks and changes records: one at a time, and all of it
    /// is saved together when this is dropped.
    pub(crate) async fn unit(&self) -> Unit {
        self.0.store.unit().await
    }

    /// Held while records are shown, so that nothing is shown that isn't saved.
    pub(crate) async fn saved(&self) -> impl Sized + use<> {
        self.0.store.saved().await
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
        self.0.settings.database_path(database_id)
    }
}
