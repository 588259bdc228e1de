//! The instance's link to YDB: opened once, used by every call, opened anew
//! when it is dead or its token is old.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use serde_json::json;
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};
use ydb::{YdbError, YdbResult};

use crate::call::Token;
use crate::log::Log;
use crate::ports::Unavailable;
use crate::renewable::Renewable;
use crate::ydb_errors::{is_silence, is_transport, is_unauthenticated, words};

/// An instance without calls is frozen, and may wake up with dead sockets that
/// nobody told it about. After so long a pause the first attempt is kept short.
const SUSPICIOUS_PAUSE: Duration = Duration::from_mins(1);
const SHORT_ATTEMPT: Duration = Duration::from_secs(3);

/// Opens links.
#[async_trait]
pub(crate) trait Opener: Send + Sync {
    /// What calls use.
    type Link: Send + Sync;

    /// Opens one with this token. The caller limits the time.
    async fn open(&self, token: &Token) -> YdbResult<Arc<Self::Link>>;
}

/// The link, and when it was used last.
pub(crate) struct Cloud<O: Opener> {
    opener: O,
    link: Renewable<Opened<O::Link>>,
    started: Instant,
    /// Milliseconds after the start.
    used_at: AtomicU64,
    log: Log,
}

type Slot<L> = Arc<OnceCell<Opened<L>>>;

struct Opened<L> {
    link: Arc<L>,
    age: Age,
}

/// How old the token is that a link was made with.
struct Age {
    token: String,
    /// When half of the token's life is over.
    half: Option<SystemTime>,
}

impl Age {
    fn new(token: &Token, now: SystemTime) -> Self {
        let half = |lifetime: Duration| now.checked_add(lifetime / 2);
        Self {
            token: token.text.clone(),
            half: token.lifetime.and_then(half),
        }
    }

    /// Whether a call with this token should open a link of its own. A token
    /// that the runtime hasn't renewed yet gains nothing.
    fn is_over(&self, token: &Token, now: SystemTime) -> bool {
        self.half.is_some_and(|half| now >= half) && token.text != self.token
    }
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

    /// Whether the link is the trouble.
    fn ends_the_link(&self) -> bool {
        match self {
            Self::Late => true,
            Self::Closed(_) => false,
            Self::Ydb(error) => is_unauthenticated(error) || is_silence(error),
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

impl<O: Opener> Cloud<O> {
    pub(crate) fn new(opener: O, log: Log) -> Self {
        Self {
            opener,
            link: Renewable::default(),
            started: Instant::now(),
            used_at: AtomicU64::new(0),
            log,
        }
    }

    /// Does something with the link, once more if the first attempt met a dead
    /// link or an old token. `operation` must be safe to repeat.
    pub(crate) async fn with_link<T, F, P>(
        &self,
        what: &'static str,
        token: &Token,
        deadline: Instant,
        operation: P,
    ) -> Result<T, Unavailable>
    where
        F: Future<Output = Result<T, YdbError>>,
        P: Fn(Arc<O::Link>, Instant) -> F,
    {
        let slot = self.slot(token);
        let first = self.first_deadline(&slot, deadline);
        match self.attempt(&slot, token, first, &operation).await {
            Ok(value) => Ok(value),
            Err(failure) if failure.is_worth_another() && Instant::now() < deadline => {
                let failure = failure.into_unavailable(what);
                self.log
                    .warn("once more", json!({ "error": failure.to_string() }));
                let slot = self.slot(token);
                let second = self.attempt(&slot, token, deadline, &operation).await;
                second.map_err(|failure| failure.into_unavailable(what))
            }
            Err(failure) => Err(failure.into_unavailable(what)),
        }
    }

    async fn attempt<T, F, P>(
        &self,
        slot: &Slot<O::Link>,
        token: &Token,
        deadline: Instant,
        operation: &P,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, YdbError>>,
        P: Fn(Arc<O::Link>, Instant) -> F,
    {
        let outcome = timeout_at(deadline, async {
            let opened = slot.get_or_try_init(|| self.open(token)).await;
            let link = Arc::clone(&opened.map_err(Failure::Closed)?.link);
            operation(link, deadline).await.map_err(Failure::Ydb)
        });
        let outcome = outcome.await.unwrap_or(Err(Failure::Late));
        // One that isn't open yet is no better when it is another.
        if slot.initialized() && outcome.as_ref().is_err_and(Failure::ends_the_link) {
            self.link.instead_of(slot);
        }
        outcome
    }

    async fn open(&self, token: &Token) -> YdbResult<Opened<O::Link>> {
        Ok(Opened {
            link: self.opener.open(token).await?,
            age: Age::new(token, SystemTime::now()),
        })
    }

    /// Until when the first attempt may last.
    fn first_deadline(&self, slot: &Slot<O::Link>, deadline: Instant) -> Instant {
        let now = Instant::now();
        let at = u64::try_from((now - self.started).as_millis()).unwrap_or(u64::MAX);
        let pause = at.saturating_sub(self.used_at.swap(at, Ordering::Relaxed));
        let paused = slot.initialized() && Duration::from_millis(pause) > SUSPICIOUS_PAUSE;
        let half = deadline.saturating_duration_since(now) / 2;
        now + if paused {
            half.min(SHORT_ATTEMPT)
        } else {
            half
        }
    }

    /// The link, open or not: one call opens it, others wait for it. For
    /// benchmarks, the feature `link-per-call` opens one each time.
    fn slot(&self, token: &Token) -> Slot<O::Link> {
        let slot = self.link.current();
        let is_over = |opened: &Opened<_>| opened.age.is_over(token, SystemTime::now());
        if cfg!(feature = "link-per-call") || slot.get().is_some_and(is_over) {
            self.link.instead_of(&slot)
        } else {
            slot
        }
    }
}

#[cfg(test)]
mod tests;
