//! What gateways take from outside: specifications, connections, and what
//! functions answer.

mod connections;
mod replies;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock, RwLock};

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{Gateway, Spec};

pub(crate) use connections::frames;
pub(crate) use replies::events;

/// A specification is understood or refused, and says the same when its JSON is
/// written in another way. Each of its paths leads to an operation.
pub(crate) fn specifications(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let parsed = Spec::parse(text);
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        assert_eq!(Spec::parse(&format!("{value:#}")), parsed, "indented");
    }
    let Ok(spec) = parsed else { return };
    for path in text.split(['"', ' ', '\n', ':']) {
        if spec.web_socket(path).is_some() {
            assert!(spec.find(path).is_some(), "{path} leads nowhere");
        }
    }
}

/// A gateway with a path for sockets, one for functions and one with an answer
/// of its own. No function is there.
fn gateway() -> Gateway {
    static SPEC: LazyLock<Arc<Spec>> = LazyLock::new(|| {
        let spec = Spec::parse(include_str!("gateway.json"));
        Arc::new(spec.expect("a specification"))
    });
    Gateway {
        id: "d5d".to_owned(),
        folder_id: "b1gemulator000000000".to_owned(),
        spec: RwLock::new(Arc::clone(&SPEC)),
        paused: AtomicBool::new(false),
        stop: CancellationToken::new(),
    }
}
