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
            note: Some(in_one_line(&notice.note)),
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
