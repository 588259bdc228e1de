//! Programs in the background, each behind a `guard` so that none outlives
//! this one, with their output in files.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::binaries::{Binary, BinaryMissing};

/// How often files and exit codes are looked at while waiting for them.
const GLANCE: Duration = Duration::from_millis(10);
/// The same for a first line: benchmarks measure by it how long a start takes.
const LINE_GLANCE: Duration = Duration::from_millis(1);
/// How long a program may take to end after SIGKILL.
const KILL_LIMIT: Duration = Duration::from_secs(10);

/// A program in the background did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The guard is not built.
    #[error(transparent)]
    NoGuard(#[from] BinaryMissing),
    /// It could not be started or spoken to.
    #[error("{name}: cannot {action}: {source}")]
    System {
        /// The program's name in this run.
        name: String,
        /// What was tried.
        action: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// It ended when it should run.
    #[error("{name} ended early ({status}); its log ends with\n{log}")]
    Ended {
        /// The program's name in this run.
        name: String,
        /// How it ended.
        status: ExitStatus,
        /// The log's last lines.
        log: String,
    },
    /// It took too long.
    #[error("{name} did not {what} within {limit:?}; its log ends with\n{log}")]
    Late {
        /// The program's name in this run.
        name: String,
        /// What it should have done.
        what: &'static str,
        /// How long it had, in full.
        limit: Duration,
        /// The log's last lines.
        log: String,
    },
}

/// What to start, and how.
#[derive(Debug, Clone)]
pub struct Launch {
    name: String,
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
}

impl Launch {
    /// A program; `name` names its files in the run folder.
    pub fn new(name: impl Into<String>, program: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
        }
    }

    /// Adds one argument.
    #[must_use]
    pub fn argument(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn arguments(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        for argument in arguments {
            self = self.argument(argument);
        }
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn environment(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment
            .push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Starts it with its output going to `<folder>/<name>.out` and `.log`
    /// (standard error), appended to what an earlier one of that name wrote.
    pub fn start(&self, folder: &Path) -> Result<Process, ProcessError> {
        let output = folder.join(format!("{}.out", self.name));
        let log = folder.join(format!("{}.log", self.name));
        let system = |action| {
            move |source| ProcessError::System {
                name: self.name.clone(),
                action,
                source,
            }
        };
        let (output_file, output_start) = append(&output).map_err(system("open its output"))?;
        let (log_file, _) = append(&log).map_err(system("open its log"))?;
        let mut child = Command::new(Binary::Guard.path()?)
            .arg("--")
            .arg(&self.program)
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(output_file)
            .stderr(log_file)
            .spawn()
            .map_err(system("start it"))?;
        Ok(Process {
            name: self.name.clone(),
            orders: child.stdin.take(),
            guard: child,
            output,
            output_start,
            log,
        })
    }
}

fn append(path: &Path) -> std::io::Result<(File, u64)> {
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    let length = file.metadata()?.len();
    Ok((file, length))
}

/// A signal that a process can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Please end.
    Terminate,
    /// What Ctrl-C sends.
    Interrupt,
    /// End at once.
    Kill,
    /// Freeze.
    Stop,
    /// Go on after [`Signal::Stop`].
    Continue,
}

impl Signal {
    fn order(self) -> &'static [u8] {
        match self {
            Self::Terminate => b"TERM\n",
            Self::Interrupt => b"INT\n",
            Self::Kill => b"KILL\n",
            Self::Stop => b"STOP\n",
            Self::Continue => b"CONT\n",
        }
    }
}

/// A running program. Dropping it kills it and waits for its end.
#[derive(Debug)]
pub struct Process {
    name: String,
    guard: Child,
    orders: Option<ChildStdin>,
    output: PathBuf,
    /// Where this program's output starts in the file.
    output_start: u64,
    log: PathBuf,
}

impl Process {
    /// Its name in this run.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The process id of its guard, whose only child it is.
    #[must_use]
    pub fn guard_id(&self) -> u32 {
        self.guard.id()
    }

    /// Sends a signal.
    pub fn signal(&mut self, signal: Signal) -> Result<(), ProcessError> {
        let Some(orders) = self.orders.as_mut() else {
            return Ok(());
        };
        orders
            .write_all(signal.order())
            .map_err(|source| ProcessError::System {
                name: self.name.clone(),
                action: "send it a signal",
                source,
            })
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>, ProcessError> {
        self.guard
            .try_wait()
            .map_err(|source| ProcessError::System {
                name: self.name.clone(),
                action: "wait for it",
                source,
            })
    }

    /// Fails with the log's end when it is no longer running.
    pub fn check_running(&mut self) -> Result<(), ProcessError> {
        match self.ended()? {
            None => Ok(()),
            Some(status) => Err(ProcessError::Ended {
                name: self.name.clone(),
                status,
                log: self.log_tail(),
            }),
        }
    }

    /// Waits for its end.
    pub async fn wait(&mut self, limit: Duration) -> Result<ExitStatus, ProcessError> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            if start.elapsed() > limit {
                return Err(self.late("end", limit));
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Sends SIGTERM and waits for the end.
    pub async fn terminate(&mut self, limit: Duration) -> Result<ExitStatus, ProcessError> {
        if let Some(status) = self.ended()? {
            return Ok(status);
        }
        self.signal(Signal::Terminate)?;
        self.wait(limit).await
    }

    /// Sends SIGKILL and waits for the end.
    pub async fn kill(&mut self) -> Result<ExitStatus, ProcessError> {
        if let Some(status) = self.ended()? {
            return Ok(status);
        }
        self.signal(Signal::Kill)?;
        self.wait(KILL_LIMIT).await
    }

    /// Waits for the first line of its standard output.
    pub async fn first_line(&mut self, limit: Duration) -> Result<String, ProcessError> {
        let start = Instant::now();
        loop {
            if let Some(line) = self.printed_line() {
                return Ok(line);
            }
            self.check_running()?;
            if start.elapsed() > limit {
                return Err(self.late("print a line", limit));
            }
            tokio::time::sleep(LINE_GLANCE).await;
        }
    }

    fn printed_line(&self) -> Option<String> {
        let bytes = std::fs::read(&self.output).ok()?;
        let from = usize::try_from(self.output_start).ok()?;
        let text = String::from_utf8_lossy(bytes.get(from..)?).into_owned();
        text.split_once('\n').map(|(line, _)| line.to_owned())
    }

    fn late(&self, what: &'static str, limit: Duration) -> ProcessError {
        ProcessError::Late {
            name: self.name.clone(),
            what,
            limit,
            log: self.log_tail(),
        }
    }

    /// Where its standard error goes.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The log's last lines.
    #[must_use]
    pub fn log_tail(&self) -> String {
        tail(&self.log, 20)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The end of its input makes the guard kill the program and itself end.
        drop(self.orders.take());
        drop(self.guard.wait());
    }
}

/// The last lines of a file, indented; empty when it can't be read.
#[must_use]
pub fn tail(path: &Path, lines: usize) -> String {
    let bytes = std::fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..]
        .iter()
        .map(|line| format!("  {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}
