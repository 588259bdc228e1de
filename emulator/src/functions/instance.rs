//! One Node.js process with several calls in flight.

use std::collections::{BTreeMap, HashMap};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::channel::{Call, Context, Said};
use super::error::InvokeError;

/// Largest event in bytes of JSON (3.5 MB, reference §4.2).
const MAX_EVENT: usize = 3_670_016;

/// How long a handler may take to load (a guess: the cloud doesn't document it).
const LOAD_LIMIT: Duration = Duration::from_mins(1);

/// How long frames of an ended process are still read.
const DRAIN_LIMIT: Duration = Duration::from_secs(1);

/// How to start an instance of a version.
#[derive(Debug)]
pub(super) struct Launch {
    pub(super) function_id: String,
    pub(super) node: PathBuf,
    pub(super) bootstrap: PathBuf,
    /// The unpacked archive, and the working folder.
    pub(super) code: PathBuf,
    pub(super) file: PathBuf,
    pub(super) export: String,
    /// All variables of the process.
    pub(super) environment: BTreeMap<String, String>,
    pub(super) memory_mib: u64,
}

impl Launch {
    /// The channel takes the place of standard input: it is the one descriptor
    /// besides the log's two that a child gets without unsafe code.
    fn command(&self, channel: OwnedFd) -> Command {
        let mut command = Command::new(&self.node);
        command
            .arg(format!("--max-old-space-size={}", self.memory_mib))
            .arg(&self.bootstrap)
            .arg(&self.file)
            .arg(&self.export)
            .current_dir(&self.code)
            .env_clear()
            .envs(&self.environment)
            .stdin(Stdio::from(channel))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }
}

type Outcome = Result<Value, InvokeError>;

#[derive(Debug, Default)]
struct Book {
    next: u64,
    calls: HashMap<u64, oneshot::Sender<Outcome>>,
    ended: Option<InvokeError>,
}

/// A process; it ends when it is told to, when a call takes too long, or by
/// itself, and all its calls end with it.
#[derive(Debug)]
pub(super) struct Instance {
    function_id: String,
    book: Mutex<Book>,
    lines: mpsc::UnboundedSender<Vec<u8>>,
    loaded: watch::Sender<Option<Result<(), InvokeError>>>,
    stop: CancellationToken,
}

impl Instance {
    /// Starts a process; it loads while this returns.
    pub(super) fn start(launch: &Launch, tasks: &TaskTracker) -> std::io::Result<Arc<Self>> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let (from_child, to_child) = UnixStream::from_std(ours)?.into_split();
        let mut child = launch.command(theirs.into()).spawn()?;
        let (lines, outgoing) = mpsc::unbounded_channel();
        let instance = Arc::new(Self {
            function_id: launch.function_id.clone(),
            book: Mutex::default(),
            lines,
            loaded: watch::Sender::new(None),
            stop: CancellationToken::new(),
        });
        if let Some(output) = child.stdout.take() {
            tasks.spawn(log(launch.function_id.clone(), output));
        }
        if let Some(output) = child.stderr.take() {
            tasks.spawn(log(launch.function_id.clone(), output));
        }
        tasks.spawn(write(to_child, outgoing, instance.stop.clone()));
        tasks.spawn(Arc::clone(&instance).supervise(child, from_child));
        Ok(instance)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether no more calls can be made.
    pub(super) fn has_ended(&self) -> bool {
        self.book().ended.is_some()
    }

    /// Ends the process and, with this error, its calls. The first end counts.
    pub(super) fn end(&self, reason: InvokeError) {
        let calls = {
            let mut book = self.book();
            if book.ended.is_some() {
                return;
            }
            book.ended = Some(reason.clone());
            std::mem::take(&mut book.calls)
        };
        for (_, reply) in calls {
            // A caller that is gone doesn't mind.
            let _ = reply.send(Err(reason.clone()));
        }
        self.loaded.send_if_modified(|loaded| {
            let loading = loaded.is_none();
            if loading {
                *loaded = Some(Err(reason));
            }
            loading
        });
        self.stop.cancel();
    }

    /// One call. The time limit runs from when the handler is loaded; when it
    /// is over, every call of this instance ends (documented).
    pub(super) async fn call(&self, event: &Value, context: &Context, limit: Duration) -> Outcome {
        self.wait_until_loaded().await?;
        let (id, reply) = self.register()?;
        let line = self.encode(id, event, context)?;
        if self.lines.send(line).is_err() {
            return Err(self.why_ended());
        }
        match tokio::time::timeout(limit, reply).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(self.why_ended()),
            Err(_) => {
                let reason = InvokeError::Timeout(limit);
                self.end(reason.clone());
                Err(reason)
            }
        }
    }

    async fn wait_until_loaded(&self) -> Result<(), InvokeError> {
        let mut loaded = self.loaded.subscribe();
        let waited = tokio::time::timeout(LOAD_LIMIT, loaded.wait_for(Option::is_some)).await;
        match waited {
            Ok(Ok(loaded)) => loaded.clone().unwrap_or(Ok(())),
            Ok(Err(_)) => Err(self.why_ended()),
            Err(_) => {
                let reason = InvokeError::Timeout(LOAD_LIMIT);
                self.end(reason.clone());
                Err(reason)
            }
        }
    }

    fn register(&self) -> Result<(u64, oneshot::Receiver<Outcome>), InvokeError> {
        let mut book = self.book();
        if let Some(reason) = &book.ended {
            return Err(reason.clone());
        }
        let (sender, receiver) = oneshot::channel();
        let id = book.next;
        book.next += 1;
        book.calls.insert(id, sender);
        Ok((id, receiver))
    }

    fn encode(&self, id: u64, event: &Value, context: &Context) -> Result<Vec<u8>, InvokeError> {
        let encoded = serde_json::to_vec(&Call { id, event, context })
            .map_err(|error| InvokeError::BadRequest(error.to_string()));
        let bytes = encoded.as_ref().map_or(0, Vec::len);
        if bytes > MAX_EVENT {
            self.book().calls.remove(&id);
            return Err(InvokeError::TooLarge {
                bytes,
                limit: MAX_EVENT,
            });
        }
        let mut line = encoded?;
        line.push(b'\n');
        Ok(line)
    }

    fn why_ended(&self) -> InvokeError {
        let ended = self.book().ended.clone();
        ended.unwrap_or_else(|| InvokeError::Unavailable(self.function_id.clone()))
    }

    fn heard(&self, line: &[u8]) {
        let said = match serde_json::from_slice(line) {
            Ok(said) => said,
            Err(error) => {
                self.end(InvokeError::Internal(format!(
                    "bad frame from the instance: {error}"
                )));
                return;
            }
        };
        match said {
            Said::Ready => {
                self.loaded.send_replace(Some(Ok(())));
            }
            Said::Failed { error } => self.end(InvokeError::Failed(error)),
            Said::Result { id, result } => self.answer(id, Ok(result)),
            Said::Error { id, error } => self.answer(id, Err(InvokeError::Failed(error))),
            Said::Malformed { id, payload } => {
                let reason = "not a valid json".to_owned();
                self.answer(id, Err(InvokeError::Malformed { reason, payload }));
            }
        }
    }

    fn answer(&self, id: u64, outcome: Outcome) {
        if let Some(reply) = self.book().calls.remove(&id) {
            // A caller that is gone doesn't mind.
            let _ = reply.send(outcome);
        }
    }

    async fn supervise(self: Arc<Self>, mut child: Child, from_child: OwnedReadHalf) {
        let reader = tokio::spawn(read(Arc::clone(&self), from_child));
        let ended = tokio::select! {
            ended = child.wait() => ended,
            () = self.stop.cancelled() => {
                if let Err(error) = child.start_kill() {
                    tracing::debug!(%error, "the instance was gone already");
                }
                child.wait().await
            }
        };
        // What it said before it ended still counts.
        if tokio::time::timeout(DRAIN_LIMIT, reader).await.is_err() {
            tracing::warn!(
                function = self.function_id,
                "a process of the function holds its channel"
            );
        }
        self.end(InvokeError::crashed(how_it_ended(ended)));
    }
}

fn how_it_ended(ended: std::io::Result<ExitStatus>) -> String {
    match ended {
        Ok(status) => format!("the function's process ended: {status}"),
        Err(error) => format!("the function's process is lost: {error}"),
    }
}

async fn read(instance: Arc<Instance>, from_child: OwnedReadHalf) {
    let mut reader = BufReader::new(from_child);
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.read_until(b'\n', &mut line).await {
            // An unfinished line is one of a dying process.
            Ok(_) if line.last() == Some(&b'\n') => instance.heard(&line),
            Ok(_) | Err(_) => return,
        }
    }
}

async fn write(
    mut to_child: OwnedWriteHalf,
    mut lines: mpsc::UnboundedReceiver<Vec<u8>>,
    stop: CancellationToken,
) {
    loop {
        let line = tokio::select! {
            () = stop.cancelled() => return,
            line = lines.recv() => line,
        };
        let Some(line) = line else { return };
        // A failure means that the process ends, which the supervisor sees.
        let written = tokio::select! {
            () = stop.cancelled() => return,
            written = to_child.write_all(&line) => written,
        };
        if written.is_err() {
            return;
        }
    }
}

async fn log(function_id: String, output: impl AsyncRead + Unpin) {
    let mut reader = BufReader::new(output);
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                let text = String::from_utf8_lossy(&line);
                tracing::info!(target: "yc_emulator::function_log", function = function_id, "{}", text.trim_end());
            }
        }
    }
}
