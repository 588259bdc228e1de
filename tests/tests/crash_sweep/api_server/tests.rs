use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use wschat_crds::WsChat;

use super::ApiServer;
use crate::gate::Gate;

fn server() -> (ApiServer, Api<WsChat>) {
    let server = ApiServer::new(Gate::new(String::new()));
    server.create("team", "lobby", &json!({}));
    let api = Api::namespaced(server.client(), "team");
    (server, api)
}

async fn patch(api: &Api<WsChat>, patch: &Value) -> Result<WsChat, kube::Error> {
    let patch = Patch::Merge(patch);
    api.patch("lobby", &PatchParams::default(), &patch).await
}

#[tokio::test]
async fn a_status_is_changed_by_its_own_path_only() {
    let (_server, api) = server();
    let changes = json!({ "status": { "url": "ws://a" }, "spec": { "path": "/b" } });
    let chat = patch(&api, &changes).await.unwrap();
    assert_eq!((chat.status, chat.spec.path.as_str()), (None, "/b"));
    assert_eq!(chat.metadata.generation, Some(2));
    let changes = json!({ "status": { "url": "ws://a" }, "spec": { "path": "/c" } });
    let parameters = PatchParams::default();
    let patch = Patch::Merge(&changes);
    let chat = api
        .patch_status("lobby", &parameters, &patch)
        .await
        .unwrap();
    assert_eq!(chat.status.unwrap().url.as_deref(), Some("ws://a"));
    assert_eq!(chat.spec.path, "/b");
    assert_eq!(chat.metadata.generation, Some(2));
}

#[tokio::test]
async fn a_patch_of_an_older_version_is_refused() {
    let (_server, api) = server();
    let seen = api.get("lobby").await.unwrap().metadata.resource_version;
    let changes = json!({ "metadata": { "resourceVersion": seen, "labels": { "a": "b" } } });
    patch(&api, &changes).await.unwrap();
    let refused = patch(&api, &changes).await.unwrap_err();
    assert!(matches!(refused, kube::Error::Api(status) if status.code == 409));
}

#[tokio::test]
async fn a_chat_goes_with_its_last_finalizer() {
    let (server, api) = server();
    let held = json!({ "metadata": { "finalizers": ["a", "b"] } });
    patch(&api, &held).await.unwrap();
    server.delete("team", "lobby");
    assert!(server.chat("team", "lobby").is_some());
    let held = json!({ "metadata": { "finalizers": ["b"] } });
    patch(&api, &held).await.unwrap();
    assert!(server.chat("team", "lobby").is_some());
    let free = json!({ "metadata": { "finalizers": [] } });
    patch(&api, &free).await.unwrap();
    assert!(server.chat("team", "lobby").is_none());
    assert!(api.get_opt("lobby").await.unwrap().is_none());
}

#[tokio::test]
async fn a_chat_that_nothing_holds_goes_at_once() {
    let (server, _api) = server();
    server.delete("team", "lobby");
    assert!(server.chat("team", "lobby").is_none());
}
