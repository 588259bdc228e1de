//! Secrets stay until the last chat that needs them is gone.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Secret;
use kube::api::{ListParams, PartialObjectMeta};
use kube::{Api, ResourceExt};
use wschat_crds::{CREDENTIALS_FINALIZER, WsChat};

use crate::context::Context;
use crate::finalizers;

/// Lets those of the namespace's Secrets go that no chat needs any more. `chat`
/// needs just `needs`, whatever the API server says of it.
///
/// # Errors
/// Also when a Secret is changed meanwhile.
pub(crate) async fn release_unused(
    context: &Context,
    chat: &WsChat,
    needs: Option<&str>,
) -> Result<(), kube::Error> {
    let namespace = chat.namespace().unwrap_or_default();
    let secrets: Api<Secret> = Api::namespaced(context.kube.clone(), &namespace);
    let names: Api<PartialObjectMeta<Secret>> = Api::namespaced(context.kube.clone(), &namespace);
    let held = names.list(&ListParams::default()).await?.items;
    let held = held
        .into_iter()
        .filter(|secret| finalizers::has(secret, CREDENTIALS_FINALIZER));
    let held: Vec<_> = held.collect();
    // After the Secrets, so that whoever holds one of them is seen.
    let chats: Api<WsChat> = Api::namespaced(context.kube.clone(), &namespace);
    let chats = chats.list(&ListParams::default()).await?.items;
    let needed = needed(&chats, &chat.uid().unwrap_or_default(), needs);
    for secret in held {
        let name = secret.name_any();
        if needed.contains(&name) {
            continue;
        }
        let released = Secret {
            metadata: secret.metadata,
            ..Secret::default()
        };
        finalizers::take(&secrets, &released, CREDENTIALS_FINALIZER).await?;
        context.guests.forget(&namespace, &name);
        tracing::info!(secret = name, namespace, "released");
    }
    Ok(())
}

/// The Secrets that chats hold, or have begun to (pure).
fn needed(chats: &[WsChat], uid: &str, needs: Option<&str>) -> BTreeSet<String> {
    let others = chats.iter().filter(|chat| {
        chat.uid().as_deref() != Some(uid) && finalizers::has(*chat, CREDENTIALS_FINALIZER)
    });
    let of_others = others.flat_map(|chat| {
        let wished = chat.spec.credentials_secret_ref.as_ref();
        let used = chat.status.as_ref();
        [
            wished.map(|reference| reference.name.clone()),
            used.and_then(|status| status.credentials_secret.clone()),
        ]
    });
    let own = needs.map(str::to_owned);
    of_others.chain([own]).flatten().collect()
}

#[cfg(test)]
mod tests {
    use wschat_crds::{SecretRef, WsChatSpec, WsChatStatus};

    use super::*;

    fn chat(uid: &str, wished: Option<&str>, used: Option<&str>, holds: bool) -> WsChat {
        let reference = wished.map(|name| SecretRef {
            name: name.to_owned(),
            key: "key.json".to_owned(),
        });
        let spec = WsChatSpec {
            credentials_secret_ref: reference,
            ..WsChatSpec::default()
        };
        let mut chat = WsChat::new(uid, spec);
        chat.metadata.uid = Some(uid.to_owned());
        chat.metadata.finalizers = holds.then(|| vec![CREDENTIALS_FINALIZER.to_owned()]);
        chat.status = Some(WsChatStatus {
            credentials_secret: used.map(str::to_owned),
            ..WsChatStatus::default()
        });
        chat
    }

    #[test]
    fn a_secret_is_needed_by_whoever_holds_it_and_by_nobody_else() {
        let chats = [
            chat("gone", Some("a"), Some("a"), true),
            chat("there", Some("b"), Some("b"), true),
            chat("moves", Some("c"), Some("d"), true),
            chat("refused", Some("e"), None, false),
        ];
        let all = |uid: &str, needs| needed(&chats, uid, needs).into_iter().collect::<Vec<_>>();
        assert_eq!(all("gone", None), ["b", "c", "d"]);
        assert_eq!(all("moves", Some("c")), ["a", "b", "c"]);
        assert_eq!(all("there", None), ["a", "c", "d"]);
    }
}
