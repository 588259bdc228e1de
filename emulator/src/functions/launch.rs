//! How a version's processes are started.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::journal::Journal;
use super::metadata::MetadataService;
use crate::clock::Clock;

/// How to start an instance of a version.
#[derive(Debug)]
pub(super) struct Launch {
    pub(super) function_id: String,
    pub(super) version_id: String,
    pub(super) node: PathBuf,
    pub(super) bootstrap: PathBuf,
    /// The unpacked archive, and the working folder.
    pub(super) code: PathBuf,
    pub(super) file: PathBuf,
    pub(super) export: String,
    /// All variables of the process but the metadata service's address.
    pub(super) environment: BTreeMap<String, String>,
    pub(super) metadata: MetadataService,
    pub(super) memory_mib: u64,
    /// How long an instance without a call lives, by this clock.
    pub(super) idle: Duration,
    pub(super) clock: Clock,
    pub(super) journal: Journal,
}

impl Launch {
    /// The channel takes the place of standard input: it is the one descriptor
    /// besides the log's two that a child gets without unsafe code.
    ///
    /// # Errors
    /// When there is no port left for the metadata service.
    pub(super) fn command(&self, channel: OwnedFd) -> io::Result<Command> {
        let metadata = self.metadata.address()?;
        let mut command = Command::new(&self.node);
        command
            .arg(format!("--max-old-space-size={}", self.memory_mib))
            .arg(&self.bootstrap)
            .arg(&self.file)
            .arg(&self.export)
            .current_dir(&self.code)
            .env_clear()
            .envs(&self.environment)
            .env("YC_METADATA_ADDR", metadata.to_string())
            .stdin(Stdio::from(channel))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Ok(command)
    }
}
