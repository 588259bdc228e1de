//! The emulator as a process.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

/// A loaded machine needs some of it.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Program {
    child: Child,
    /// Base URL of its REST API, once it is ready.
    pub(crate) api: Option<String>,
    /// The operator's key file.
    pub(crate) key: PathBuf,
}

impl Program {
    /// Ready on return.
    pub(crate) async fn start(folder: &Path) -> Self {
        let mut program = Self::spawn(folder);
        program.ready().await;
        program
    }

    /// On its way.
    pub(crate) fn spawn(folder: &Path) -> Self {
        Self::with(folder, &[])
    }

    pub(crate) fn with(folder: &Path, arguments: &[&str]) -> Self {
        Self::launch(folder, "0s..60ms", arguments)
    }

    /// With operations that end after this process only.
    pub(crate) fn slow(folder: &Path) -> Self {
        Self::launch(folder, "1h", &[])
    }

    fn launch(folder: &Path, delay: &str, arguments: &[&str]) -> Self {
        let key = folder.join("key.json");
        let mut command = Command::new(env!("CARGO_BIN_EXE_yc-emulator"));
        command
            .arg("--state")
            .arg(folder.join("state"))
            .arg("--operator-key")
            .arg(&key)
            .args(["--listen", "127.0.0.1:0", "--ydb-listen", "127.0.0.1:0"])
            .args(["--operation-delay", delay, "--log-level", "warn"])
            .args(["--quota", "serverless.functions.count=100000"])
            .args(["--quota", "iam.serviceAccounts.count=100000"])
            .args(["--quota", "ydb.schema-operations-per-day=100000"])
            .args(["--quota", "serverless.functions.operations-of-cloud=1000"])
            .args(["--quota", "serverless.functions.operations-of-folder=1000"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Self {
            child: command.spawn().unwrap(),
            api: None,
            key,
        }
    }

    /// Waits until it is ready: its addresses.
    pub(crate) async fn ready(&mut self) -> Value {
        let stdout = self.child.stdout.take().unwrap();
        let mut line = String::new();
        let mut reader = BufReader::new(stdout);
        let read = tokio::time::timeout(PATIENCE, reader.read_line(&mut line));
        read.await.unwrap().unwrap();
        let trouble = if line.is_empty() {
            self.says().await
        } else {
            String::new()
        };
        assert_eq!(trouble, "", "it isn't ready");
        let said: Value = serde_json::from_str(&line).unwrap();
        self.api = said["api"].as_str().map(str::to_owned);
        said
    }

    /// Everything that it says until it ends.
    pub(crate) async fn says(&mut self) -> String {
        let mut text = String::new();
        let stderr = self.child.stderr.as_mut().unwrap();
        stderr.read_to_string(&mut text).await.unwrap();
        text
    }

    /// SIGKILL; it is gone on return.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Waits until it ends by itself: its exit code and what it says.
    pub(crate) async fn fails(&mut self) -> (Option<i32>, String) {
        let text = self.says().await;
        let status = self.child.wait().await.unwrap();
        (status.code(), text)
    }
}
