//! One Node.js process with several calls in flight.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use serde_json::value::RawValue;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::capacity::Slot;
use super::channel::{Call, Context, Said};
use super::error::InvokeError;
use super::journal::Stream;
use super::launch::Launch;
use super::output;
use crate::clock::Clock;

/// How long a handler may take to load without a call (a guess: the cloud
/// doesn't document it).
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
    pub(super) clock: Clock,
    /// Whether it lives on without calls.
    kept: AtomicBool,
    /// Whether its process is gone, and with it what it needed.
    pub(super) gone: AtomicBool,
    book: Mutex<Book>,
    pub(super) frozen: watch::Sender<bool>,
    lines: mpsc::UnboundedSender<Vec<u8>>,
    loaded: watch::Sender<Option<Result<(), InvokeError>>>,
    pub(super) stop: CancellationToken,
}

impl Instance {
    /// Starts a process; it loads while this returns.
    pub(super) fn start(
        launch: &Launch,
        slot: Slot,
        tasks: &TaskTracker,
    ) -> std::io::Result<Arc<Self>> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let (from_child, to_child) = UnixStream::from_std(ours)?.into_split();
        let mut child = launch.command(theirs.into())?.spawn()?;
        let (lines, outgoing) = mpsc::unbounded_channel();
        let instance = Arc::new(Self {
            function_id: launch.function_id.clone(),
            version_id: launch.version_id.clone(),
            process: child.id(),
            memory_mib: launch.memory_mib,
            idle: launch.idle,
            clock: launch.clock.clone(),
            kept: AtomicBool::new(false),
            gone: AtomicBool::new(false),
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
        tasks.spawn(Arc::clone(&instance).supervise(child, from_child, slot));
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

    /// Whether its room will soon be free.
    pub(super) fn is_going(&self) -> bool {
        self.has_ended() && !self.gone.load(Ordering::Acquire)
    }

    /// Whether it lives on however long it has no call.
    pub(super) fn keep(&self, kept: bool) {
        self.kept.store(kept, Ordering::Release);
    }

    /// Ends the process if it is frozen and isn't kept; whether it was.
    pub(super) fn end_if_frozen(&self) -> bool {
        let reason = InvokeError::Unavailable(self.function_id.clone());
        let idle = || *self.frozen.borrow() && !self.kept.load(Ordering::Acquire);
        self.end_if(idle, reason)
    }

    /// Ends the process and, with this error, its calls. The first end counts.
    pub(super) fn end(&self, reason: InvokeError) {
        self.end_if(|| true, reason);
    }

    /// `is_due` is asked under the lock that a thaw takes.
    fn end_if(&self, is_due: impl FnOnce() -> bool, reason: InvokeError) -> bool {
        let calls = {
            let mut book = self.book();
            if book.ended.is_some() || !is_due() {
                return false;
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
        true
    }

    /// One call. Loading the handler counts to its time; when that is over,
    /// every call of this instance ends (both documented).
    pub(super) async fn call(
        &self,
        event: &RawValue,
        context: &mut Context,
        limit: Duration,
    ) -> Outcome {
        let start = Instant::now();
        self.loaded_within(limit).await?;
        let left = limit.saturating_sub(start.elapsed());
        context.timeout_millis = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
        let (id, reply) = self.register(&context.request_id)?;
        let line = self.encode(id, event, context)?;
        if self.lines.send(line).is_err() {
            return Err(self.why_ended());
        }
        match tokio::time::timeout(left, reply).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(self.why_ended()),
            Err(_) => {
                let reason = InvokeError::Timeout(limit);
                self.end(reason.clone());
                Err(reason)
            }
        }
    }

    /// Waits until the handler is loaded, without a call.
    pub(super) async fn load(&self) -> Result<(), InvokeError> {
        self.loaded_within(LOAD_LIMIT).await
    }

    async fn loaded_within(&self, limit: Duration) -> Result<(), InvokeError> {
        let mut loaded = self.loaded.subscribe();
        let waited = tokio::time::timeout(limit, loaded.wait_for(Option::is_some)).await;
        match waited {
            Ok(Ok(loaded)) => loaded.clone().unwrap_or(Ok(())),
            Ok(Err(_)) => Err(self.why_ended()),
            Err(_) => {
                let reason = InvokeError::Timeout(limit);
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

    fn encode(&self, id: u64, event: &RawValue, context: &Context) -> Result<Vec<u8>, InvokeError> {
        let encoded = serde_json::to_vec(&Call { id, event, context });
        let mut line = encoded.map_err(|error| {
            self.book().calls.remove(&id);
            InvokeError::BadRequest(error.to_string())
        })?;
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
