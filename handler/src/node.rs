//! The boundary to Node.js: one function for `index.js`.

use std::sync::{Arc, OnceLock};

use napi_derive::napi;
use serde_json::json;

use crate::environment::Environment;
use crate::instance::Instance;
use crate::log::Log;

/// The one thing that outlives a call: Node.js loads a module once for a
/// process and gives its functions nowhere else to keep anything.
static INSTANCE: OnceLock<Arc<Instance>> = OnceLock::new();

/// Answers one call. Texts on both sides: what crosses the boundary is copied
/// once, not field by field.
#[napi]
pub async fn handle(event: String, context: String) -> String {
    let instance = INSTANCE.get_or_init(start);
    Arc::clone(instance).call(&event, &context).await
}

fn start() -> Arc<Instance> {
    let get = |name: &str| std::env::var(name).ok();
    let log = Log::new(Environment::log_level(get));
    std::panic::set_hook(Box::new(move |panic| {
        let at = panic.location().map(ToString::to_string);
        // Where, not what: a panic's text may hold what a client wrote.
        log.error("panic", json!({ "at": at }));
    }));
    Arc::new(Instance::new(get))
}
