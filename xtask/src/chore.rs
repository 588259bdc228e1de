//! What chores share: their error and running a program.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Why a chore failed, in one line for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChoreError {
    /// A program could not be started at all.
    #[error("cannot start `{program}`: {source}; is it installed and in PATH?")]
    Start {
        program: String,
        source: std::io::Error,
    },
    /// A program ran and said no.
    #[error("`{command}` failed ({status}){}", tail(.stderr))]
    Failed {
        command: String,
        status: std::process::ExitStatus,
        stderr: String,
    },
    /// A file could not be read or written.
    #[error("{action} {}: {source}", path.display())]
    File {
        action: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
    /// Everything was said already; nothing may come after it.
    #[error("failed")]
    Told,
    /// A condition of the chore's own doesn't hold.
    #[error("{0}")]
    Refused(String),
}

impl ChoreError {
    /// A failure in words.
    pub(crate) fn refused(words: impl Display) -> Self {
        Self::Refused(words.to_string())
    }

    /// For `map_err` on file operations: `action` is a verb, as in "read".
    pub(crate) fn file(
        action: &'static str,
        path: impl AsRef<Path>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |source| Self::File {
            action,
            path,
            source,
        }
    }
}

/// The last lines of a program's complaint, on lines of their own.
fn tail(stderr: &str) -> String {
    let lines: Vec<&str> = stderr.trim_end().lines().collect();
    let from = lines.len().saturating_sub(20);
    lines[from..]
        .iter()
        .fold(String::new(), |text, line| text + "\n  " + line)
}

/// Says what is being done, on stderr: stdout belongs to results.
pub(crate) fn say(words: impl Display) {
    eprintln!("xtask: {words}");
}

/// Runs a program with the terminal's own output.
pub(crate) fn run(command: &mut Command) -> Result<(), ChoreError> {
    let status = command.status().map_err(|source| ChoreError::Start {
        program: program(command),
        source,
    })?;
    if status.success() {
        Ok(())
    } else {
        Err(ChoreError::Failed {
            command: line(command),
            status,
            stderr: String::new(),
        })
    }
}

/// Runs a program and returns its standard output; a failure carries its
/// standard error.
pub(crate) fn capture(command: &mut Command) -> Result<String, ChoreError> {
    let Output {
        status,
        stdout,
        stderr,
    } = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| ChoreError::Start {
            program: program(command),
            source,
        })?;
    if status.success() {
        Ok(String::from_utf8_lossy(&stdout).into_owned())
    } else {
        Err(ChoreError::Failed {
            command: line(command),
            status,
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        })
    }
}

fn program(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

/// The command as one would type it.
fn line(command: &Command) -> String {
    command.get_args().fold(program(command), |line, argument| {
        line + " " + &argument.to_string_lossy()
    })
}
