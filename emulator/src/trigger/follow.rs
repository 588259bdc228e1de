//! One running trigger: reads its topic, fills batches, sends them.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::batch::{Batch, Full};
use super::{Inner, Key};
use crate::cloud::plane::TriggerDefinition;
use crate::error::Status;
use crate::iam::{Permission, Resource, Subject};
use crate::inspect::faults::{Content, Phase};
use crate::inspect::{Call, Verdict};
use crate::traffic::{Seen, preview};
use crate::ydb::YdbFailure;

/// Records that are read at once.
const READ_AT_ONCE: usize = 256;
/// How long a trigger waits after a failure, such as a missing role or topic.
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
}

/// Runs until it is dropped. A failure is logged when it is another one than
/// the last.
pub(super) async fn run(inner: &Inner, definition: &TriggerDefinition) {
    let key = Key::of(definition);
    if inner.position(&key).is_none() {
        tokio::time::sleep(inner.start_delay).await;
    }
    let mut last = String::new();
    loop {
        let Err(failure) = follow(inner, definition, &key).await;
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

/// Reads and sends until something fails.
async fn follow(
    inner: &Inner,
    definition: &TriggerDefinition,
    key: &Key,
) -> Result<std::convert::Infallible, Failure> {
    let TriggerDefinition {
        database, stream, ..
    } = definition;
    let mut end = inner.topics.watch(database, stream)?;
    let mut position = start(inner.position(key), *end.borrow_and_update());
    inner.keep_position(key, position);
    let mut batch = Batch::new(definition.batch_size_bytes, definition.cutoff);
    loop {
        may_read(inner, definition)?;
        let records = inner
            .topics
            .read(database, stream, position, READ_AT_ONCE)
            .await?;
        let all_read = records.is_empty();
        for record in records {
            for full in batch.add(record.offset, &record.data, Instant::now()) {
                send(inner, definition, key, full).await;
            }
            position = record.offset + 1;
        }
        if batch.due().is_none() {
            inner.keep_position(key, position);
        }
        let due = batch.due().is_some_and(|due| due <= Instant::now());
        if due && let Some(full) = batch.take(position) {
            send(inner, definition, key, full).await;
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

/// Where reading starts: at the topic's end, or where this trigger was before.
/// A topic that is shorter than that is a new one of the same name, all of
/// which is new.
fn start(kept: Option<u64>, end: u64) -> u64 {
    match kept {
        None => end,
        Some(kept) if kept <= end => kept,
        Some(_) => 0,
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

/// At most once (documented): what can't be sent is lost, and the position
/// moves first.
async fn send(inner: &Inner, definition: &TriggerDefinition, key: &Key, full: Full) {
    inner.keep_position(key, full.next);
    let times = match verdict(inner, definition, &full).await {
        Verdict::Drop | Verdict::Cut => {
            let status = Status::internal("dropped by a fault rule");
            return saw(inner, definition, &full, Err(status));
        }
        Verdict::Status(status) => {
            let words = format!("HTTP status {status}, injected by a fault rule");
            return saw(inner, definition, &full, Err(Status::internal(words)));
        }
        Verdict::Duplicate => 2,
        _ => 1,
    };
    for _ in 0..times {
        let sent = inner.sockets.broadcast(
            &definition.gateway_id,
            &definition.path,
            &definition.broadcaster_service_account_id,
            full.payload.clone(),
        );
        saw(inner, definition, &full, sent);
    }
}

/// What rules for `DELIVER` say to a batch of `/<trigger id>`.
async fn verdict(inner: &Inner, definition: &TriggerDefinition, full: &Full) -> Verdict {
    if !inner.inspector.concerns("DELIVER") {
        return Verdict::Pass;
    }
    let path = format!("/{}", definition.trigger_id);
    let call = Call {
        method: "DELIVER",
        path: &path,
        subject: Some(&definition.broadcaster_service_account_id),
        headers: None,
        content: Content::Bytes(full.payload.as_bytes()),
    };
    inner.inspector.apply(Phase::Before, &call).await
}

fn saw(inner: &Inner, definition: &TriggerDefinition, full: &Full, sent: Result<usize, Status>) {
    let text = preview(&full.payload);
    let trigger_id = definition.trigger_id.clone();
    inner.traffic.saw(match sent {
        Ok(sockets) => Seen::Delivered {
            trigger_id,
            gateway_id: definition.gateway_id.clone(),
            below: full.next,
            sockets,
            text,
        },
        Err(status) => {
            tracing::warn!(trigger = trigger_id, error = %status, "a batch is lost");
            Seen::Lost {
                trigger_id,
                error: status.message,
                text,
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::start;

    #[test]
    fn a_trigger_starts_at_the_end_and_goes_on_where_it_was() {
        assert_eq!(start(None, 7), 7);
        assert_eq!(start(Some(3), 7), 3);
        assert_eq!(start(Some(7), 7), 7);
        assert_eq!(start(Some(9), 2), 0, "another topic of the same name");
    }
}
