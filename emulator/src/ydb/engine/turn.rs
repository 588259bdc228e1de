//! Who writes. SQLite has one writer at a time and lets others poll; this lets
//! them wait.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How long a write waits for another transaction's end. While fuzzing, nobody
/// else would end it.
const PATIENCE: Duration = Duration::from_millis(if cfg!(fuzzing) { 5 } else { 5000 });

/// The right to write, held by one transaction at a time; clones share it.
#[derive(Clone, Default)]
pub(super) struct WriterTurn(Arc<(Mutex<bool>, Condvar)>);

/// Held while writing.
pub(super) struct Turn(WriterTurn);

impl WriterTurn {
    /// Waits; none when somebody else writes for too long. Blocks the thread.
    pub(super) fn wait(&self) -> Option<Turn> {
        let (taken, freed) = &*self.0;
        let guard = taken.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut guard, waited) = freed
            .wait_timeout_while(guard, PATIENCE, |taken| *taken)
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() && *guard {
            return None;
        }
        *guard = true;
        Some(Turn(self.clone()))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let (taken, freed) = &*self.0.0;
        *taken.lock().unwrap_or_else(PoisonError::into_inner) = false;
        freed.notify_one();
    }
}
