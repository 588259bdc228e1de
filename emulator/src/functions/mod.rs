//! Functions: uploaded archives run in real Node.js processes.

pub mod error;
pub mod event;
pub mod reply;

mod broken;
mod capacity;
mod channel;
mod direct;
mod endpoint;
mod instance;
pub mod journal;
mod launch;
mod memory;
mod metadata;
mod output;
mod pool;
mod scaling;
mod supervise;
mod tokens;
mod unpack;
mod version;

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;
use yandex_cloud_rest::model::version::LATEST;

pub use capacity::Limits;
pub use error::{FunctionError, InvokeError};

use crate::cloud::plane::{Deployment, Scaling};
use crate::error::Status;
use crate::iam::{Permission, Resource, Subject};
use crate::inspect::Inspector;
use capacity::Capacity;
use journal::{Journal, Story};
use scaling::Policies;
use version::{Host, Version};

/// The script that loads a handler and serves calls.
const BOOTSTRAP: &str = include_str!("../../runtime/bootstrap.js");

/// How long processes may take to end on shutdown.
const SHUTDOWN_LIMIT: Duration = Duration::from_millis(800);

#[derive(Debug)]
struct Function {
    folder_id: String,
    versions: HashMap<String, Arc<Version>>,
    tags: HashMap<String, String>,
}

#[derive(Debug)]
struct Inner {
    host: Host,
    policies: Policies,
    functions: Mutex<HashMap<String, Function>>,
    stopped: CancellationToken,
}

/// All functions; clones share them.
#[derive(Debug, Clone)]
pub struct Functions(Arc<Inner>);

impl Functions {
    /// No functions yet. `node` runs them, `work_dir` gets their code, and they
    /// trust the `authority` whose certificate is in that file (absolute, PEM).
    /// The `inspector` breaks calls of them.
    #[must_use]
    pub fn new(
        inspector: Inspector,
        node: PathBuf,
        work_dir: PathBuf,
        authority: Option<PathBuf>,
    ) -> Self {
        Self::with_limits(inspector, node, work_dir, authority, Limits::default())
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(
        inspector: Inspector,
        node: PathBuf,
        work_dir: PathBuf,
        authority: Option<PathBuf>,
        limits: Limits,
    ) -> Self {
        let tasks = TaskTracker::new();
        Self(Arc::new(Inner {
            host: Host {
                inspector,
                node,
                work_dir,
                authority,
                limits,
                capacity: Arc::new(Capacity::new(limits)),
                journal: Journal::default(),
                tasks,
            },
            policies: Policies::default(),
            functions: Mutex::default(),
            stopped: CancellationToken::new(),
        }))
    }

    fn functions(&self) -> MutexGuard<'_, HashMap<String, Function>> {
        self.0
            .functions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Unpacks and checks a version; tags are given separately.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for a bad archive or one without the entrypoint's file.
    pub async fn deploy(&self, deployment: Deployment) -> Result<(), Status> {
        let function_id = deployment.function_id.clone();
        let folder_id = deployment.folder_id.clone();
        let version_id = deployment.version_id.clone();
        let version = Version::deploy(&self.0.host, deployment).await?;
        let mut functions = self.functions();
        let function = functions.entry(function_id).or_insert_with(|| Function {
            folder_id,
            versions: HashMap::new(),
            tags: HashMap::new(),
        });
        function.versions.insert(version_id, Arc::new(version));
        Ok(())
    }

    /// Moves a tag, `$latest` included.
    pub fn set_tag(&self, function_id: &str, tag: &str, version_id: &str) {
        if let Some(function) = self.functions().get_mut(function_id) {
            function.tags.insert(tag.to_owned(), version_id.to_owned());
        }
        self.provision(function_id);
    }

    /// Removes a tag.
    pub fn remove_tag(&self, function_id: &str, tag: &str) {
        if let Some(function) = self.functions().get_mut(function_id) {
            function.tags.remove(tag);
        }
        self.provision(function_id);
    }

    /// Sets how a tag's version scales.
    pub fn scale(&self, function_id: &str, tag: &str, policy: Scaling) {
        self.0.policies.set(function_id, tag, policy);
        self.provision(function_id);
    }

    /// Each version keeps as many instances ready as its tags want.
    fn provision(&self, function_id: &str) {
        let functions = self.functions();
        let Some(function) = functions.get(function_id) else {
            return;
        };
        for (id, version) in &function.versions {
            let tags = function.tags.iter().filter(|(_, tagged)| *tagged == id);
            let wanted = tags.map(|(tag, _)| self.0.policies.of(function_id, tag).provisioned);
            version.provision(wanted.sum());
        }
    }

    /// Ends a version's processes and removes its code.
    pub async fn delete_version(&self, function_id: &str, version_id: &str) {
        let version = self.functions().get_mut(function_id).and_then(|function| {
            function.tags.retain(|_, tagged| tagged != version_id);
            function.versions.remove(version_id)
        });
        if let Some(version) = version {
            version.remove().await;
        }
    }

    /// Ends a function's processes and removes its code.
    pub async fn delete_function(&self, function_id: &str) {
        self.0.policies.forget(function_id);
        let function = self.functions().remove(function_id);
        for version in function
            .into_iter()
            .flat_map(|function| function.versions.into_values())
        {
            version.remove().await;
        }
    }

    /// Whether the caller (`None`: without a token) may call the function.
    ///
    /// # Errors
    /// `NotFound` for an unknown function, `Denied`.
    pub fn authorize(
        &self,
        function_id: &str,
        caller: Option<&Subject>,
    ) -> Result<(), InvokeError> {
        let folder_id = self
            .functions()
            .get(function_id)
            .map(|function| function.folder_id.clone());
        let folder_id = folder_id.ok_or_else(|| not_found(function_id, LATEST))?;
        let resource = Resource::function(&folder_id, function_id);
        let iam = self.0.host.inspector.iam();
        let allowed = match caller {
            Some(subject) => iam.authorize(subject, Permission::FunctionInvoke, &resource),
            None => iam.authorize_anonymous(Permission::FunctionInvoke, &resource),
        };
        allowed.map_err(|status| InvokeError::Denied(status.message))
    }

    /// Calls a function: event in, result out. It doesn't ask who calls; see
    /// [`Functions::authorize`]. The call goes on when this future is dropped.
    ///
    /// # Errors
    /// See [`InvokeError`].
    pub async fn invoke(
        &self,
        function_id: &str,
        tag: &str,
        event: Value,
    ) -> Result<Value, InvokeError> {
        let request_id = Uuid::new_v4().to_string();
        self.invoke_as(&request_id, function_id, tag, event).await
    }

    /// The same under a request id that the event tells as well: the call's
    /// context has it too (documented by samples). It must be unique among the
    /// calls that run.
    ///
    /// # Errors
    /// See [`InvokeError`].
    pub async fn invoke_as(
        &self,
        request_id: &str,
        function_id: &str,
        tag: &str,
        event: Value,
    ) -> Result<Value, InvokeError> {
        if self.0.stopped.is_cancelled() {
            return Err(InvokeError::Unavailable(function_id.to_owned()));
        }
        let version = self.version(function_id, tag)?;
        let too_many = || InvokeError::TooManyCalls(function_id.to_owned());
        let by_tag = self.0.policies.begin(function_id, tag);
        let by_tag = by_tag.ok_or_else(too_many)?;
        let of_all = self.0.host.capacity.begin().ok_or_else(too_many)?;
        let inspector = self.0.host.inspector.clone();
        let path = format!("/{function_id}/{tag}");
        let request_id = request_id.to_owned();
        let call = self.0.host.tasks.spawn(async move {
            let call = || version.call(request_id.clone(), &event, &by_tag);
            let result = broken::invoke(&inspector, &path, &event, call).await;
            drop((by_tag, of_all));
            result
        });
        call.await
            .unwrap_or_else(|error| Err(InvokeError::Internal(error.to_string())))
    }

    /// The id of the version that a tag names.
    pub(super) fn version_id(&self, function_id: &str, tag: &str) -> Option<String> {
        let functions = self.functions();
        functions.get(function_id)?.tags.get(tag).cloned()
    }

    fn version(&self, function_id: &str, tag: &str) -> Result<Arc<Version>, InvokeError> {
        let functions = self.functions();
        let version = functions.get(function_id).and_then(|function| {
            let id = function.tags.get(tag)?;
            function.versions.get(id).cloned()
        });
        version.ok_or_else(|| not_found(function_id, tag))
    }

    /// The last calls and log lines of one function, or of all.
    #[must_use]
    pub fn story(&self, function_id: Option<&str>) -> Story {
        self.0.host.journal.of(function_id)
    }

    /// `/invoke/{functionId}`: calls over HTTP.
    pub fn router(&self) -> axum::Router {
        endpoint::router(self.clone())
    }

    /// Ends all processes; waits until they are gone.
    pub async fn shutdown(&self) {
        self.0.stopped.cancel();
        let functions: Vec<Function> = self
            .functions()
            .drain()
            .map(|(_, function)| function)
            .collect();
        for version in functions
            .iter()
            .flat_map(|function| function.versions.values())
        {
            version.stop();
        }
        self.0.host.tasks.close();
        if tokio::time::timeout(SHUTDOWN_LIMIT, self.0.host.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("some function processes didn't end in time");
        }
    }
}

fn not_found(function_id: &str, tag: &str) -> InvokeError {
    InvokeError::NotFound {
        function_id: function_id.to_owned(),
        tag: tag.to_owned(),
    }
}
