//! One YDB driver with its one topic writer.
//!
//! The driver is opened with the token of the call that needs it first. The
//! writer has a producer id of its own: with a shared one, overlapping
//! instances would end each other's writers.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use ydb::{
    AccessTokenCredentials, Client, ClientBuilder, Codec, CodecSelection, Executor, QueryClient,
    SessionPoolSettings, TopicWriter, TopicWriterMessage, TopicWriterOptions, YdbResult,
};

use crate::call::Token;
use crate::environment::Environment;
use crate::ydb_errors::is_unauthenticated;

/// The crate's own default is half a second, which a cold start on a quarter
/// of a processor can miss.
const SESSION_TIMEOUT: Duration = Duration::from_secs(3);

/// As many as an instance may have calls at once (`spec.handler.concurrency`).
const SESSIONS: usize = 16;

pub(crate) struct Link {
    client: Client,
    topic_path: String,
    writer: tokio::sync::Mutex<Option<Arc<TopicWriter>>>,
    token: String,
    /// When half of the token's life is over.
    renew_at: Option<SystemTime>,
    used_at: Mutex<Instant>,
}

impl Link {
    /// Opens the driver. The caller limits the time: discovery tries for ever.
    pub(crate) async fn open(environment: &Environment, token: &Token) -> YdbResult<Self> {
        let client =
            ClientBuilder::new_from_connection_string(environment.connection_string.as_str())?
                .with_database(environment.database.as_str())
                .with_credentials(AccessTokenCredentials::from(token.text.as_str()))
                .with_executor(Arc::new(BlockingTasks))
                .build()
                .await?
                .with_session_pool(
                    SessionPoolSettings::new()
                        .with_limit(SESSIONS)
                        .with_session_create_timeout(SESSION_TIMEOUT)
                        .with_acquire_timeout(SESSION_TIMEOUT),
                )
                .await?;
        Ok(Self {
            client,
            topic_path: environment.topic_path.clone(),
            writer: tokio::sync::Mutex::new(None),
            token: token.text.clone(),
            renew_at: token
                .lifetime
                .and_then(|lifetime| SystemTime::now().checked_add(lifetime / 2)),
            used_at: Mutex::new(Instant::now()),
        })
    }

    /// Whether a call with this token should open a link of its own. A token
    /// that the runtime hasn't renewed yet gains nothing.
    pub(crate) fn is_outdated(&self, token: &Token) -> bool {
        token.text != self.token && self.renew_at.is_some_and(|at| SystemTime::now() >= at)
    }

    /// Notes a use; returns how long ago the last one was.
    pub(crate) fn touch(&self) -> Duration {
        let mut used_at = self.used_at.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *used_at, Instant::now()).elapsed()
    }

    pub(crate) fn queries(&self) -> QueryClient {
        self.client.query_client()
    }

    /// Writes a record and waits for its acknowledgement. The writer reconnects
    /// by itself with its producer id and sequence number; an error from it is
    /// its end, so a new one gets the record, once.
    pub(crate) async fn publish(&self, record: &str) -> YdbResult<()> {
        let writer = self.writer().await?;
        match write(&writer, record).await {
            Ok(()) => Ok(()),
            Err(error) => {
                self.retire(&writer).await;
                if is_unauthenticated(&error) {
                    return Err(error);
                }
                write(&*self.writer().await?, record).await
            }
        }
    }

    /// The writer, opened when there is none.
    pub(crate) async fn writer(&self) -> YdbResult<Arc<TopicWriter>> {
        let mut slot = self.writer.lock().await;
        if let Some(writer) = &*slot {
            return Ok(Arc::clone(writer));
        }
        let options = TopicWriterOptions::builder()
            .topic_path(self.topic_path.as_str())
            .producer_id(uuid::Uuid::new_v4().to_string())
            .codec_selector(CodecSelection::Fixed(Codec::RAW))
            .build();
        let mut topics = self.client.topic_client();
        let writer = Arc::new(topics.create_writer_with_params(options).await?);
        *slot = Some(Arc::clone(&writer));
        Ok(writer)
    }

    async fn retire(&self, writer: &Arc<TopicWriter>) {
        let mut slot = self.writer.lock().await;
        if slot
            .as_ref()
            .is_some_and(|current| Arc::ptr_eq(current, writer))
        {
            *slot = None;
        }
    }
}

async fn write(writer: &TopicWriter, record: &str) -> YdbResult<()> {
    let message = TopicWriterMessage::new(record);
    writer.write_with_ack(message).await.map(|_status| ())
}

/// Runs the crate's few blocking tasks on tokio's threads instead of a pool of
/// four more.
struct BlockingTasks;

impl Executor for BlockingTasks {
    fn available_parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }

    fn spawn(&self, task: Box<dyn FnOnce() + Send + 'static>) {
        tokio::task::spawn_blocking(task);
    }
}
