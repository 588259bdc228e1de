//! A Kubernetes API server in memory, for `WsChat`s alone: merge patches, the
//! status as a subresource, generations, resource versions and finalizers. It
//! stands right behind `kube::Client`; Events are taken and forgotten.

mod secrets;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{Method, Request, Response, StatusCode};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use uuid::Uuid;
use wschat_crds::WsChat;
use wschat_operator::embedded::apply_merge_patch;
use yc_emulator::inspect::faults::Phase;

use crate::gate::Gate;

/// Where chats are, after the host.
const CHATS: &str = "/apis/wschat.dev/v1alpha1/namespaces/";

/// Clones share what is stored.
#[derive(Clone, Debug)]
pub(crate) struct ApiServer {
    gate: Gate,
    store: Arc<Mutex<Store>>,
}

#[derive(Debug, Default)]
struct Store {
    /// By namespace and name.
    chats: BTreeMap<(String, String), Value>,
    secrets: BTreeMap<(String, String), Value>,
    version: u64,
    trouble: Option<Trouble>,
    /// Writes that came since there is trouble.
    writes: usize,
    /// What chats were said to be stalled by.
    stalls: Vec<String>,
}

/// What happens to every third write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It is refused with 409.
    Conflict,
    /// It is refused with 500.
    Failure,
    /// It isn't carried out, and nobody answers in time.
    Lost,
    /// It is carried out, and nobody answers in time.
    Unanswered,
}

/// Why a request is refused: code and reason, as Kubernetes names it.
type Refusal = (StatusCode, &'static str);

const NOT_FOUND: Refusal = (StatusCode::NOT_FOUND, "NotFound");
const CONFLICT: Refusal = (StatusCode::CONFLICT, "Conflict");
const FAILURE: Refusal = (StatusCode::INTERNAL_SERVER_ERROR, "InternalError");
const NOT_SERVED: Refusal = (StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed");

/// Which part of a chat a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Whole,
    Status,
}

impl ApiServer {
    pub(crate) fn new(gate: Gate) -> Self {
        Self {
            gate,
            store: Arc::default(),
        }
    }

    /// A client of an operator, whose writes pass the gate.
    pub(crate) fn client(&self) -> Client {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move { server.serve(request).await }
        });
        Client::new(service, "default")
    }

    /// Makes a chat, as a user does.
    pub(crate) fn create(&self, namespace: &str, name: &str, spec: &Value) {
        let mut chat = json!({
            "apiVersion": "wschat.dev/v1alpha1",
            "kind": "WsChat",
            "metadata": {
                "namespace": namespace,
                "name": name,
                "uid": Uuid::new_v4().to_string(),
                "generation": 1,
            },
            "spec": spec,
            "status": null,
        });
        let mut store = self.store();
        store.stamp(&mut chat);
        store
            .chats
            .insert((namespace.to_owned(), name.to_owned()), chat);
    }

    /// Stores a chat as it is, with its status.
    pub(crate) fn restore(&self, mut chat: Value) {
        let name = |field: &str| chat["metadata"][field].as_str().map(str::to_owned);
        let key = (
            name("namespace").unwrap_or_default(),
            name("name").unwrap_or_default(),
        );
        let mut store = self.store();
        store.stamp(&mut chat);
        store.chats.insert(key, chat);
    }

    /// All chats.
    pub(crate) fn chats(&self) -> Vec<WsChat> {
        let all = self.store().chats.values().cloned().collect::<Vec<_>>();
        let all = all.into_iter().map(serde_json::from_value);
        all.filter_map(Result::ok).collect()
    }

    /// Deletes a chat, as a user does: it stays for as long as it has
    /// finalizers.
    pub(crate) fn delete(&self, namespace: &str, name: &str) {
        self.change(namespace, name, |chat| {
            chat["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
            raise_generation(chat);
        });
    }

    /// Edits a chat's spec by a merge patch, as a user does.
    pub(crate) fn edit(&self, namespace: &str, name: &str, spec: &Value) {
        self.change(namespace, name, |chat| {
            apply_merge_patch(&mut chat["spec"], spec);
            raise_generation(chat);
        });
    }

    /// Replaces a chat's spec, as a user does.
    pub(crate) fn specify(&self, namespace: &str, name: &str, spec: Value) {
        self.change(namespace, name, |chat| {
            chat["spec"] = spec;
            raise_generation(chat);
        });
    }

    /// Takes the status away, as a restore of a backup does.
    pub(crate) fn lose_status(&self, namespace: &str, name: &str) {
        self.change(namespace, name, |chat| chat["status"] = Value::Null);
    }

    pub(crate) fn chat(&self, namespace: &str, name: &str) -> Option<WsChat> {
        let key = (namespace.to_owned(), name.to_owned());
        let chat = self.store().chats.get(&key).cloned()?;
        serde_json::from_value(chat).ok()
    }

    /// From now on, every third write to a chat fails like this.
    pub(crate) fn trouble(&self, trouble: Option<Trouble>) {
        let mut store = self.store();
        (store.trouble, store.writes) = (trouble, 0);
    }

    /// What chats were said to be stalled by so far.
    pub(crate) fn stalls(&self) -> Vec<String> {
        self.store().stalls.clone()
    }

    /// Begins to note anew by what chats are stalled.
    pub(crate) fn forget_stalls(&self) {
        self.store().stalls.clear();
    }

    /// Changes whatever is stored of a chat.
    pub(crate) fn change(&self, namespace: &str, name: &str, change: impl FnOnce(&mut Value)) {
        let key = (namespace.to_owned(), name.to_owned());
        let mut store = self.store();
        if let Some(mut chat) = store.chats.remove(&key) {
            change(&mut chat);
            store.keep(key, chat);
        }
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a request, unless its sender dies before it does.
    async fn serve(&self, request: Request<Body>) -> io::Result<Response<Body>> {
        let (parts, body) = request.into_parts();
        let call = format!("{} {}", parts.method, parts.uri.path());
        let writes = parts.method != Method::GET;
        if writes && !self.gate.lets_pass(Phase::Before, &call) {
            return std::future::pending().await;
        }
        let body = body.collect_bytes().await.unwrap_or_default();
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let (path, late) = (parts.uri.path(), || io::ErrorKind::TimedOut.into());
        let trouble = self.store().strikes(writes, path);
        let answer = match trouble {
            Some(Trouble::Lost) => return Err(late()),
            Some(Trouble::Conflict) => Err(CONFLICT),
            Some(Trouble::Failure) => Err(FAILURE),
            Some(Trouble::Unanswered) | None => self.store().answer(&parts.method, path, body),
        };
        if trouble == Some(Trouble::Unanswered) {
            return Err(late());
        }
        if writes && !self.gate.lets_pass(Phase::After, &call) {
            return std::future::pending().await;
        }
        let (code, answer) = match answer {
            Ok(answer) => (StatusCode::OK, answer),
            Err((code, reason)) => (code, failure(code, reason)),
        };
        let mut response = Response::new(Body::from(answer.to_string().into_bytes()));
        *response.status_mut() = code;
        Ok(response)
    }
}

impl Store {
    /// What happens to this call instead of being served.
    fn strikes(&mut self, writes: bool, path: &str) -> Option<Trouble> {
        let trouble = self.trouble.filter(|_| writes && path.starts_with(CHATS))?;
        self.writes += 1;
        Some(trouble).filter(|_| self.writes.is_multiple_of(3))
    }

    fn answer(&mut self, method: &Method, path: &str, body: Value) -> Result<Value, Refusal> {
        if path.starts_with("/apis/events.k8s.io/v1/") {
            return Ok(body);
        }
        if let Some(answer) = self.answer_besides(method, path, &body) {
            return answer;
        }
        let (key, part) = target(path).ok_or(NOT_FOUND)?;
        let stored = self.chats.get(&key).cloned().ok_or(NOT_FOUND)?;
        match *method {
            Method::GET => Ok(stored),
            Method::PATCH => self.patch(key, stored, part, &body),
            _ => Err(NOT_SERVED),
        }
    }

    fn patch(
        &mut self,
        key: (String, String),
        stored: Value,
        part: Part,
        patch: &Value,
    ) -> Result<Value, Refusal> {
        let asked = &patch["metadata"]["resourceVersion"];
        if !asked.is_null() && asked != &stored["metadata"]["resourceVersion"] {
            return Err(CONFLICT);
        }
        let mut chat = stored.clone();
        apply_merge_patch(&mut chat, patch);
        // A subresource changes its own part, and the object all others.
        match part {
            Part::Whole => chat["status"] = stored["status"].clone(),
            Part::Status => {
                let status = chat["status"].take();
                chat = stored.clone();
                chat["status"] = status;
            }
        }
        if chat["spec"] != stored["spec"] {
            raise_generation(&mut chat);
        }
        if chat == stored {
            return Ok(stored);
        }
        Ok(self.keep(key, chat))
    }

    /// Stores a chat that changed, or lets it go if nothing holds it any more.
    fn keep(&mut self, key: (String, String), mut chat: Value) -> Value {
        self.stamp(&mut chat);
        self.stalls.extend(stall(&chat));
        let metadata = &chat["metadata"];
        let held = metadata["finalizers"]
            .as_array()
            .is_some_and(|all| !all.is_empty());
        if metadata["deletionTimestamp"].is_null() || held {
            self.chats.insert(key, chat.clone());
        } else {
            self.chats.remove(&key);
        }
        chat
    }

    fn stamp(&mut self, chat: &mut Value) {
        self.version += 1;
        chat["metadata"]["resourceVersion"] = json!(self.version.to_string());
    }
}

/// Namespace, name and part that a path is about.
fn target(path: &str) -> Option<((String, String), Part)> {
    let rest: Vec<&str> = path.strip_prefix(CHATS)?.split('/').collect();
    let part = match rest.get(3..)? {
        [] => Part::Whole,
        ["status"] => Part::Status,
        _ => return None,
    };
    match rest.get(..3)? {
        [namespace, "wschats", name] => Some(((*namespace).into(), (*name).into(), part)),
        _ => None,
    }
    .map(|(namespace, name, part)| ((namespace, name), part))
}

/// What a chat is said to be stalled by.
fn stall(chat: &Value) -> Option<String> {
    let mut conditions = chat["status"]["conditions"].as_array()?.iter();
    let stalled = conditions.find(|one| one["type"] == "Stalled" && one["status"] == "True")?;
    Some(format!("{}: {}", stalled["reason"], stalled["message"]))
}

fn raise_generation(chat: &mut Value) {
    let generation = &mut chat["metadata"]["generation"];
    *generation = json!(generation.as_i64().unwrap_or_default() + 1);
}

fn failure(code: StatusCode, reason: &str) -> Value {
    json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": reason,
        "reason": reason,
        "code": code.as_u16(),
    })
}

#[cfg(test)]
mod tests;
