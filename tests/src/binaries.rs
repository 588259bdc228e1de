//! Where this build's own programs are: in the target folder, beside the
//! program that asks (a test executable is in its `deps`).

use std::path::{Path, PathBuf};

/// A program of this workspace was not built.
#[derive(Debug, thiserror::Error)]
#[error("{} is not there; build it with `cargo build -p {package}`", path.display())]
pub struct BinaryMissing {
    path: PathBuf,
    package: &'static str,
}

/// The programs that fixtures start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binary {
    /// Ends other programs with their owner.
    Guard,
    /// Opens sockets and holds them.
    IdleSockets,
    /// Opens sockets and talks.
    Crowd,
    /// Gives every frame to all sockets, and does nothing else.
    RawFanOut,
    /// The emulated cloud.
    Emulator,
    /// The operator.
    Operator,
    /// The command line client.
    Client,
}

impl Binary {
    fn name(self) -> &'static str {
        match self {
            Self::Guard => "guard",
            Self::IdleSockets => "idle-sockets",
            Self::Crowd => "crowd",
            Self::RawFanOut => "raw-fan-out",
            Self::Emulator => "yc-emulator",
            Self::Operator => "wschat-operator",
            Self::Client => "wschat",
        }
    }

    fn package(self) -> &'static str {
        match self {
            Self::Guard | Self::IdleSockets | Self::Crowd | Self::RawFanOut => "wschat-tests",
            Self::Emulator => "yc-emulator",
            Self::Operator => "wschat-operator",
            Self::Client => "wschat",
        }
    }

    /// Its path, when it is built.
    pub fn path(self) -> Result<PathBuf, BinaryMissing> {
        let path = build_folder().join(self.name());
        if path.is_file() {
            Ok(path)
        } else {
            Err(BinaryMissing {
                path,
                package: self.package(),
            })
        }
    }
}

/// The folder of this build's programs, as `target/debug`.
#[must_use]
pub fn build_folder() -> PathBuf {
    let executable = std::env::current_exe().unwrap_or_default();
    let folder = executable.parent().unwrap_or(Path::new("."));
    if folder.ends_with("deps") {
        folder.parent().unwrap_or(folder).to_path_buf()
    } else {
        folder.to_path_buf()
    }
}

/// The target folder, where tools and the control plane are cached.
#[must_use]
pub fn target_folder() -> PathBuf {
    let folder = build_folder();
    folder.parent().map(Path::to_path_buf).unwrap_or(folder)
}

/// The functions' own Node.js, once `cargo xtask tools` has installed it.
#[must_use]
pub fn node() -> Option<PathBuf> {
    let path = target_folder().join("node/node_modules/node/bin/node");
    path.is_file().then_some(path)
}

/// The workspace's root folder: where `crds/` and `charts/` are.
#[must_use]
pub fn workspace_root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}
