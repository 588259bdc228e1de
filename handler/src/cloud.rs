//! The instance's link to YDB: opened once, used by every call, opened anew
//! when it is dead or its token is old.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout, timeout_at};
use ydb::YdbError;

use crate::call::Token;
use crate::environment::Environment;
use crate::link::Link;
use crate::log::Log;
use crate::ports::Unavailable;
use crate::ydb_errors::{is_silence, is_transport, is_unauthenticated, words};

/// An instance without calls is frozen, and may wake up with dead sockets that
/// nobody told it about. After so long a pause the first attempt is kept short.
const SUSPICIOUS_PAUSE: Duration = Duration::from_mins(1);
const SHORT_ATTEMPT: Duration = Duration::from_secs(3);

/// How long the first writer may take; the crate would try for ever.
const OPENING: Duration = Duration::from_secs(15);

pub(crate) struct Cloud {
    environment: Environment,
    current: Mutex<Option<Arc<Link>>>,
    log: Log,
}

/// Why an attempt failed.
enum Failure {
    /// There is no link.
    Closed(YdbError),
    Ydb(YdbError),
    Late,
}

impl Failure {
    /// Whether another attempt may do better.
    fn is_worth_another(&self) -> bool {
        match self {
            Self::Late | Self::Closed(_) => true,
            Self::Ydb(error) => is_unauthenticated(error) || is_transport(error),
        }
    }

    fn into_unavailable(self, what: &'static str) -> Unavailable {
        let why = match self {
            Self::Closed(error) => format!("cannot connect to YDB: {}", words(&error)),
            Self::Ydb(error) => words(&error),
            Self::Late => "no answer in time".to_owned(),
        };
        Unavailable { what, why }
    }
}

impl Cloud {
    pub(crate) fn new(environment: Environment, log: Log) -> Self {
        Self {
            environment,
            current: Mutex::new(None),
            log,
        }
    }

    /// Does something with the link, once more if the first attempt met a dead
    /// link or an old token. `operation` must be safe to repeat.
    pub(crate) async fn with_link<T, F, O>(
        &self,
        what: &'static str,
        token: &Token,
        deadline: Instant,
        operation: O,
    ) -> Result<T, Unavailable>
    where
        F: Future<Output = Result<T, YdbError>>,
        O: Fn(Arc<Link>, Instant) -> F,
    {
        let first = self.first_deadline(deadline);
        match self.attempt(token, first, &operation).await {
            Ok(value) => Ok(value),
            Err(failure) if failure.is_worth_another() && Instant::now() < deadline => {
                let failure = failure.into_unavailable(what);
                self.log
                    .warn("once more", json!({ "error": failure.to_string() }));
                let second = self.attempt(token, deadline, &operation).await;
                second.map_err(|failure| failure.into_unavailable(what))
            }
            Err(failure) => Err(failure.into_unavailable(what)),
        }
    }

    async fn attempt<T, F, O>(
        &self,
        token: &Token,
        deadline: Instant,
        operation: &O,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, YdbError>>,
        O: Fn(Arc<Link>, Instant) -> F,
    {
        let link = timeout_at(deadline, self.link(token))
            .await
            .map_err(|_late| Failure::Late)?
            .map_err(Failure::Closed)?;
        match timeout_at(deadline, operation(Arc::clone(&link), deadline)).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                if is_unauthenticated(&error) || is_silence(&error) {
                    self.forget(&link);
                }
                Err(Failure::Ydb(error))
            }
            Err(_late) => {
                self.forget(&link);
                Err(Failure::Late)
            }
        }
    }

    /// Until when the first attempt may last.
    fn first_deadline(&self, deadline: Instant) -> Instant {
        let now = Instant::now();
        let half = deadline.saturating_duration_since(now) / 2;
        // Whoever holds the lock is opening a new link.
        let paused = self.current.try_lock().is_ok_and(|current| {
            let link = current.as_ref();
            link.is_some_and(|link| link.touch() > SUSPICIOUS_PAUSE)
        });
        now + if paused {
            half.min(SHORT_ATTEMPT)
        } else {
            half
        }
    }

    /// The link, opened when there is none. One call opens, others wait for it.
    /// For benchmarks, the feature `link-per-call` opens one each time.
    async fn link(&self, token: &Token) -> Result<Arc<Link>, YdbError> {
        let mut current = self.current.lock().await;
        if let Some(link) = &*current
            && !link.is_outdated(token)
            && !cfg!(feature = "link-per-call")
        {
            return Ok(Arc::clone(link));
        }
        let link = Arc::new(Link::open(&self.environment, token).await?);
        *current = Some(Arc::clone(&link));
        // The writer opens while the first query runs.
        let early = Arc::clone(&link);
        tokio::spawn(timeout(OPENING, async move {
            early.writer().await.map(|_writer| ())
        }));
        Ok(link)
    }

    /// The next call opens a new link. Without waiting: whoever holds the lock
    /// is opening one already.
    fn forget(&self, link: &Arc<Link>) {
        if let Ok(mut current) = self.current.try_lock()
            && current
                .as_ref()
                .is_some_and(|known| Arc::ptr_eq(known, link))
        {
            *current = None;
        }
    }
}
