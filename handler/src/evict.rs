//! Closing the connections that a newer one replaces.
//!
//! Through the connection API and never through the topic: everybody reads
//! that.

use std::time::{Duration, SystemTime};

use futures::future::join_all;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::call::Call;
use crate::chat::now;
use crate::decisions;
use crate::log::Log;
use crate::ports::{ConnectionError, Connections, OldConnection};

/// How long between two looks for a socket that isn't open yet.
const PAUSE: Duration = Duration::from_millis(200);

/// How long a replaced connection's socket is looked for at most. Its own
/// handshake reads its row right before it answers; what is left to wait for
/// is the answer's way to the gateway.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Tells each old connection that it is replaced, then closes it.
pub(crate) async fn all(
    old: &[OldConnection],
    connections: &dyn Connections,
    call: &Call,
    log: Log,
) {
    join_all(old.iter().map(|old| one(old, connections, call, log))).await;
}

async fn one(old: &OldConnection, connections: &dyn Connections, call: &Call, log: Log) {
    let id = old.connection_id.as_str();
    let deadline = call.part(2);
    let give_up = deadline.min(Instant::now() + wait_for_handshake(old, call));
    let sent = loop {
        let message = decisions::replaced(&now());
        match connections.send(id, &message, deadline).await {
            // Perhaps its handshake is still under way.
            Err(ConnectionError::NotFound) if Instant::now() + PAUSE < give_up => {
                sleep(PAUSE).await;
            }
            sent => break sent,
        }
    };
    let closed = match sent {
        Err(ConnectionError::NotFound) => return,
        Ok(()) | Err(ConnectionError::Unavailable(_)) => connections.close(id, deadline).await,
    };
    for result in [sent, closed] {
        if let Err(ConnectionError::Unavailable(error)) = result {
            let fields = json!({ "error": error.to_string(), "requestId": call.request_id });
            log.warn("a replaced connection may stay open", fields);
        }
    }
}

/// How long a handshake that wrote this row may still go on: no longer than
/// the function may run.
fn wait_for_handshake(old: &OldConnection, call: &Call) -> Duration {
    let age = old
        .connected_at
        .and_then(|at| SystemTime::now().duration_since(at).ok())
        .unwrap_or_default();
    call.function_timeout.saturating_sub(age).min(LONGEST_WAIT)
}
