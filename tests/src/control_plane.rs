//! A real Kubernetes API server: one of our own for this run, or one that is
//! there.

mod certificates;
mod launches;
mod source;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Api;
use kube::api::PostParams;

pub use certificates::CertificateError;
pub use source::{ASSETS_VARIABLE, KUBECONFIG_VARIABLE, NoSource, REMOTE_VARIABLE, Source};

use crate::kubeconfig::{self, Cluster, KubeconfigFileError};
use crate::ports::{NoFreePort, free_port};
use crate::process::{Process, ProcessError};
use certificates::Certificates;
use launches::Ports;

/// A start on an idle machine takes 2–3 s; a machine that also compiles, 10.
const READY_LIMIT: Duration = Duration::from_mins(1);
const GLANCE: Duration = Duration::from_millis(50);
/// Starts with other ports, if somebody took one of ours.
const STARTS: usize = 3;
const END_LIMIT: Duration = Duration::from_secs(10);
const TOKEN_SECONDS: i64 = 3600;

/// No control plane, or not this one.
#[derive(Debug, thiserror::Error)]
pub enum ControlPlaneError {
    /// Nothing to start.
    #[error(transparent)]
    Source(#[from] NoSource),
    /// The cluster isn't a local one.
    #[error("{server} is not on this machine; set {REMOTE_VARIABLE}=1 to use it all the same")]
    Remote {
        /// Its URL.
        server: String,
    },
    /// A program failed.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// No port to listen on.
    #[error(transparent)]
    Port(#[from] NoFreePort),
    /// No keys.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// No kubeconfig.
    #[error(transparent)]
    Kubeconfig(#[from] KubeconfigFileError),
    /// A file of the run could not be written.
    #[error("cannot write {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It runs and never gets ready.
    #[error("the API server was not ready within {READY_LIMIT:?}: {last}")]
    NotReady {
        /// What it said last.
        last: String,
    },
    /// It refused a call of the fixture itself.
    #[error("{what}: {source}")]
    Api {
        /// What was asked for.
        what: String,
        /// Its answer.
        source: Box<kube::Error>,
    },
}

/// Whose rights to have. `ServiceAccounts` of the tests' own give others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum User {
    /// May do everything (group `system:masters`).
    Administrator,
    /// Is known, and may nothing but ask what it may.
    Stranger,
}

/// The programs of a control plane of our own, in the order of their ends.
#[derive(Debug)]
struct Own {
    controller_manager: Option<Process>,
    api_server: Process,
    etcd: Process,
    programs: PathBuf,
    stranger: PathBuf,
}

/// A Kubernetes API that tests can use.
pub struct ControlPlane {
    own: Option<Own>,
    cluster: Cluster,
    administrator: PathBuf,
    folder: PathBuf,
    client: kube::Client,
    started_in: Duration,
}

impl ControlPlane {
    /// Starts a control plane with its data in `folder`, or connects to the
    /// one that `source` names. It is ready on return.
    pub async fn start(source: &Source, folder: &Path) -> Result<Self, ControlPlaneError> {
        match source {
            Source::Kubeconfig { path, remote } => Self::connect(path, *remote, folder).await,
            Source::Programs(programs) => {
                let mut tries = 1;
                loop {
                    // A folder per try: etcd would remember its old ports.
                    let folder = folder.join(format!("control-plane-{tries}"));
                    match Self::launch(programs, &folder).await {
                        Err(ControlPlaneError::Process(ProcessError::Ended { .. }))
                            if tries < STARTS =>
                        {
                            tries += 1;
                        }
                        outcome => return outcome,
                    }
                }
            }
        }
    }

    async fn connect(path: &Path, remote: bool, folder: &Path) -> Result<Self, ControlPlaneError> {
        let cluster = Cluster::read(path)?;
        if !remote && !is_local(cluster.server()) {
            return Err(ControlPlaneError::Remote {
                server: cluster.server().to_owned(),
            });
        }
        let start = Instant::now();
        let client = kubeconfig::client(path).await?;
        wait_ready(&client, None).await?;
        Ok(Self {
            own: None,
            cluster,
            administrator: path.to_path_buf(),
            folder: folder.to_path_buf(),
            client,
            started_in: start.elapsed(),
        })
    }

    async fn launch(programs: &Path, folder: &Path) -> Result<Self, ControlPlaneError> {
        let start = Instant::now();
        let file = |path: PathBuf| move |source| ControlPlaneError::File { path, source };
        std::fs::create_dir_all(folder).map_err(file(folder.to_path_buf()))?;
        let ports = Ports {
            etcd: free_port()?,
            etcd_peer: free_port()?,
            api_server: free_port()?,
            controller_manager: free_port()?,
        };
        let etcd = launches::etcd(programs, folder, ports).start(folder)?;

        let certificates = Certificates::generate(folder)?;
        let token = || uuid::Uuid::new_v4().simple().to_string();
        let (administrator_token, stranger_token) = (token(), token());
        let tokens = folder.join("tokens.csv");
        let lines = format!(
            "{administrator_token},administrator,administrator,system:masters\n{stranger_token},stranger,stranger\n"
        );
        std::fs::write(&tokens, lines).map_err(file(tokens.clone()))?;
        let server = format!("https://127.0.0.1:{}", ports.api_server);
        let cluster = Cluster::new(&server, &certificates.authority);
        let administrator = folder.join("administrator.kubeconfig");
        cluster.write(&administrator, &administrator_token, None)?;
        let stranger = folder.join("stranger.kubeconfig");
        cluster.write(&stranger, &stranger_token, None)?;

        let mut own = Own {
            controller_manager: None,
            api_server: launches::api_server(programs, ports, &certificates, &tokens)
                .start(folder)?,
            etcd,
            programs: programs.to_path_buf(),
            stranger,
        };
        let client = kubeconfig::client(&administrator).await?;
        wait_ready(&client, Some(&mut own)).await?;
        let started_in = start.elapsed();
        // envtest's folder has none.
        if programs.join("kube-controller-manager").is_file() {
            let launch =
                launches::controller_manager(programs, ports, &certificates, &administrator);
            own.controller_manager = Some(launch.start(folder)?);
        }
        Ok(Self {
            own: Some(own),
            cluster,
            administrator,
            folder: folder.to_path_buf(),
            client,
            started_in,
        })
    }

    /// How long it took until `/readyz` said ok.
    #[must_use]
    pub fn started_in(&self) -> Duration {
        self.started_in
    }

    /// Whether it is this run's own, so that nobody else's objects are in it.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// Whether controllers run (always, but with envtest's programs).
    #[must_use]
    pub fn has_controllers(&self) -> bool {
        self.own
            .as_ref()
            .is_none_or(|own| own.controller_manager.is_some())
    }

    /// The API server's URL.
    #[must_use]
    pub fn server(&self) -> &str {
        self.cluster.server()
    }

    /// The folder of its programs, kubectl among them; none if it was there.
    #[must_use]
    pub fn programs(&self) -> Option<&Path> {
        self.own.as_ref().map(|own| own.programs.as_path())
    }

    /// A kubeconfig file. A stranger is known only to a control plane of our
    /// own: none elsewhere.
    #[must_use]
    pub fn kubeconfig(&self, user: User) -> Option<&Path> {
        match user {
            User::Administrator => Some(&self.administrator),
            User::Stranger => self.own.as_ref().map(|own| own.stranger.as_path()),
        }
    }

    /// The administrator's kubeconfig file.
    #[must_use]
    pub fn administrator(&self) -> &Path {
        &self.administrator
    }

    /// The administrator's client. It belongs to the tokio runtime that
    /// [`ControlPlane::start`] ran in.
    #[must_use]
    pub fn client(&self) -> kube::Client {
        self.client.clone()
    }

    /// A kubeconfig file with an hour's token of a `ServiceAccount`, as a pod
    /// would have.
    pub async fn kubeconfig_for_service_account(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<PathBuf, ControlPlaneError> {
        let token = self.token_of(namespace, name, &[]).await?;
        let path = self.folder.join(format!("{namespace}-{name}.kubeconfig"));
        self.cluster.write(&path, &token, Some(namespace))?;
        Ok(path)
    }

    /// An hour's token of a `ServiceAccount` for these audiences, or for the API
    /// server itself.
    pub async fn token_of(
        &self,
        namespace: &str,
        name: &str,
        audiences: &[&str],
    ) -> Result<String, ControlPlaneError> {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client(), namespace);
        let request = TokenRequest {
            spec: TokenRequestSpec {
                audiences: audiences
                    .iter()
                    .map(|audience| (*audience).to_owned())
                    .collect(),
                expiration_seconds: Some(TOKEN_SECONDS),
                ..TokenRequestSpec::default()
            },
            ..TokenRequest::default()
        };
        let answer = accounts
            .create_token_request(name, &PostParams::default(), &request)
            .await
            .map_err(|source| ControlPlaneError::Api {
                what: format!("a token of ServiceAccount {namespace}/{name}"),
                source: Box::new(source),
            })?;
        Ok(answer.status.map(|status| status.token).unwrap_or_default())
    }

    /// Stops what was started, and reports if it had died before.
    pub async fn stop(mut self) -> Result<(), ControlPlaneError> {
        let Some(own) = self.own.as_mut() else {
            return Ok(());
        };
        own.check_running()?;
        if let Some(controller_manager) = own.controller_manager.as_mut() {
            controller_manager.kill().await?;
        }
        // Nothing is kept: no need to wait for open watches.
        own.api_server.kill().await?;
        own.etcd.terminate(END_LIMIT).await?;
        Ok(())
    }
}

impl Own {
    fn check_running(&mut self) -> Result<(), ProcessError> {
        self.etcd.check_running()?;
        self.api_server.check_running()?;
        self.controller_manager
            .as_mut()
            .map_or(Ok(()), Process::check_running)
    }
}

async fn wait_ready(
    client: &kube::Client,
    mut own: Option<&mut Own>,
) -> Result<(), ControlPlaneError> {
    let start = Instant::now();
    loop {
        let answer = match http::Request::get("/readyz").body(Vec::new()) {
            Ok(request) => client.request_text(request).await,
            Err(error) => Err(kube::Error::HttpError(error)),
        };
        let Err(error) = answer else { return Ok(()) };
        if let Some(own) = own.as_mut() {
            own.check_running()?;
        }
        if start.elapsed() > READY_LIMIT {
            return Err(ControlPlaneError::NotReady {
                last: error.to_string(),
            });
        }
        tokio::time::sleep(GLANCE).await;
    }
}

/// Whether a server's URL is on this machine.
fn is_local(server: &str) -> bool {
    url::Url::parse(server).is_ok_and(|url| match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_local() {
        for local in [
            "https://127.0.0.1:6443",
            "https://localhost",
            "https://[::1]:1",
        ] {
            assert!(is_local(local), "{local}");
        }
        for remote in [
            "https://10.0.0.1:6443",
            "https://localhost.example.org",
            "nonsense",
        ] {
            assert!(!is_local(remote), "{remote}");
        }
    }
}
