//! A Secret that is edited is used at once.

use std::sync::Arc;

use futures::{Stream, StreamExt};
use k8s_openapi::api::core::v1::Secret;
use kube::api::PartialObjectMeta;
use kube::runtime::reflector::Store;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, ResourceExt};

use crate::context::Context;
use crate::watched::WatchedChat;

/// Tells whenever chats have become due, since a Secret that they refer to was
/// made, changed or removed. Only names and versions of Secrets are watched.
pub(crate) fn changes(
    context: Arc<Context>,
    secrets: Api<PartialObjectMeta<Secret>>,
    chats: Store<WatchedChat>,
) -> impl Stream<Item = ()> + Send {
    let seen = watcher(secrets, watcher::Config::default())
        .default_backoff()
        .touched_objects();
    seen.filter_map(move |secret| {
        let due = match secret {
            Ok(secret) => {
                let (namespace, name) = (secret.namespace(), secret.name_any());
                let mut due = referring(&chats, namespace.as_deref(), &name).peekable();
                let any = due.peek().is_some();
                for uid in due {
                    context.schedule.outdate(&uid, context.clock.now());
                }
                any
            }
            Err(error) => {
                // Without the right to, a chat learns of a new key when it is
                // looked at next.
                tracing::debug!(%error, "the watch of Secrets is interrupted");
                false
            }
        };
        std::future::ready(due.then_some(()))
    })
}

/// The UIDs of the chats that refer to a Secret.
fn referring(
    chats: &Store<WatchedChat>,
    namespace: Option<&str>,
    secret: &str,
) -> impl Iterator<Item = String> {
    let all = chats.state().into_iter().filter(move |chat| {
        let reference = chat.spec.credentials_secret_ref.as_ref();
        chat.metadata.namespace.as_deref() == namespace
            && reference.is_some_and(|reference| reference.name == secret)
    });
    all.filter_map(|chat| chat.uid())
}
