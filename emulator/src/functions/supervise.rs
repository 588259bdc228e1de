//! Looks after a process: freezes it, thaws it, measures it, and sees it end.

use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::unix::OwnedReadHalf;
use tokio::process::Child;
use tokio::time::MissedTickBehavior;

use super::capacity::Slot;
use super::error::InvokeError;
use super::instance::Instance;
use super::memory;

/// How often a busy process's memory is looked at.
const MEMORY_EVERY: Duration = Duration::from_millis(200);

/// How long frames of an ended process are still read.
const DRAIN_LIMIT: Duration = Duration::from_secs(1);

/// How long a process without calls has from being told that it ends to its end
/// (docs functions/concepts/termination-notifications).
const NOTICE: Duration = Duration::from_millis(50);

impl Instance {
    /// Freezes and thaws the process, and sees it end. Only one without calls is
    /// told before that it will (documented).
    async fn watch(&self, child: &mut Child) -> std::io::Result<ExitStatus> {
        let mut frozen = self.frozen.subscribe();
        let mut is_frozen = false;
        // Short calls, which freeze and thaw it all the time, don't put this off.
        let mut memory = tokio::time::interval(MEMORY_EVERY);
        memory.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                ended = child.wait() => return ended,
                () = self.stop.cancelled() => break,
                _ = frozen.changed() => {
                    is_frozen = *frozen.borrow_and_update();
                    signal(child, if is_frozen { Signal::STOP } else { Signal::CONT });
                }
                () = self.clock.sleep(self.idle), if is_frozen => {
                    self.end_if_frozen();
                }
                _ = memory.tick(), if !is_frozen => self.check_memory(),
            }
        }
        if is_frozen {
            signal(child, Signal::TERM);
            signal(child, Signal::CONT);
            if let Ok(ended) = tokio::time::timeout(NOTICE, child.wait()).await {
                return ended;
            }
        }
        if let Err(error) = child.start_kill() {
            tracing::debug!(%error, "the instance was gone already");
        }
        child.wait().await
    }

    /// Ends a process that uses more than its version may (that its calls fail
    /// as those of a crashed one is a guess).
    fn check_memory(&self) {
        let used = self.process().and_then(memory::resident_mib);
        if let Some(used) = used.filter(|used| *used > self.memory_mib) {
            self.end(InvokeError::crashed(format!(
                "out of memory: the process used {used} MiB of {} MiB",
                self.memory_mib
            )));
        }
    }

    /// The instance's room is free again when its process is gone.
    pub(super) async fn supervise(
        self: Arc<Self>,
        mut child: Child,
        from_child: OwnedReadHalf,
        slot: Slot,
    ) {
        let reader = tokio::spawn(read(Arc::clone(&self), from_child));
        let ended = self.watch(&mut child).await;
        // What it said before it ended still counts.
        if tokio::time::timeout(DRAIN_LIMIT, reader).await.is_err() {
            tracing::warn!(
                function = self.whose().0,
                "a process of the function holds its channel"
            );
        }
        self.end(InvokeError::crashed(how_it_ended(ended)));
        self.gone.store(true, Ordering::Release);
        drop(slot);
    }
}

/// Signals are only sent between two waits: the process can't be gone, and
/// another one have its number.
fn signal(child: &Child, signal: Signal) {
    let pid = child.id().and_then(|id| i32::try_from(id).ok());
    if let Some(pid) = pid.and_then(Pid::from_raw)
        && let Err(error) = kill_process(pid, signal)
    {
        tracing::debug!(%error, "the instance was gone already");
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
