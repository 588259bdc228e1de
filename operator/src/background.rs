//! Something that is found out in the background, while looks at a chat come
//! and ask whether it has been.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

/// What was found out: that it works, or why not.
pub(crate) type Finding = Result<(), String>;

/// A task that ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Background {
    since: Instant,
    ended: Arc<Mutex<Option<(Finding, Duration)>>>,
    task: AbortOnDropHandle<()>,
}

impl Background {
    /// Begins.
    pub(crate) fn start(work: impl Future<Output = Finding> + Send + 'static) -> Self {
        let since = Instant::now();
        let ended = Arc::new(Mutex::new(None));
        let end = Arc::clone(&ended);
        let task = tokio::spawn(async move {
            let finding = work.await;
            *end.lock().unwrap_or_else(PoisonError::into_inner) = Some((finding, since.elapsed()));
        });
        Self {
            since,
            ended,
            task: AbortOnDropHandle::new(task),
        }
    }

    /// For how long it has been running.
    pub(crate) fn running_for(&self) -> Duration {
        self.since.elapsed()
    }

    /// What was found out, once it was, and how long that took.
    pub(crate) fn ended(&self) -> Option<(Finding, Duration)> {
        // First, as it may end meanwhile.
        let is_over = self.task.is_finished();
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.clone().or_else(|| {
            let broken = Err("it broke off by a fault of the operator".to_owned());
            is_over.then(|| (broken, self.running_for()))
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn what_panics_has_ended() {
        let broken = Background::start(async { panic!("as a test wants") });
        while !broken.task.is_finished() {
            yield_now().await;
        }
        let (finding, _) = broken.ended().unwrap();
        assert!(finding.unwrap_err().contains("broke off"));
    }
}
