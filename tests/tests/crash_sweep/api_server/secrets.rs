//! What chats with keys of their own need besides: Secrets, and lists of these
//! and of chats in a namespace.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use wschat_operator::embedded::apply_merge_patch;

use super::{ApiServer, CHATS, CONFLICT, NOT_FOUND, NOT_SERVED, Refusal, Store};

const SECRETS: &str = "/api/v1/namespaces/";

impl ApiServer {
    /// Makes a Secret with one entry, in base64, as a user does.
    pub(crate) fn create_secret(&self, namespace: &str, name: &str, key: &str, base64: &str) {
        let secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": { "namespace": namespace, "name": name, "uid": format!("uid-{name}") },
            "data": { key: base64 },
        });
        let mut store = self.store();
        store.keep_secret((namespace.to_owned(), name.to_owned()), secret);
    }

    /// Deletes a Secret, as a user does: it stays for as long as it has
    /// finalizers.
    pub(crate) fn delete_secret(&self, namespace: &str, name: &str) {
        let key = (namespace.to_owned(), name.to_owned());
        let mut store = self.store();
        if let Some(mut secret) = store.secrets.remove(&key) {
            secret["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
            store.keep_secret(key, secret);
        }
    }

    /// The finalizers of a Secret; nothing when it is gone.
    pub(crate) fn secret_finalizers(&self, namespace: &str, name: &str) -> Option<Vec<Value>> {
        let key = (namespace.to_owned(), name.to_owned());
        let store = self.store();
        let finalizers = &store.secrets.get(&key)?["metadata"]["finalizers"];
        Some(finalizers.as_array().cloned().unwrap_or_default())
    }
}

impl Store {
    /// Answers what is about Secrets or about all chats of a namespace; nothing
    /// when it is about neither.
    pub(super) fn answer_besides(
        &mut self,
        method: &Method,
        path: &str,
        body: &Value,
    ) -> Option<Result<Value, Refusal>> {
        let (rest, of_chats) = match path.strip_prefix(CHATS) {
            Some(rest) => (rest, true),
            None => (path.strip_prefix(SECRETS)?, false),
        };
        match rest.split('/').collect::<Vec<_>>().as_slice() {
            [namespace, "wschats"] if of_chats => {
                Some(Ok(list("wschat.dev/v1alpha1", &self.chats, namespace)))
            }
            [namespace, "secrets"] if !of_chats => Some(Ok(list("v1", &self.secrets, namespace))),
            [namespace, "secrets", name] if !of_chats => {
                let key = ((*namespace).to_owned(), (*name).to_owned());
                Some(self.answer_secret(method, key, body))
            }
            _ => None,
        }
    }

    fn answer_secret(
        &mut self,
        method: &Method,
        key: (String, String),
        patch: &Value,
    ) -> Result<Value, Refusal> {
        let mut secret = self.secrets.get(&key).cloned().ok_or(NOT_FOUND)?;
        match *method {
            Method::GET => Ok(secret),
            Method::PATCH => {
                let asked = &patch["metadata"]["resourceVersion"];
                if !asked.is_null() && *asked != secret["metadata"]["resourceVersion"] {
                    return Err(CONFLICT);
                }
                let was_leaving = !secret["metadata"]["deletionTimestamp"].is_null();
                let had = secret["metadata"]["finalizers"].clone();
                apply_merge_patch(&mut secret, patch);
                let has = &secret["metadata"]["finalizers"];
                if was_leaving && has.as_array().map(Vec::len) > had.as_array().map(Vec::len) {
                    // Nothing that leaves is held by anybody more.
                    return Err((StatusCode::UNPROCESSABLE_ENTITY, "Invalid"));
                }
                Ok(self.keep_secret(key, secret))
            }
            _ => Err(NOT_SERVED),
        }
    }

    fn keep_secret(&mut self, key: (String, String), mut secret: Value) -> Value {
        self.stamp(&mut secret);
        let metadata = &secret["metadata"];
        let held = metadata["finalizers"]
            .as_array()
            .is_some_and(|all| !all.is_empty());
        if metadata["deletionTimestamp"].is_null() || held {
            self.secrets.insert(key, secret.clone());
        } else {
            self.secrets.remove(&key);
        }
        secret
    }
}

type Objects = std::collections::BTreeMap<(String, String), Value>;

/// Whoever wants the metadata only skips the rest.
fn list(api_version: &str, all: &Objects, namespace: &str) -> Value {
    let items = all.iter().filter(|((of, _), _)| of == namespace);
    let items: Vec<&Value> = items.map(|(_, object)| object).collect();
    json!({ "apiVersion": api_version, "kind": "List", "metadata": {}, "items": items })
}
