//! Kubeconfig files for one cluster and several users.

use std::path::{Path, PathBuf};

use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use serde_json::{Value, json};

/// A kubeconfig could not be read, written or used.
#[derive(Debug, thiserror::Error)]
pub enum KubeconfigFileError {
    /// Not readable, or incomplete.
    #[error("cannot use kubeconfig {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Box<KubeconfigError>,
    },
    /// The current context names no cluster.
    #[error("kubeconfig {}: the current context names no cluster", .0.display())]
    NoCluster(PathBuf),
    /// Not writable.
    #[error("cannot write kubeconfig {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// No client can be made from it.
    #[error("cannot make a client from kubeconfig {}: {source}", path.display())]
    Client {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Box<kube::Error>,
    },
}

/// How to reach a cluster, without saying as whom.
#[derive(Debug, Clone)]
pub struct Cluster(Value);

impl Cluster {
    /// A server at this URL that shows a certificate of this authority (PEM).
    #[must_use]
    pub fn new(server: &str, authority: &str) -> Self {
        use base64::Engine as _;
        let authority = base64::engine::general_purpose::STANDARD.encode(authority);
        Self(json!({ "server": server, "certificate-authority-data": authority }))
    }

    /// The cluster of a file's current context.
    pub fn read(path: &Path) -> Result<Self, KubeconfigFileError> {
        let file = read(path)?;
        let context = file.current_context.as_deref();
        let name = file
            .contexts
            .iter()
            .find(|named| Some(named.name.as_str()) == context)
            .and_then(|named| named.context.as_ref())
            .map(|context| context.cluster.as_str());
        file.clusters
            .iter()
            .find(|named| Some(named.name.as_str()) == name)
            .and_then(|named| named.cluster.as_ref())
            .and_then(|cluster| serde_json::to_value(cluster).ok())
            .map(Self)
            .ok_or_else(|| KubeconfigFileError::NoCluster(path.to_path_buf()))
    }

    /// The API server's URL.
    #[must_use]
    pub fn server(&self) -> &str {
        self.0["server"].as_str().unwrap_or_default()
    }

    /// Writes a kubeconfig of a user with this bearer token, whose commands
    /// go to `namespace` when they don't say where.
    pub fn write(
        &self,
        path: &Path,
        token: &str,
        namespace: Option<&str>,
    ) -> Result<(), KubeconfigFileError> {
        let mut context = json!({ "cluster": "tests", "user": "tests" });
        if let Some(namespace) = namespace {
            context["namespace"] = namespace.into();
        }
        // JSON is YAML, too.
        let file = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": "tests", "cluster": self.0 }],
            "users": [{ "name": "tests", "user": { "token": token } }],
            "contexts": [{ "name": "tests", "context": context }],
            "current-context": "tests",
        });
        std::fs::write(path, format!("{file:#}\n")).map_err(|source| KubeconfigFileError::Write {
            path: path.to_path_buf(),
            source,
        })
    }
}

/// A client of a kubeconfig's current context. It belongs to the tokio runtime
/// that it is made in.
pub async fn client(path: &Path) -> Result<kube::Client, KubeconfigFileError> {
    let options = KubeConfigOptions::default();
    let config = kube::Config::from_custom_kubeconfig(read(path)?, &options)
        .await
        .map_err(|source| KubeconfigFileError::Read {
            path: path.to_path_buf(),
            source: Box::new(source),
        })?;
    kube::Client::try_from(config).map_err(|source| KubeconfigFileError::Client {
        path: path.to_path_buf(),
        source: Box::new(source),
    })
}

fn read(path: &Path) -> Result<Kubeconfig, KubeconfigFileError> {
    Kubeconfig::read_from(path).map_err(|source| KubeconfigFileError::Read {
        path: path.to_path_buf(),
        source: Box::new(source),
    })
}
