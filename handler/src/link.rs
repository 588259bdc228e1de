//! One YDB driver with its topic writers.
//!
//! The driver is opened with the token of the call that needs it first. Each
//! writer has a producer id of its own: with a shared one, overlapping instances
//! would end each other's writers.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ydb::{
    AccessTokenCredentials, Client, ClientBuilder, Executor, QueryClient, SessionPoolSettings,
    YdbResult,
};

use crate::call::Token;
use crate::cloud::Opener;
use crate::environment::Environment;
use crate::writer::Writers;

/// The crate's own default is half a second, which a cold start on a quarter
/// of a processor can miss.
const SESSION_TIMEOUT: Duration = Duration::from_secs(3);

/// As many as an instance may have calls at once (`spec.handler.concurrency`).
const SESSIONS: usize = 16;

pub(crate) struct Link {
    client: Arc<Client>,
    /// They outlive a link that is given up while records are on their way.
    pub(crate) writers: Arc<Writers>,
}

#[async_trait]
impl Opener for Environment {
    type Link = Link;

    async fn open(&self, token: &Token) -> YdbResult<Arc<Link>> {
        let link = Link::open(self, token).await?;
        // The writer opens while the first query runs.
        link.writers.open_early();
        Ok(Arc::new(link))
    }
}

impl Link {
    /// Opens the driver; discovery tries for ever.
    async fn open(environment: &Environment, token: &Token) -> YdbResult<Self> {
        let client =
            ClientBuilder::new_from_connection_string(environment.connection_string.as_str())?
                .with_database(environment.database.as_str())
                .with_credentials(AccessTokenCredentials::from(token.text.as_str()))
                .with_executor(Arc::new(NoCompression))
                .build()
                .await?
                .with_session_pool(
                    SessionPoolSettings::new()
                        .with_limit(SESSIONS)
                        .with_session_create_timeout(SESSION_TIMEOUT)
                        .with_acquire_timeout(SESSION_TIMEOUT),
                )
                .await?;
        let client = Arc::new(client);
        let writers = Writers::new(Arc::clone(&client), environment.topic_path.clone());
        Ok(Self {
            client,
            writers: Arc::new(writers),
        })
    }

    pub(crate) fn queries(&self) -> QueryClient {
        self.client.query_client()
    }
}

/// Runs what the crate would give to a pool of four threads, the compression of
/// records, where it is asked for: they leave as they are, so there is nothing
/// to do.
struct NoCompression;

impl Executor for NoCompression {
    fn available_parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }

    fn spawn(&self, task: Box<dyn FnOnce() + Send + 'static>) {
        task();
    }
}
