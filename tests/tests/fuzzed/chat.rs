//! A Kubernetes with one chat, right behind `kube::Client`: merge patches of the
//! chat and of its status. Events are taken and forgotten; nothing else exists.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{Method, Request, Response, StatusCode};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use uuid::Uuid;
use wschat_crds::WsChat;
use wschat_operator::embedded::apply_merge_patch;

/// Clones are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct OneChat(Arc<Mutex<Option<Value>>>);

impl OneChat {
    pub(crate) fn client(&self) -> Client {
        let one = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let one = one.clone();
            async move { Ok::<_, Infallible>(one.answer(request).await) }
        });
        Client::new(service, "team")
    }

    /// Makes the chat `team/lobby`, as a user does.
    pub(crate) fn create(&self) {
        self.create_as("team", "lobby", &json!({}));
    }

    /// Makes a chat, as a user does.
    pub(crate) fn create_as(&self, namespace: &str, name: &str, spec: &Value) {
        *self.stored() = Some(json!({
            "apiVersion": "wschat.dev/v1alpha1",
            "kind": "WsChat",
            "metadata": {
                "namespace": namespace,
                "name": name,
                "uid": Uuid::new_v4().to_string(),
                "generation": 1,
            },
            "spec": spec,
        }));
    }

    /// Replaces the spec, as a user does.
    pub(crate) fn specify(&self, spec: Value) {
        self.change(|chat| {
            chat["spec"] = spec;
            raise_generation(chat);
        });
    }

    /// Deletes the chat, as a user does. One that nothing holds is gone.
    pub(crate) fn delete(&self) {
        self.change(|chat| {
            chat["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
            raise_generation(chat);
        });
        let_go(&mut self.stored());
    }

    /// Takes the status away, as a restore of a backup does.
    pub(crate) fn lose_status(&self) {
        self.change(|chat| chat["status"] = Value::Null);
    }

    /// The chat as it is stored.
    pub(crate) fn chat(&self) -> Option<WsChat> {
        serde_json::from_value(self.stored().clone()?).ok()
    }

    /// Where the chat is.
    fn path(&self) -> String {
        let stored = self.stored();
        let name = |field: &str| {
            stored
                .as_ref()
                .and_then(|chat| chat["metadata"][field].as_str())
        };
        let (namespace, name) = (name("namespace"), name("name"));
        let (namespace, name) = (namespace.unwrap_or_default(), name.unwrap_or_default());
        format!("/apis/wschat.dev/v1alpha1/namespaces/{namespace}/wschats/{name}")
    }

    fn change(&self, change: impl FnOnce(&mut Value)) {
        let mut stored = self.stored();
        if let Some(chat) = stored.as_mut() {
            change(chat);
        }
    }

    fn stored(&self) -> MutexGuard<'_, Option<Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let body = body.collect_bytes().await.unwrap_or_default();
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let answer = match parts.uri.path().strip_prefix(&*self.path()) {
            _ if parts.uri.path().starts_with("/apis/events.k8s.io/v1/") => Some(body),
            Some(part) if parts.method == Method::PATCH => self.patch(part, &body),
            Some("") => self.stored().clone(),
            _ => None,
        };
        let (code, answer) = answer.map_or_else(
            || (StatusCode::NOT_FOUND, not_found()),
            |answer| (StatusCode::OK, answer),
        );
        let mut response = Response::new(Body::from(answer.to_string().into_bytes()));
        *response.status_mut() = code;
        response
    }

    /// Patches the status, or everything but that; the chat goes with its last
    /// finalizer.
    fn patch(&self, part: &str, patch: &Value) -> Option<Value> {
        let mut stored = self.stored();
        let chat = stored.as_mut()?;
        let mut patched = chat.clone();
        apply_merge_patch(&mut patched, patch);
        if part == "/status" {
            chat["status"] = patched["status"].take();
        } else {
            patched["status"] = chat["status"].take();
            *chat = patched;
        }
        let answer = chat.clone();
        let_go(&mut stored);
        Some(answer)
    }
}

/// A deleted chat goes with its last finalizer.
fn let_go(stored: &mut Option<Value>) {
    let goes = stored.as_ref().is_some_and(|chat| {
        let metadata = &chat["metadata"];
        let finalizers = metadata["finalizers"].as_array();
        !metadata["deletionTimestamp"].is_null() && finalizers.is_none_or(Vec::is_empty)
    });
    if goes {
        *stored = None;
    }
}

fn raise_generation(chat: &mut Value) {
    let generation = &mut chat["metadata"]["generation"];
    *generation = json!(generation.as_i64().unwrap_or_default() + 1);
}

fn not_found() -> Value {
    json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "not found",
        "reason": "NotFound",
        "code": 404,
    })
}
