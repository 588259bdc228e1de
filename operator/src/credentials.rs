//! With whose rights a chat's cloud side is made: the operator's own, or those
//! of a key that the chat brings in a Secret of its namespace.

mod error;
mod guests;
mod keeper;
mod watch;

use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;
use kube::{Api, ResourceExt};
use wschat_crds::{CREDENTIALS_FINALIZER, SecretRef, WsChat};
use yandex_cloud_rest::auth::AuthorizedKey;

pub(crate) use self::error::SecretError;
pub(crate) use self::guests::Guests;
pub(crate) use self::keeper::release_unused;
pub(crate) use self::watch::changes;

use crate::context::Context;
use crate::finalizers;

/// Whose rights they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signer {
    /// The operator's own: it guards which folders they are used in.
    Operator,
    /// The chat's: the cloud guards that.
    Chat,
}

/// What a chat is looked at with.
pub(crate) struct Entry {
    pub(crate) context: Arc<Context>,
    /// The Secret with the key, if it isn't the operator's own.
    secret: Option<Secret>,
}

impl Entry {
    /// With the operator's own rights.
    pub(crate) fn own(context: &Arc<Context>) -> Self {
        Self {
            context: Arc::clone(context),
            secret: None,
        }
    }

    /// The Secret's name.
    pub(crate) fn secret_name(&self) -> Option<String> {
        self.secret.as_ref().map(ResourceExt::name_any)
    }

    /// Keeps the Secret from going before the chat does.
    pub(crate) async fn hold_secret(&self) -> Result<(), SecretError> {
        let Some(secret) = &self.secret else {
            return Ok(());
        };
        let (name, namespace) = (secret.name_any(), secret.namespace().unwrap_or_default());
        let api = Api::namespaced(self.context.kube.clone(), &namespace);
        finalizers::put(&api, secret, &[CREDENTIALS_FINALIZER])
            .await
            .map_err(|error| SecretError::kube("hold", &name, error))
    }
}

/// Reads the chat's key, if it brings one.
///
/// # Errors
/// When there is none, or it is none.
pub(crate) async fn enter(context: &Arc<Context>, chat: &WsChat) -> Result<Entry, SecretError> {
    let Some(reference) = &chat.spec.credentials_secret_ref else {
        return Ok(Entry::own(context));
    };
    check(reference)?;
    let namespace = chat.namespace().unwrap_or_default();
    let api: Api<Secret> = Api::namespaced(context.kube.clone(), &namespace);
    let found = api.get_opt(&reference.name).await;
    let found = found.map_err(|error| SecretError::kube("read", &reference.name, error))?;
    let secret = found.ok_or_else(|| SecretError::Missing {
        namespace: namespace.clone(),
        secret: reference.name.clone(),
        key: reference.key.clone(),
    })?;
    let leaving = secret.metadata.deletion_timestamp.is_some();
    if leaving && !finalizers::has(&secret, CREDENTIALS_FINALIZER) {
        // It may be gone any moment, and can't be held any more.
        return Err(SecretError::Leaving(reference.name.clone()));
    }
    let text = content(&secret, reference)?;
    let uid = secret.uid().unwrap_or_default();
    let place = format!("{namespace}/{}/{}", reference.name, reference.key);
    let context = context.guests.enter(context, place, uid, text, |text| {
        AuthorizedKey::parse(text).map_err(|error| SecretError::Unreadable {
            secret: reference.name.clone(),
            key: reference.key.clone(),
            problem: error.to_string(),
        })
    })?;
    Ok(Entry {
        context,
        secret: Some(secret),
    })
}

/// Whether a Secret and an entry of it can be called so (pure). What can't be
/// would make a request that is none.
fn check(reference: &SecretRef) -> Result<(), SecretError> {
    let is_name = |text: &str| {
        let is_part = |one: char| matches!(one, 'a'..='z' | '0'..='9' | '-' | '.');
        text.chars().all(is_part)
            && !text.starts_with(['-', '.'])
            && !text.ends_with(['-', '.'])
            && !text.is_empty()
    };
    let is_key = |text: &str| {
        let is_part = |one: char| one.is_ascii_alphanumeric() || matches!(one, '-' | '.' | '_');
        text.chars().all(is_part) && !text.is_empty() && !matches!(text, "." | "..")
    };
    let refuse = |field, text: &str, allowed| SecretError::Unnameable {
        field,
        text: text.chars().take(80).collect(),
        allowed,
    };
    if !is_name(&reference.name) {
        let allowed = "lowercase letters, digits, and dots and dashes between them";
        return Err(refuse("name", &reference.name, allowed));
    }
    if !is_key(&reference.key) {
        let allowed = "letters, digits, dots, dashes and underscores";
        return Err(refuse("key", &reference.key, allowed));
    }
    Ok(())
}

/// The key's text (pure).
fn content<'a>(secret: &'a Secret, reference: &SecretRef) -> Result<&'a str, SecretError> {
    let bytes = secret
        .data
        .as_ref()
        .and_then(|data| data.get(&reference.key));
    let bytes = bytes.ok_or_else(|| SecretError::NoSuchKey {
        secret: reference.name.clone(),
        key: reference.key.clone(),
    })?;
    std::str::from_utf8(&bytes.0).map_err(|_| SecretError::Unreadable {
        secret: reference.name.clone(),
        key: reference.key.clone(),
        problem: "it is not text".to_owned(),
    })
}

#[cfg(test)]
mod tests;
