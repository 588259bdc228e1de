//! Programs that run to their end: kubectl, helm, the client.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// A program failed or took too long.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// It could not be started or spoken to.
    #[error("cannot run {}: {source}", program.display())]
    Run {
        /// Which one.
        program: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It ended with an error code.
    #[error("`{line}` failed ({status}):\n{output}")]
    Failed {
        /// The command line.
        line: String,
        /// How it ended.
        status: ExitStatus,
        /// Both outputs.
        output: String,
    },
    /// It ran for too long and was killed.
    #[error("`{line}` took longer than {limit:?}")]
    Late {
        /// The command line.
        line: String,
        /// How long it had.
        limit: Duration,
    },
}

/// The first program in PATH that has one of these names.
#[must_use]
pub fn find(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut all = std::env::split_paths(&path)
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)));
    all.find(|program| program.is_file())
}

/// A program with its first arguments, to be run once or often.
#[derive(Debug, Clone)]
pub struct Program {
    path: PathBuf,
    environment: Vec<(String, PathBuf)>,
    limit: Duration,
}

/// What a program printed, and how it ended.
#[derive(Debug, Clone)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
    line: String,
}

impl Output {
    /// The standard output, if it ended well.
    pub fn success(self) -> Result<String, ProgramError> {
        if self.status.success() {
            Ok(self.stdout)
        } else {
            Err(ProgramError::Failed {
                line: self.line,
                status: self.status,
                output: self.stdout + &self.stderr,
            })
        }
    }
}

impl Program {
    /// A program that gets a minute each time.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            environment: Vec::new(),
            limit: Duration::from_mins(1),
        }
    }

    /// Sets an environment variable to a path.
    #[must_use]
    pub fn environment(mut self, name: &str, value: impl Into<PathBuf>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Runs it and demands success: its standard output.
    pub async fn run(
        &self,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Result<String, ProgramError> {
        self.output(arguments, "").await?.success()
    }

    /// Runs it with something to read on its standard input, whatever comes out.
    pub async fn output(
        &self,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
        input: &str,
    ) -> Result<Output, ProgramError> {
        let mut command = Command::new(&self.path);
        command
            .args(arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let line = line(command.as_std());
        let run = |source| ProgramError::Run {
            program: self.path.clone(),
            source,
        };
        let mut child = command.spawn().map_err(run)?;
        if let Some(mut stdin) = child.stdin.take() {
            // A program that reads nothing may close its end first.
            drop(stdin.write_all(input.as_bytes()).await);
        }
        let output = tokio::time::timeout(self.limit, child.wait_with_output())
            .await
            .map_err(|_| ProgramError::Late {
                line: line.clone(),
                limit: self.limit,
            })?
            .map_err(run)?;
        Ok(Output {
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            line,
        })
    }
}

fn line(command: &std::process::Command) -> String {
    let program = command.get_program().to_string_lossy().into_owned();
    command.get_args().fold(program, |line, argument| {
        line + " " + &argument.to_string_lossy()
    })
}
