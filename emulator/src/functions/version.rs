//! A deployed version: its code, its environment, its instances.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Deployment;
use super::capacity::{Capacity, Limits};
use super::channel::{Context, Token};
use super::error::InvokeError;
use super::journal::{CallRecord, Journal};
use super::launch::Launch;
use super::metadata::MetadataService;
use super::pool::Pool;
use super::scaling::ByTag;
use super::tokens::Tokens;
use super::unpack::{Handler, find_handler, unpack};
use crate::error::Status;
use crate::inspect::Inspector;

/// What a process finds commands in; the emulator's own search path stays out.
const SEARCH_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// What makes a process trust an authority that its system doesn't know: OpenSSL
/// and Rust read the first one, instead of the system's authorities; Node.js
/// the second, besides its own. The cloud sets neither: what it serves is
/// trusted everywhere.
const TRUST: [&str; 2] = ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"];

const MIB: u64 = 1 << 20;

/// Largest event in bytes of JSON (3.5 MB, reference §4.2).
const MAX_EVENT: usize = 3_670_016;

/// What all versions share.
#[derive(Debug, Clone)]
pub(super) struct Host {
    pub(super) inspector: Inspector,
    pub(super) node: PathBuf,
    pub(super) work_dir: PathBuf,
    pub(super) authority: Option<PathBuf>,
    pub(super) limits: Limits,
    pub(super) capacity: Arc<Capacity>,
    pub(super) journal: Journal,
    pub(super) tasks: TaskTracker,
}

/// A version that can be called.
#[derive(Debug)]
pub(super) struct Version {
    function_id: String,
    id: String,
    tokens: Tokens,
    memory_mib: u64,
    timeout: Duration,
    code: PathBuf,
    journal: Journal,
    pool: Arc<Pool>,
    stop: CancellationToken,
}

impl Version {
    /// Unpacks the archive and starts what its instances will need.
    pub(super) async fn deploy(host: &Host, deployment: Deployment) -> Result<Self, Status> {
        let failed = |error: io::Error| Status::internal(format!("can't deploy: {error}"));
        let code = host.work_dir.join(&deployment.version_id);
        let bootstrap = host.work_dir.join("bootstrap.js");
        tokio::fs::create_dir_all(&host.work_dir)
            .await
            .map_err(failed)?;
        tokio::fs::write(&bootstrap, super::BOOTSTRAP)
            .await
            .map_err(failed)?;
        let handler = unpacked(deployment.zip, &code, deployment.entrypoint.clone()).await?;

        let stop = CancellationToken::new();
        let tokens = Tokens {
            inspector: host.inspector.clone(),
            function_id: deployment.function_id.clone(),
            service_account_id: deployment.service_account_id,
        };
        let of_metadata = tokens.clone().only_if(deployment.metadata);
        let metadata = MetadataService::new(of_metadata, stop.clone(), host.tasks.clone());
        let memory_mib = (deployment.memory_bytes / MIB).max(1);
        let launch = Launch {
            function_id: deployment.function_id.clone(),
            node: host.node.clone(),
            bootstrap,
            environment: environment(
                deployment.environment,
                &deployment.entrypoint,
                &code,
                host.authority.as_deref(),
            ),
            metadata,
            code: code.clone(),
            file: handler.file,
            export: handler.export,
            memory_mib,
            version_id: deployment.version_id.clone(),
            idle: host.limits.idle,
            clock: host.inspector.iam().clock().clone(),
            journal: host.journal.clone(),
        };
        let concurrency = usize::try_from(deployment.concurrency).unwrap_or(1);
        let capacity = Arc::clone(&host.capacity);
        let pool = Pool::new(launch, concurrency, capacity, host.tasks.clone());
        Ok(Self {
            function_id: deployment.function_id,
            id: deployment.version_id,
            tokens,
            memory_mib,
            timeout: deployment.timeout,
            code,
            journal: host.journal.clone(),
            pool: Arc::new(pool),
            stop,
        })
    }

    /// One call.
    pub(super) async fn call(
        &self,
        request_id: String,
        event: &Value,
        by_tag: &ByTag,
    ) -> Result<Value, InvokeError> {
        let event = encoded(event)?;
        let lease = self.pool.acquire(by_tag).await?;
        let mut context = self.context(request_id).await;
        let start = Instant::now();
        self.journal.began(CallRecord {
            request_id: context.request_id.clone(),
            function_id: self.function_id.clone(),
            version_id: self.id.clone(),
            process: lease.instance().process(),
            at: Timestamp::now(),
            millis: None,
            error: None,
        });
        let instance = lease.instance();
        let result = instance.call(&event, &mut context, self.timeout).await;
        let millis = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let error = result.as_ref().err().map(ToString::to_string);
        self.journal.ended(&context.request_id, millis, error);
        result
    }

    /// Keeps so many instances ready.
    pub(super) fn provision(&self, count: usize) {
        self.pool.provision(count);
    }

    async fn context(&self, request_id: String) -> Context {
        let token = self.tokens.of_call().await.map(|issued| Token {
            access: issued.token,
            lifetime: issued.expires_in.as_secs(),
            scheme: "Bearer",
        });
        Context {
            request_id,
            function_name: self.function_id.clone(),
            function_version: self.id.clone(),
            memory_limit_in_mb: self.memory_mib.to_string(),
            token,
            timeout_millis: u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// Ends all instances.
    pub(super) fn stop(&self) {
        self.pool.stop();
        self.stop.cancel();
    }

    /// Ends all instances and removes the code.
    pub(super) async fn remove(&self) {
        self.stop();
        if let Err(error) = tokio::fs::remove_dir_all(&self.code).await {
            tracing::warn!(%error, folder = %self.code.display(), "can't remove a version's code");
        }
    }
}

/// An event as text, unless it is larger than the cloud takes.
fn encoded(event: &Value) -> Result<Box<RawValue>, InvokeError> {
    let event = to_raw_value(event).map_err(|error| InvokeError::BadRequest(error.to_string()))?;
    let bytes = event.get().len();
    if bytes > MAX_EVENT {
        return Err(InvokeError::TooLarge {
            bytes,
            limit: MAX_EVENT,
        });
    }
    Ok(event)
}

async fn unpacked(zip: Vec<u8>, code: &Path, entrypoint: String) -> Result<Handler, Status> {
    let folder = code.to_owned();
    let work = tokio::task::spawn_blocking(move || {
        unpack(&zip, &folder)?;
        find_handler(&folder, &entrypoint)
    });
    let unpacked = work
        .await
        .map_err(|error| Status::internal(format!("can't unpack: {error}")))?;
    if unpacked.is_err()
        && code.exists()
        && let Err(error) = tokio::fs::remove_dir_all(code).await
    {
        tracing::warn!(%error, "can't remove a bad archive's files");
    }
    Ok(unpacked?)
}

/// The version's own variables and the reserved ones, which win
/// (reference §4.3). Nothing of the emulator's environment. An authority is
/// trusted unless the version has its own idea of that.
fn environment(
    mut variables: BTreeMap<String, String>,
    entrypoint: &str,
    code: &Path,
    authority: Option<&Path>,
) -> BTreeMap<String, String> {
    if let Some(authority) = authority {
        for name in TRUST {
            let path = authority.display().to_string();
            variables.entry(name.to_owned()).or_insert(path);
        }
    }
    let code = code.display().to_string();
    let reserved = [
        ("PATH", SEARCH_PATH.to_owned()),
        ("LD_LIBRARY_PATH", format!("{code}/shared-libs")),
        ("LAMBDA_TASK_ROOT", code),
        ("_HANDLER", entrypoint.to_owned()),
    ];
    variables.extend(reserved.map(|(name, value)| (name.to_owned(), value)));
    variables
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(own: &[(&str, &str)], authority: Option<&Path>) -> BTreeMap<String, String> {
        let own = own
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        environment(own.collect(), "a.b", Path::new("/code"), authority)
    }

    #[test]
    fn an_authority_is_trusted_unless_the_version_knows_better() {
        let authority = Path::new("/ca.pem");
        let variables = of(&[], Some(authority));
        assert_eq!(variables["SSL_CERT_FILE"], "/ca.pem");
        assert_eq!(variables["NODE_EXTRA_CA_CERTS"], "/ca.pem");
        let variables = of(&[("SSL_CERT_FILE", "/own.pem")], Some(authority));
        assert_eq!(variables["SSL_CERT_FILE"], "/own.pem");
        assert!(TRUST.iter().all(|name| !of(&[], None).contains_key(*name)));
    }

    #[test]
    fn reserved_variables_win() {
        let variables = of(&[("_HANDLER", "other"), ("A", "b")], None);
        assert_eq!(variables["_HANDLER"], "a.b");
        assert_eq!(variables["A"], "b");
    }
}
