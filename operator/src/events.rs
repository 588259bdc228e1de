//! Kubernetes Events: best effort, so nothing waits for them or fails without
//! them (a namespace that is being deleted takes no new ones).

use std::time::Duration;

use kube::Resource;
use kube::runtime::events::{Event, EventType, Recorder};
use wschat_crds::WsChat;

use crate::status::Notice;

/// The longest note that Kubernetes takes, in bytes.
const LONGEST_NOTE: usize = 1024;

/// How long an Event may hold a look at a chat.
const PATIENCE: Duration = Duration::from_secs(2);

/// Publishes the notices about a chat.
pub(crate) async fn publish(recorder: &Recorder, chat: &WsChat, notices: Vec<Notice>) {
    for notice in notices {
        let event = Event {
            type_: if notice.warning {
                EventType::Warning
            } else {
                EventType::Normal
            },
            reason: notice.reason,
            note: Some(shortened(&notice.note)),
            action: "Reconcile".to_owned(),
            secondary: None,
        };
        let published =
            tokio::time::timeout(PATIENCE, recorder.publish(&event, &chat.object_ref(&()))).await;
        match published {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, reason = event.reason, "no Event"),
            Err(_) => tracing::debug!(reason = event.reason, "no Event in time"),
        }
    }
}

/// The note, cut between characters where Kubernetes would refuse it.
fn shortened(note: &str) -> String {
    if note.len() <= LONGEST_NOTE {
        return note.to_owned();
    }
    let mut end = LONGEST_NOTE - '…'.len_utf8();
    while !note.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &note[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_note_is_cut_between_characters() {
        assert_eq!(shortened("short"), "short");
        let cut = shortened(&"я".repeat(600));
        assert!(cut.len() <= LONGEST_NOTE, "{}", cut.len());
        assert!(cut.ends_with("я…"));
    }
}
