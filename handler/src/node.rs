//! The boundary to Node.js: one function for `index.js`, and the thread that
//! works for it.
//!
//! The runtime is this module's own, not the one that `napi` would start: that
//! one has as many threads as the machine has cores, and every answer that came
//! from YDB woke another of them. Here one thread polls the sockets and runs
//! every call, so that a call goes from thread to thread twice, from JavaScript
//! and back. An instance has a share of a core at best (a quarter with 256 MB),
//! and nothing that it does takes long. It starts with the first call: whoever
//! links this crate as an ordinary library has no such thread.

use std::sync::OnceLock;

use napi::Env;
use napi::bindgen_prelude::Object;
use napi_derive::napi;
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use crate::environment::Environment;
use crate::instance::Instance;
use crate::log::Log;

/// The one thing that outlives a call: Node.js loads a module once for a
/// process and gives its functions nowhere else to keep anything.
static HOST: OnceLock<Host> = OnceLock::new();

/// The instance and its thread. Nothing ends them but the process.
struct Host {
    runtime: Runtime,
    instance: Instance,
}

/// Answers one call: a promise of a text. Texts on both sides: what crosses the
/// boundary is copied once, not field by field.
#[napi(ts_return_type = "Promise<string>")]
pub fn handle(env: &Env, event: String, context: String) -> napi::Result<Object<'_>> {
    let host = host()?;
    let (deferred, promise) = env.create_deferred()?;
    host.runtime.spawn(async move {
        let reply = host.instance.call(&event, &context).await;
        deferred.resolve(move |_env| Ok(reply));
    });
    Ok(promise)
}

/// Node.js calls from one thread only, so nothing is made twice.
fn host() -> napi::Result<&'static Host> {
    if let Some(host) = HOST.get() {
        return Ok(host);
    }
    let host = start()?;
    Ok(HOST.get_or_init(|| host))
}

fn start() -> napi::Result<Host> {
    let get = |name: &str| std::env::var(name).ok();
    let log = Log::new(Environment::log_level(get));
    std::panic::set_hook(Box::new(move |panic| {
        let at = panic.location().map(ToString::to_string);
        // Where, not what: a panic's text may hold what a client wrote.
        log.error("panic", json!({ "at": at }));
    }));
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("calls")
        .enable_all()
        .build()
        .map_err(|error| napi::Error::from_reason(format!("cannot start a thread: {error}")))?;
    Ok(Host {
        runtime,
        instance: Instance::new(get),
    })
}
