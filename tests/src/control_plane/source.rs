//! Which Kubernetes to use.

use std::path::{Path, PathBuf};

use crate::binaries::target_folder;

/// Names a kubeconfig of a cluster that is there. Not `KUBECONFIG`: whoever
/// has that set for daily work doesn't mean to have tests run on it. The
/// Makefile sets this one from `make … KUBECONFIG=…`.
pub const KUBECONFIG_VARIABLE: &str = "WSCHAT_KUBECONFIG";
/// Set to 1, it allows a cluster that isn't on this machine.
pub const REMOTE_VARIABLE: &str = "WSCHAT_ALLOW_REMOTE_CLUSTER";
/// Where controller-runtime's envtest looks for etcd and kube-apiserver.
pub const ASSETS_VARIABLE: &str = "KUBEBUILDER_ASSETS";

/// Where the control plane comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A running cluster, as the current context of this kubeconfig says.
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// Whether it may be on another machine.
        remote: bool,
    },
    /// A folder with `etcd`, `kube-apiserver` and maybe
    /// `kube-controller-manager` and `kubectl`.
    Programs(PathBuf),
}

/// There is no control plane to start.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NoSource {
    /// It was not built.
    #[error("{} has no kube-apiserver; build it with `cargo xtask control-plane`, or set {ASSETS_VARIABLE} or {KUBECONFIG_VARIABLE}", .0.display())]
    NotBuilt(PathBuf),
    /// `KUBEBUILDER_ASSETS` points elsewhere.
    #[error("{ASSETS_VARIABLE} is {}, which has no {missing}", folder.display())]
    BadAssets {
        /// The folder.
        folder: PathBuf,
        /// The program that is not in it.
        missing: &'static str,
    },
}

impl Source {
    /// An explicit kubeconfig; else `KUBEBUILDER_ASSETS`; else this
    /// workspace's own build.
    pub fn from_environment() -> Result<Self, NoSource> {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        Self::choose(
            variable(KUBECONFIG_VARIABLE).map(PathBuf::from),
            variable(REMOTE_VARIABLE).is_some_and(|value| value == "1"),
            variable(ASSETS_VARIABLE).map(PathBuf::from),
            target_folder().join("control-plane"),
        )
    }

    fn choose(
        kubeconfig: Option<PathBuf>,
        remote: bool,
        assets: Option<PathBuf>,
        built: PathBuf,
    ) -> Result<Self, NoSource> {
        if let Some(path) = kubeconfig {
            return Ok(Self::Kubeconfig { path, remote });
        }
        if let Some(folder) = assets {
            return match first_missing(&folder) {
                None => Ok(Self::Programs(folder)),
                Some(missing) => Err(NoSource::BadAssets { folder, missing }),
            };
        }
        match first_missing(&built) {
            None => Ok(Self::Programs(built)),
            Some(_) => Err(NoSource::NotBuilt(built)),
        }
    }
}

fn first_missing(folder: &Path) -> Option<&'static str> {
    ["etcd", "kube-apiserver"]
        .into_iter()
        .find(|program| !folder.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(programs: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for program in programs {
            std::fs::write(folder.path().join(program), "").unwrap();
        }
        folder
    }

    #[test]
    fn an_explicit_kubeconfig_wins_over_assets_and_the_build() {
        let folder = folder_with(&["etcd", "kube-apiserver"]);
        let chosen = Source::choose(
            Some("/some/config".into()),
            false,
            Some(folder.path().into()),
            folder.path().into(),
        );
        let expected = Source::Kubeconfig {
            path: "/some/config".into(),
            remote: false,
        };
        assert_eq!(chosen, Ok(expected));
    }

    #[test]
    fn assets_win_over_the_build_and_must_be_complete() {
        let complete = folder_with(&["etcd", "kube-apiserver"]);
        let partial = folder_with(&["etcd"]);
        let choose = |assets: &Path, built: &Path| {
            Source::choose(None, false, Some(assets.into()), built.into())
        };
        assert_eq!(
            choose(complete.path(), partial.path()),
            Ok(Source::Programs(complete.path().into()))
        );
        assert_eq!(
            choose(partial.path(), complete.path()),
            Err(NoSource::BadAssets {
                folder: partial.path().into(),
                missing: "kube-apiserver"
            })
        );
    }

    #[test]
    fn without_a_build_the_error_says_how_to_build_it() {
        let empty = folder_with(&[]);
        let error = Source::choose(None, false, None, empty.path().into()).unwrap_err();
        assert!(error.to_string().contains("cargo xtask control-plane"));
    }
}
