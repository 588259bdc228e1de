//! One YDB driver with its one topic writer.
//!
//! The driver is opened with the token of the call that needs it first. The
//! writer has a producer id of its own: with a shared one, overlapping
//! instances would end each other's writers.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::OnceCell;
use tokio::time::timeout;
use ydb::{
    AccessTokenCredentials, Client, ClientBuilder, Codec, CodecSelection, Executor, QueryClient,
    SessionPoolSettings, TopicWriter, TopicWriterMessage, TopicWriterOptions, YdbResult,
};

use crate::call::Token;
use crate::cloud::Opener;
use crate::environment::Environment;
use crate::renewable::Renewable;
use crate::ydb_errors::is_unauthenticated;

/// The crate's own default is half a second, which a cold start on a quarter
/// of a processor can miss.
const SESSION_TIMEOUT: Duration = Duration::from_secs(3);

/// As many as an instance may have calls at once (`spec.handler.concurrency`).
const SESSIONS: usize = 16;

/// How long the first writer may take; the crate would try for ever.
const OPENING: Duration = Duration::from_secs(15);

/// The crate's writer gathers records until it has so many, or until its period
/// is over: by default 1,000 in a millisecond, which is also how often it wakes
/// up when there is nothing to send. With one, a record leaves as soon as it is
/// there; those that are there together still leave in one frame.
const RECORDS_TO_GATHER: usize = 1;
const GATHERING: Duration = Duration::from_hours(1);

pub(crate) struct Link {
    client: Client,
    topic_path: String,
    writer: Renewable<TopicWriter>,
}

#[async_trait]
impl Opener for Environment {
    type Link = Link;

    async fn open(&self, token: &Token) -> YdbResult<Arc<Link>> {
        let link = Arc::new(Link::open(self, token).await?);
        // The writer opens while the first query runs.
        let early = Arc::clone(&link);
        tokio::spawn(timeout(OPENING, async move { early.check_writer().await }));
        Ok(link)
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
        Ok(Self {
            client,
            topic_path: environment.topic_path.clone(),
            writer: Renewable::default(),
        })
    }

    pub(crate) fn queries(&self) -> QueryClient {
        self.client.query_client()
    }

    /// Writes a record and waits for its acknowledgement. The writer reconnects
    /// by itself with its producer id and sequence number; an error from it is
    /// its end, so a new one gets the record, once.
    pub(crate) async fn publish(&self, record: &str) -> YdbResult<()> {
        let slot = self.writer.current();
        match write(self.writer(&slot).await?, record).await {
            Ok(()) => Ok(()),
            Err(error) => {
                let slot = self.writer.instead_of(&slot);
                if is_unauthenticated(&error) {
                    return Err(error);
                }
                write(self.writer(&slot).await?, record).await
            }
        }
    }

    /// Opens the writer when there is none.
    pub(crate) async fn check_writer(&self) -> YdbResult<()> {
        self.writer(&self.writer.current()).await.map(|_writer| ())
    }

    async fn writer<'a>(&self, slot: &'a OnceCell<TopicWriter>) -> YdbResult<&'a TopicWriter> {
        slot.get_or_try_init(|| {
            let options = TopicWriterOptions::builder()
                .topic_path(self.topic_path.as_str())
                .producer_id(uuid::Uuid::new_v4().to_string())
                .codec_selector(CodecSelection::Fixed(Codec::RAW))
                .write_request_messages_chunk_size(RECORDS_TO_GATHER)
                .write_request_send_messages_period(GATHERING)
                .build();
            let mut topics = self.client.topic_client();
            async move { topics.create_writer_with_params(options).await }
        })
        .await
    }
}

async fn write(writer: &TopicWriter, record: &str) -> YdbResult<()> {
    let message = TopicWriterMessage::new(record);
    writer.write_with_ack(message).await.map(|_status| ())
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
