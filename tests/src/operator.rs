//! The operator as a process outside the cluster.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use crate::binaries::{Binary, BinaryMissing, target_folder};
use crate::emulator::Addresses;
use crate::ports::{NoFreePort, free_port};
use crate::process::{Launch, Process, ProcessError, Signal};
use crate::wait::{TimedOut, eventually};

const READY_LIMIT: Duration = Duration::from_secs(30);
const END_LIMIT: Duration = Duration::from_secs(20);

/// The operator did not start or end as it should.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// Not built.
    #[error(transparent)]
    Missing(#[from] BinaryMissing),
    /// Not running.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// No port to listen on.
    #[error(transparent)]
    Port(#[from] NoFreePort),
    /// Never ready.
    #[error(transparent)]
    NotReady(#[from] TimedOut),
    /// The emulator wrote no key for it.
    #[error("the emulator made no operator key")]
    NoKey,
    /// The function's zip is not built.
    #[error("{} is not there; build it with `cargo xtask handler`", .0.display())]
    NoHandler(PathBuf),
}

/// How to start it.
#[derive(Debug, Clone)]
pub struct Options {
    name: String,
    kubeconfig: PathBuf,
    arguments: Vec<String>,
    authority: Option<PathBuf>,
    log: Option<String>,
}

impl Options {
    /// For the emulated cloud: its folder, endpoint and operator key, the
    /// certificate to trust if it has one, and the handler zip of this workspace.
    pub fn for_emulator(kubeconfig: &Path, cloud: &Addresses) -> Result<Self, OperatorError> {
        Self::with_handler(kubeconfig, cloud, &handler_zip()?)
    }

    /// The same with another handler zip.
    pub fn with_handler(
        kubeconfig: &Path,
        cloud: &Addresses,
        handler_zip: &Path,
    ) -> Result<Self, OperatorError> {
        let key = cloud.operator_key.as_ref().ok_or(OperatorError::NoKey)?;
        let authority = cloud.certificate_authority.clone();
        let options = Self {
            authority,
            ..Self::new(kubeconfig)
        };
        Ok(options
            .argument("--folder-id", &cloud.folder_id)
            .argument("--api-endpoint", &cloud.api)
            .argument("--service-account-key-file", &key.to_string_lossy())
            .argument("--handler-zip", &handler_zip.to_string_lossy()))
    }

    /// With no arguments yet.
    #[must_use]
    pub fn new(kubeconfig: &Path) -> Self {
        Self {
            name: "operator".to_owned(),
            kubeconfig: kubeconfig.to_path_buf(),
            arguments: Vec::new(),
            authority: None,
            log: None,
        }
    }

    /// What it logs, as `RUST_LOG` has it; what people see, unless this is said.
    #[must_use]
    pub fn log(mut self, filter: &str) -> Self {
        self.log = Some(filter.to_owned());
        self
    }

    /// Adds a flag with its value.
    #[must_use]
    pub fn argument(mut self, flag: &str, value: &str) -> Self {
        self.arguments.extend([flag.to_owned(), value.to_owned()]);
        self
    }

    /// Adds arguments as they are.
    #[must_use]
    pub fn arguments(mut self, arguments: impl IntoIterator<Item = String>) -> Self {
        self.arguments.extend(arguments);
        self
    }

    /// Watches one namespace only and elects its leader there, so that
    /// operators of other tests on the same API server don't meet.
    #[must_use]
    pub fn only_in(self, namespace: &str) -> Self {
        self.argument("--watch-namespace", namespace)
            .argument("--lease-namespace", namespace)
    }

    /// Names its files in the run folder.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }
}

/// The zip that `cargo xtask handler` makes.
pub fn handler_zip() -> Result<PathBuf, OperatorError> {
    let path = target_folder().join("handler/handler.zip");
    if path.is_file() {
        Ok(path)
    } else {
        Err(OperatorError::NoHandler(path))
    }
}

/// A running operator.
#[derive(Debug)]
pub struct Operator {
    process: Process,
    http: String,
}

impl Operator {
    /// Starts it with its files in `folder`; it may not be ready on return.
    pub fn start(folder: &Path, options: &Options) -> Result<Self, OperatorError> {
        let listen = format!("127.0.0.1:{}", free_port()?);
        let mut launch = Launch::new(&options.name, Binary::Operator.path()?)
            .argument("run")
            .arguments(&options.arguments)
            .arguments(["--http-listen", &listen])
            .environment("KUBECONFIG", &options.kubeconfig);
        if let Some(filter) = &options.log {
            launch = launch.environment("RUST_LOG", filter);
        }
        if let Some(authority) = &options.authority {
            launch = launch.environment("SSL_CERT_FILE", authority);
        }
        let process = launch.start(folder)?;
        Ok(Self {
            process,
            http: format!("http://{listen}"),
        })
    }

    /// Base URL of `/healthz`, `/readyz` and `/metrics`.
    #[must_use]
    pub fn http(&self) -> &str {
        &self.http
    }

    /// What `/metrics` tells.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn metrics(&self) -> Result<String, reqwest::Error> {
        let url = format!("{}/metrics", self.http);
        reqwest::get(url).await?.text().await
    }

    /// Waits until `/readyz` says ok.
    pub async fn ready(&mut self) -> Result<(), OperatorError> {
        let url = format!("{}/readyz", self.http);
        let answer = eventually("the operator to be ready", READY_LIMIT, || async {
            let answer = reqwest::get(&url).await?;
            answer.error_for_status().map(drop)
        })
        .await;
        // Its log tells more than a refused connection.
        self.process.check_running()?;
        Ok(answer?)
    }

    /// The process, for its log and its end.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Sends a signal.
    pub fn signal(&mut self, signal: Signal) -> Result<(), OperatorError> {
        Ok(self.process.signal(signal)?)
    }

    /// Asks it to end, and waits.
    pub async fn stop(mut self) -> Result<ExitStatus, OperatorError> {
        Ok(self.process.terminate(END_LIMIT).await?)
    }

    /// Kills it, as a crash would.
    pub async fn kill(mut self) -> Result<(), OperatorError> {
        self.process.kill().await?;
        Ok(())
    }
}
