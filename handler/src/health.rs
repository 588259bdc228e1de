//! The operator's question whether this version can serve.

use serde_json::{Value, json};

use crate::call::Call;
use crate::environment::BadEnvironment;
use crate::ports::{Broadcaster, ConnectionStore, Unavailable};

/// Checks the database with one query and opens the topic without writing.
pub(crate) async fn check(
    store: &dyn ConnectionStore,
    broadcaster: &dyn Broadcaster,
    call: &Call,
) -> Value {
    let (database, topic) =
        tokio::join!(store.check(call.deadline), broadcaster.check(call.deadline));
    answer("ok", &words(database), &words(topic))
}

/// The answer when there is nothing to check with.
pub(crate) fn without_environment(error: &BadEnvironment) -> Value {
    let not_checked = "not checked";
    answer(&error.to_string(), not_checked, not_checked)
}

fn answer(environment: &str, database: &str, topic: &str) -> Value {
    let ok = [environment, database, topic]
        .iter()
        .all(|words| *words == "ok");
    json!({
        "ok": ok,
        "version": env!("CARGO_PKG_VERSION"),
        "checks": { "environment": environment, "database": database, "topic": topic },
    })
}

fn words(result: Result<(), Unavailable>) -> String {
    result.map_or_else(|error| error.to_string(), |()| "ok".to_owned())
}
