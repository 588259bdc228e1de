//! One token for all calls.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use tokio::time::Instant;

use super::source::{Fetcher, Source};
use super::{AuthError, Credentials, IamToken};
use crate::endpoint::Endpoints;

#[cfg(test)]
mod tests;

/// The cloud's advice: renew about hourly, though tokens live up to 12 hours.
const RENEW_AFTER: Duration = Duration::from_hours(1);
/// When renewing fails while the old token is good, it rests this long.
const REST: Duration = Duration::from_secs(10);

/// Holds the newest token and renews it early: after an hour or eight tenths of
/// its life it is renewed behind the callers' backs, after nine tenths they wait
/// for the new one. However many ask, one request is under way, and it goes on
/// when they give up.
#[derive(Debug)]
pub struct TokenCache {
    source: Arc<dyn Source>,
    state: Arc<Mutex<State>>,
}

/// Nothing when the task died.
type Flight = Shared<BoxFuture<'static, Option<Result<IamToken, AuthError>>>>;

#[derive(Debug, Default)]
struct State {
    newest: Option<IamToken>,
    flight: Option<Flight>,
    failed: Option<Instant>,
}

impl TokenCache {
    pub(crate) fn new(
        credentials: Credentials,
        http: reqwest::Client,
        metadata: reqwest::Client,
        endpoints: Arc<Endpoints>,
    ) -> Self {
        Self::of(Arc::new(Fetcher {
            credentials,
            http,
            metadata,
            endpoints,
        }))
    }

    fn of(source: Arc<dyn Source>) -> Self {
        Self {
            source,
            state: Arc::default(),
        }
    }

    /// A token that is good for a while.
    pub async fn get(&self) -> Result<IamToken, AuthError> {
        let flight = {
            let mut state = lock(&self.state);
            if let Some(token) = state.newest.clone().filter(is_good) {
                let resting = state.failed.is_some_and(|at| at.elapsed() < REST);
                if is_due(&token) && !resting {
                    let _behind = self.renew(&mut state);
                }
                return Ok(token);
            }
            self.renew(&mut state)
        };
        let Some(result) = flight.await else {
            lock(&self.state).flight = None;
            return self.source.fetch().await;
        };
        match result {
            Ok(token) => Ok(token),
            // An old token that still lives is better than none.
            Err(error) if error.is_transient() => {
                let newest = lock(&self.state).newest.clone();
                newest.filter(is_alive).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Forgets a token that the cloud refused. Another one that came meanwhile
    /// stays.
    pub fn invalidate(&self, refused: &str) {
        let mut state = lock(&self.state);
        if state
            .newest
            .as_ref()
            .is_some_and(|token| token.value == refused)
        {
            state.newest = None;
        }
    }

    /// Joins the request that is under way, or starts one.
    fn renew(&self, state: &mut State) -> Flight {
        if let Some(flight) = &state.flight {
            return flight.clone();
        }
        let (source, shared) = (Arc::clone(&self.source), Arc::clone(&self.state));
        let task = tokio::spawn(async move {
            let result = source.fetch().await;
            let mut state = lock(&shared);
            state.flight = None;
            match &result {
                Ok(token) => {
                    state.newest = Some(token.clone());
                    state.failed = None;
                }
                Err(_) => state.failed = Some(Instant::now()),
            }
            result
        });
        let flight = task.map(Result::ok).boxed().shared();
        state.flight = Some(flight.clone());
        flight
    }
}

/// Nothing is left half done under this lock.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_due(token: &IamToken) -> bool {
    token.fetched.elapsed() >= RENEW_AFTER.min(token.life * 8 / 10)
}

fn is_good(token: &IamToken) -> bool {
    token.fetched.elapsed() < token.life * 9 / 10
}

fn is_alive(token: &IamToken) -> bool {
    token.fetched.elapsed() < token.life
}
