//! One token for all calls.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::source::Fetcher;
use super::{AuthError, Credentials, IamToken};
use crate::endpoint::Endpoints;

/// The cloud's advice: renew about hourly, though tokens live up to 12 hours.
const RENEW_AFTER: Duration = Duration::from_hours(1);

/// Holds the newest token and renews it early. Callers that come while it is
/// being fetched wait for that one.
#[derive(Debug)]
pub struct TokenCache {
    fetcher: Fetcher,
    newest: Mutex<Option<IamToken>>,
}

impl TokenCache {
    pub(crate) fn new(
        credentials: Credentials,
        http: reqwest::Client,
        endpoints: Arc<Endpoints>,
    ) -> Self {
        Self {
            fetcher: Fetcher {
                credentials,
                http,
                endpoints,
            },
            newest: Mutex::new(None),
        }
    }

    /// A token that is good for a while.
    pub async fn get(&self) -> Result<IamToken, AuthError> {
        let mut newest = self.newest.lock().await;
        if let Some(token) = newest.as_ref().filter(|token| is_fresh(token)) {
            return Ok(token.clone());
        }
        match self.fetcher.fetch().await {
            Ok(token) => {
                *newest = Some(token.clone());
                Ok(token)
            }
            // An old token that still lives is better than none.
            Err(error) if error.is_transient() => match newest.as_ref() {
                Some(token) if token.fetched.elapsed() < token.life => Ok(token.clone()),
                Some(_) | None => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// Forgets a token that the cloud refused. Another one that came meanwhile
    /// stays.
    pub async fn invalidate(&self, refused: &str) {
        let mut newest = self.newest.lock().await;
        if newest.as_ref().is_some_and(|token| token.value == refused) {
            *newest = None;
        }
    }
}

/// Not older than an hour, nor than nine tenths of its life.
fn is_fresh(token: &IamToken) -> bool {
    token.fetched.elapsed() < RENEW_AFTER.min(token.life * 9 / 10)
}
