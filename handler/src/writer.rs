//! The topic's writers of one link: two, of which a record takes one.
//!
//! The crate's writer gathers records until it has so many, or until its period
//! is over. Whoever is nearly alone shouldn't wait for others who don't come;
//! when many calls write at once, a request for each of their records costs more
//! than they gain. A sender that awaits its acknowledgements is told in order by
//! whichever writer has its records: only one of them is on its way at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::timeout;
use ydb::{
    Client, Codec, CodecSelection, TopicWriter, TopicWriterMessage, TopicWriterOptions, YdbResult,
};

use crate::renewable::Renewable;
use crate::ydb_errors::is_unauthenticated;

/// How long a writer that nobody waits for may take to open; the crate would
/// try for ever.
const OPENING: Duration = Duration::from_secs(15);

/// So many others that are on their way are a crowd. With fewer, the request
/// that is saved doesn't make up for the waiting (bench `at-once`).
const CROWD: usize = 4;

/// How a writer gathers.
#[derive(Clone, Copy)]
struct Pace {
    /// A request leaves with so many records, …
    records: usize,
    /// … or so long after the last one, and that often a writer without records
    /// wakes up.
    period: Duration,
}

const AT_ONCE: Pace = Pace {
    records: 1,
    period: Duration::from_hours(1),
};

/// A crowd's records make a request of their own, so that nobody waits for the
/// period but the last few: with 16 calls at once that makes 2.8 times as many
/// a second as waiting for more (bench `at-once`).
const GATHERING: Pace = Pace {
    records: CROWD,
    period: Duration::from_millis(1),
};

pub(crate) struct Writers {
    client: Arc<Client>,
    topic_path: String,
    at_once: Renewable<TopicWriter>,
    /// Opened when there is a crowd for the first time.
    gathering: Renewable<TopicWriter>,
    is_gathering_wanted: AtomicBool,
    on_their_way: AtomicUsize,
}

impl Writers {
    pub(crate) fn new(client: Arc<Client>, topic_path: String) -> Self {
        Self {
            client,
            topic_path,
            at_once: Renewable::default(),
            gathering: Renewable::default(),
            is_gathering_wanted: AtomicBool::new(false),
            on_their_way: AtomicUsize::new(0),
        }
    }

    /// Opens the writer that every instance needs, in the background.
    pub(crate) fn open_early(self: &Arc<Self>) {
        let writers = Arc::clone(self);
        tokio::spawn(timeout(OPENING, async move { writers.check().await }));
    }

    /// Opens it when it isn't open.
    pub(crate) async fn check(&self) -> YdbResult<()> {
        let slot = self.at_once.current();
        self.open(&slot, AT_ONCE).await.map(|_writer| ())
    }

    /// Writes a record and waits for its acknowledgement.
    pub(crate) async fn publish(self: &Arc<Self>, record: &str) -> YdbResult<()> {
        let on_its_way = OnItsWay::begin(&self.on_their_way);
        if on_its_way.others >= CROWD && self.can_gather() {
            self.write(&self.gathering, GATHERING, record).await
        } else {
            self.write(&self.at_once, AT_ONCE, record).await
        }
    }

    /// Whether the gathering writer is open. The first who asks has it opened,
    /// and waits for it no more than anybody else.
    fn can_gather(self: &Arc<Self>) -> bool {
        if self.gathering.current().initialized() {
            return true;
        }
        if !self.is_gathering_wanted.swap(true, Ordering::Relaxed) {
            let writers = Arc::clone(self);
            tokio::spawn(async move {
                let slot = writers.gathering.current();
                let _ = timeout(OPENING, writers.open(&slot, GATHERING)).await;
                writers.is_gathering_wanted.store(false, Ordering::Relaxed);
            });
        }
        false
    }

    /// The writer reconnects by itself with its producer id and sequence number;
    /// an error from it is its end, so a new one gets the record, once.
    async fn write(
        &self,
        writer: &Renewable<TopicWriter>,
        pace: Pace,
        record: &str,
    ) -> YdbResult<()> {
        let slot = writer.current();
        match acknowledged(self.open(&slot, pace).await?, record).await {
            Ok(()) => Ok(()),
            Err(error) => {
                let slot = writer.instead_of(&slot);
                if is_unauthenticated(&error) {
                    return Err(error);
                }
                acknowledged(self.open(&slot, pace).await?, record).await
            }
        }
    }

    async fn open<'a>(
        &self,
        slot: &'a OnceCell<TopicWriter>,
        pace: Pace,
    ) -> YdbResult<&'a TopicWriter> {
        slot.get_or_try_init(|| {
            let options = TopicWriterOptions::builder()
                .topic_path(self.topic_path.as_str())
                .producer_id(uuid::Uuid::new_v4().to_string())
                .codec_selector(CodecSelection::Fixed(Codec::RAW))
                .write_request_messages_chunk_size(pace.records)
                .write_request_send_messages_period(pace.period)
                .build();
            let mut topics = self.client.topic_client();
            async move { topics.create_writer_with_params(options).await }
        })
        .await
    }
}

async fn acknowledged(writer: &TopicWriter, record: &str) -> YdbResult<()> {
    let message = TopicWriterMessage::new(record);
    writer.write_with_ack(message).await.map(|_status| ())
}

/// A record that is on its way, until this is dropped: also when its call is
/// late or panics.
struct OnItsWay<'a> {
    count: &'a AtomicUsize,
    /// How many were there before.
    others: usize,
}

impl<'a> OnItsWay<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        let others = count.fetch_add(1, Ordering::Relaxed);
        Self { count, others }
    }
}

impl Drop for OnItsWay<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_counts_until_its_call_is_over_however_that_ends() {
        let count = AtomicUsize::new(0);
        let first = OnItsWay::begin(&count);
        assert_eq!(first.others, 0);
        std::thread::scope(|scope| {
            let call = scope.spawn(|| {
                let second = OnItsWay::begin(&count);
                assert_eq!(second.others, 1);
                panic!("on purpose");
            });
            assert!(call.join().is_err());
        });
        assert_eq!(OnItsWay::begin(&count).others, 1);
        drop(first);
        assert_eq!(OnItsWay::begin(&count).others, 0);
    }
}
