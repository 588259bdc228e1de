//! Kubernetes Events: best effort, so nothing waits for them or fails without
//! them (a namespace that is being deleted takes no new ones).

use std::time::Duration;

use kube::Resource;
use kube::runtime::events::{Event, EventType, Recorder};
use wschat_crds::WsChat;

use crate::status::Notice;
use crate::words::in_one_line;

/// How long an Event may hold a look at a chat.
const PATIENCE: Duration = Duration::from_secs(2);

/// The most characters of an Event's action that Kubernetes takes.
const LONGEST_ACTION: usize = 128;

/// Kubernetes takes an Event for a repetition of an earlier one, whatever its
/// note says, if reason and action are the same. So the action is what the note
/// says, as far as there is room (pure).
fn action(note: &str) -> String {
    note.chars().take(LONGEST_ACTION).collect()
}

/// Publishes the notices about a chat.
pub(crate) async fn publish(recorder: &Recorder, chat: &WsChat, notices: Vec<Notice>) {
    for notice in notices {
        let note = in_one_line(&notice.note);
        let event = Event {
            type_: if notice.warning {
                EventType::Warning
            } else {
                EventType::Normal
            },
            reason: notice.reason,
            action: action(&note),
            note: Some(note),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_another_event() {
        assert_ne!(action("made the trigger"), action("made the gateway"));
        assert_eq!(action(&"я".repeat(1000)).chars().count(), LONGEST_ACTION);
    }
}
