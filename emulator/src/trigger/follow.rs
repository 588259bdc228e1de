//! One running trigger: reads its topic, fills batches, sends them.

use std::convert::Infallible;
use std::time::Duration;

use futures::future::try_join_all;
use tokio::sync::watch;
use tokio::time::Instant;

use super::batch::Batch;
use super::deliver::deliver;
use super::seams::Source;
use super::{Inner, Key, Place};
use crate::cloud::plane::TriggerDefinition;
use crate::error::Status;
use crate::iam::{Permission, Resource, Subject};
use crate::traffic::Seen;
use crate::ydb::YdbFailure;

/// Records that are read at once.
const READ_AT_ONCE: usize = 256;
/// How long a trigger waits after a failure, such as a missing role or topic,
/// and how often it looks for new partitions.
const RETRY: Duration = Duration::from_millis(500);

/// Why nothing is read.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{}", .0.message)]
    Role(Status),
    #[error(transparent)]
    Topic(#[from] YdbFailure),
    #[error("the topic is gone")]
    Gone(#[from] watch::error::RecvError),
    #[error("the topic has more partitions than before")]
    Grown,
}

/// Runs until it is dropped. A failure is logged when it is another one than
/// the last.
pub(super) async fn run(inner: &Inner, definition: &TriggerDefinition) {
    let key = Key::of(definition);
    if !inner.has_started(&key) {
        inner.inspector.iam().clock().sleep(inner.start_delay).await;
    }
    let mut last = String::new();
    loop {
        let Err(failure) = follow(inner, definition, &key).await;
        match failure {
            Failure::Grown => continue,
            // It comes later than the trigger: all of it is new.
            Failure::Topic(_) => inner.has_begun(&key),
            Failure::Role(_) | Failure::Gone(_) => {}
        }
        let failure = failure.to_string();
        if failure != last {
            tracing::warn!(
                trigger = definition.trigger_id,
                failure,
                "nothing is delivered"
            );
            inner.traffic.saw(Seen::Stuck {
                trigger_id: definition.trigger_id.clone(),
                error: failure.clone(),
            });
            last = failure;
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// Reads and sends all partitions side by side until one fails. Each has
/// batches of its own, so that its records keep their order (a guess: the
/// documents don't speak of partitions).
async fn follow(
    inner: &Inner,
    definition: &TriggerDefinition,
    key: &Key,
) -> Result<Infallible, Failure> {
    let TriggerDefinition {
        database, stream, ..
    } = definition;
    let partitions = inner.topics.partitions(database, stream)?;
    let mut followed = Vec::new();
    for partition in 0..partitions {
        let source = Source {
            database: database.clone(),
            topic: stream.clone(),
            partition,
        };
        let place = Place {
            key: key.clone(),
            partition,
        };
        let end = inner.topics.watch(&source)?;
        let begin = start(inner.before(&place)?, *end.borrow());
        inner.keep_position(&place, begin)?;
        followed.push(follow_partition(inner, definition, place, source, end));
    }
    inner.has_begun(key);
    // Neither ends well; a topic always has a partition.
    let followed = try_join_all(followed);
    let grown = growth(inner, definition, partitions);
    match futures::future::try_join(followed, grown).await {
        Ok((_, never)) => Ok(never),
        Err(failure) => Err(failure),
    }
}

/// Ends when there are more partitions than that.
async fn growth(
    inner: &Inner,
    definition: &TriggerDefinition,
    partitions: usize,
) -> Result<Infallible, Failure> {
    loop {
        tokio::time::sleep(RETRY).await;
        let TriggerDefinition {
            database, stream, ..
        } = definition;
        if inner.topics.partitions(database, stream)? != partitions {
            return Err(Failure::Grown);
        }
    }
}

async fn follow_partition(
    inner: &Inner,
    definition: &TriggerDefinition,
    place: Place,
    source: Source,
    mut end: watch::Receiver<u64>,
) -> Result<Infallible, Failure> {
    let mut position = inner.position(&place)?.unwrap_or_default();
    end.borrow_and_update();
    let mut batch = Batch::new(definition.batch_size_bytes, definition.cutoff);
    loop {
        may_read(inner, definition)?;
        let records = inner.topics.read(&source, position, READ_AT_ONCE).await?;
        let all_read = records.is_empty();
        for record in records {
            for full in batch.add(record.offset, &record.data, Instant::now()) {
                deliver(inner, definition, &place, full).await?;
            }
            position = record.offset + 1;
        }
        if batch.due().is_none() {
            inner.keep_position(&place, position)?;
        }
        let due = batch.due().is_some_and(|due| due <= Instant::now());
        if due && let Some(full) = batch.take(position) {
            deliver(inner, definition, &place, full).await?;
        }
        if all_read {
            tokio::select! {
                // Returns at once when there is something newer than was seen.
                changed = end.changed() => changed?,
                () = until(batch.due()) => {}
            }
        }
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// Where a partition was read to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// The trigger is new.
    Nothing,
    /// The partition is newer than the trigger.
    Newer,
    /// All before this offset was sent.
    Until(u64),
}

/// Where reading starts: at the end, or where this trigger was before. A
/// partition that is shorter than that is one of a new topic of the same name,
/// all of which is new.
fn start(before: Before, end: u64) -> u64 {
    match before {
        Before::Nothing => end,
        Before::Until(kept) if kept <= end => kept,
        Before::Newer | Before::Until(_) => 0,
    }
}

/// The reading account needs `yds.admin` on the database or its folder, which
/// is the trigger's own here.
fn may_read(inner: &Inner, definition: &TriggerDefinition) -> Result<(), Failure> {
    let subject = Subject {
        id: definition.service_account_id.clone(),
    };
    let database_id = definition.database.rsplit('/').next().unwrap_or_default();
    let database = Resource::database(&definition.folder_id, database_id);
    inner
        .inspector
        .iam()
        .authorize(&subject, Permission::TopicRead, &database)
        .map_err(Failure::Role)
}

#[cfg(test)]
mod tests {
    use super::{Before, start};

    #[test]
    fn a_trigger_starts_at_the_end_and_goes_on_where_it_was() {
        assert_eq!(start(Before::Nothing, 7), 7);
        assert_eq!(start(Before::Newer, 7), 0, "a partition that was added");
        assert_eq!(start(Before::Until(3), 7), 3);
        assert_eq!(start(Before::Until(7), 7), 7);
        assert_eq!(
            start(Before::Until(9), 2),
            0,
            "another topic of the same name"
        );
    }
}
