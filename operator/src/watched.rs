//! What is kept of a chat between looks. A look reads the chat anew, and the
//! status and who manages which field are most of an object: 5,000 of them whole
//! take more memory than all else.

use kube::Resource;
use kube::api::ObjectMeta;
use serde::{Deserialize, Deserializer};
use wschat_crds::{SecretRef, WsChat};

/// A chat as the watch shows it: which it is, and what it refers to.
#[derive(Clone, Debug, Deserialize, Resource)]
#[resource(inherit = WsChat)]
pub(crate) struct WatchedChat {
    #[serde(deserialize_with = "identity")]
    pub(crate) metadata: ObjectMeta,
    #[serde(default)]
    pub(crate) spec: WatchedSpec,
}

/// What is kept of a spec.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WatchedSpec {
    pub(crate) credentials_secret_ref: Option<SecretRef>,
}

/// Names and numbers; neither annotations, of which one may repeat the whole
/// object, nor labels, nor who manages which field.
fn identity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ObjectMeta, D::Error> {
    ObjectMeta::deserialize(deserializer).map(|metadata| kept(&metadata))
}

fn kept(metadata: &ObjectMeta) -> ObjectMeta {
    ObjectMeta {
        name: metadata.name.clone(),
        namespace: metadata.namespace.clone(),
        uid: metadata.uid.clone(),
        generation: metadata.generation,
        resource_version: metadata.resource_version.clone(),
        ..ObjectMeta::default()
    }
}

impl From<&WsChat> for WatchedChat {
    fn from(chat: &WsChat) -> Self {
        Self {
            metadata: kept(&chat.metadata),
            spec: WatchedSpec {
                credentials_secret_ref: chat.spec.credentials_secret_ref.clone(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_tells_chats_apart_is_kept() {
        let seen: WatchedChat = serde_json::from_value(json!({
            "apiVersion": "wschat.dev/v1alpha1",
            "kind": "WsChat",
            "metadata": {
                "name": "lobby",
                "namespace": "team",
                "uid": "u",
                "generation": 3,
                "resourceVersion": "17",
                "annotations": { "kubectl.kubernetes.io/last-applied-configuration": "{}" },
                "labels": { "a": "b" },
                "managedFields": [{ "manager": "kubectl", "operation": "Apply" }],
            },
            "spec": { "credentialsSecretRef": { "name": "key" }, "topic": {} },
            "status": { "url": "wss://a" },
        }))
        .unwrap();
        let kept = ObjectMeta {
            name: Some("lobby".to_owned()),
            namespace: Some("team".to_owned()),
            uid: Some("u".to_owned()),
            generation: Some(3),
            resource_version: Some("17".to_owned()),
            ..ObjectMeta::default()
        };
        assert_eq!(seen.metadata, kept);
        let reference = seen.spec.credentials_secret_ref;
        assert_eq!(reference.map(|secret| secret.name), Some("key".to_owned()));
    }

    #[test]
    fn a_chat_that_cannot_be_read_is_seen() {
        let broken = json!({ "metadata": { "name": "a" }, "spec": { "topic": "none" } });
        let seen: WatchedChat = serde_json::from_value(broken).unwrap();
        assert_eq!(seen.metadata.name, Some("a".to_owned()));
    }
}
