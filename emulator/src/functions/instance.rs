//! One Node.js process with several calls in flight.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::channel::{Call, Context, Said};
use super::error::InvokeError;
use super::journal::Stream;
use super::launch::Launch;
use super::output;

/// Largest event in bytes of JSON (3.5 MB, reference §4.2).
const MAX_EVENT: usize = 3_670_016;

/// How long a handler may take to load (a guess: the cloud doesn't document it).
const LOAD_LIMIT: Duration = Duration::from_mins(1);

type Outcome = Result<Value, InvokeError>;

#[derive(Debug)]
struct Running {
    request_id: String,
    reply: oneshot::Sender<Outcome>,
}

#[derive(Debug, Default)]
struct Book {
    next: u64,
    calls: HashMap<u64, Running>,
    /// The request ids of the calls that were answered last, at once.
    answered: Vec<String>,
    ended: Option<InvokeError>,
}

/// A process; it ends when it is told to, when a call takes too long, when it
/// needs more memory than it may, when it was idle for long, or by itself, and
/// all its calls end with it. While it has no call it is frozen.
#[derive(Debug)]
pub(super) struct Instance {
    function_id: String,
    version_id: String,
    process: Option<u32>,
    pub(super) memory_mib: u64,
    pub(super) idle: Duration,
    book: Mutex<Book>,
    pub(super) frozen: watch::Sender<bool>,
    lines: mpsc::UnboundedSender<Vec<u8>>,
    loaded: watch::Sender<Option<Result<(), InvokeError>>>,
    pub(super) stop: CancellationToken,
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
            version_id: launch.version_id.clone(),
            process: child.id(),
            memory_mib: launch.memory_mib,
            idle: launch.idle,
            book: Mutex::default(),
            frozen: watch::Sender::new(false),
            lines,
            loaded: watch::Sender::new(None),
            stop: CancellationToken::new(),
        });
        let log = |stream| (Arc::clone(&instance), launch.journal.clone(), stream);
        if let Some(stdout) = child.stdout.take() {
            let (instance, journal, stream) = log(Stream::Stdout);
            tasks.spawn(output::follow(instance, journal, stream, stdout));
        }
        if let Some(stderr) = child.stderr.take() {
            let (instance, journal, stream) = log(Stream::Stderr);
            tasks.spawn(output::follow(instance, journal, stream, stderr));
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

    /// The ids of its function and version.
    pub(super) fn whose(&self) -> (&str, &str) {
        (&self.function_id, &self.version_id)
    }

    /// The process id it started with.
    pub(super) fn process(&self) -> Option<u32> {
        self.process
    }

    /// The request ids of its calls; when it has none, of its last one: what a
    /// call writes may be read after its answer.
    pub(super) fn running(&self) -> Vec<String> {
        let book = self.book();
        if book.calls.is_empty() {
            return book.answered.clone();
        }
        let calls = book.calls.values();
        calls.map(|call| call.request_id.clone()).collect()
    }

    /// Stops the process until the next call, as the cloud does: it gets no
    /// processor time, and its sockets get no care.
    pub(super) fn freeze(&self) {
        self.frozen
            .send_if_modified(|frozen| !std::mem::replace(frozen, true));
    }

    /// Lets the process go on; false when it has ended meanwhile.
    pub(super) fn thaw(&self) -> bool {
        // Under the lock that an end takes.
        let book = self.book();
        let lives = book.ended.is_none();
        if lives {
            self.frozen.send_if_modified(std::mem::take);
        }
        lives
    }

    /// Ends the process if it is still frozen.
    pub(super) fn end_if_frozen(&self) {
        let reason = InvokeError::Unavailable(self.function_id.clone());
        self.end_if(|| *self.frozen.borrow(), reason);
    }

    /// Ends the process and, with this error, its calls. The first end counts.
    pub(super) fn end(&self, reason: InvokeError) {
        self.end_if(|| true, reason);
    }

    /// `is_due` is asked under the lock that a thaw takes.
    fn end_if(&self, is_due: impl FnOnce() -> bool, reason: InvokeError) {
        let calls = {
            let mut book = self.book();
            if book.ended.is_some() || !is_due() {
                return;
            }
            book.ended = Some(reason.clone());
            let calls = std::mem::take(&mut book.calls);
            if !calls.is_empty() {
                let ids = calls.values().map(|call| call.request_id.clone());
                book.answered = ids.collect();
            }
            calls
        };
        for (_, call) in calls {
            // A caller that is gone doesn't mind.
            let _ = call.reply.send(Err(reason.clone()));
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
        let (id, reply) = self.register(&context.request_id)?;
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

    fn register(&self, request_id: &str) -> Result<(u64, oneshot::Receiver<Outcome>), InvokeError> {
        let mut book = self.book();
        if let Some(reason) = &book.ended {
            return Err(reason.clone());
        }
        let (sender, receiver) = oneshot::channel();
        let id = book.next;
        book.next += 1;
        let running = Running {
            request_id: request_id.to_owned(),
            reply: sender,
        };
        book.calls.insert(id, running);
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

    pub(super) fn heard(&self, line: &[u8]) {
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
        let mut book = self.book();
        if let Some(call) = book.calls.remove(&id) {
            book.answered = vec![call.request_id];
            // A caller that is gone doesn't mind.
            let _ = call.reply.send(outcome);
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
