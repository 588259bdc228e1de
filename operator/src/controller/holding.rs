//! What keeps a chat, and the Secret that it needs, until the cloud is clean.

use kube::ResourceExt;
use wschat_crds::{CREDENTIALS_FINALIZER, FINALIZER, WsChatStatus};

use super::{Look, LookError};
use crate::credentials::{Entry, SecretError, release_unused};
use crate::finalizers;
use crate::validate::Identity;

impl Look<'_> {
    /// Puts the finalizers on, before the first call to the cloud: on the chat
    /// first, so that whoever deletes it lets the Secret go.
    pub(super) async fn hold(
        &self,
        entry: &Entry,
        prior: &WsChatStatus,
    ) -> Result<Result<(), SecretError>, LookError> {
        let secret = entry.secret_name();
        let mut wanted = vec![FINALIZER];
        wanted.extend(secret.as_ref().map(|_| CREDENTIALS_FINALIZER));
        finalizers::put(&self.api, &self.chat, &wanted)
            .await
            .map_err(failed("put the finalizer on"))?;
        if let Err(error) = entry.hold_secret().await {
            return Ok(Err(error));
        }
        // Without one, the finalizer is all that is left of it.
        let has_other = finalizers::has(&self.chat, CREDENTIALS_FINALIZER)
            && (secret.is_none() || prior.credentials_secret != secret);
        if has_other {
            release_unused(self.context, &self.chat, secret.as_deref())
                .await
                .map_err(failed("let the former Secret go"))?;
            if secret.is_none() {
                self.take_off(CREDENTIALS_FINALIZER).await?;
            }
        }
        Ok(Ok(()))
    }

    /// Everything is gone: so may the chat, and then its Secret.
    pub(super) async fn release(&self, identity: &Identity) -> Result<(), LookError> {
        self.take_off(FINALIZER).await?;
        let Identity {
            namespace, name, ..
        } = identity;
        tracing::info!(chat = name, namespace, "removed");
        self.let_secrets_go().await
    }

    /// Lets the Secret of a chat go that doesn't need it any more.
    pub(super) async fn let_secrets_go(&self) -> Result<(), LookError> {
        if !finalizers::has(&self.chat, CREDENTIALS_FINALIZER) {
            return Ok(());
        }
        release_unused(self.context, &self.chat, None)
            .await
            .map_err(failed("let the Secret go"))?;
        self.take_off(CREDENTIALS_FINALIZER).await
    }

    /// Takes a finalizer off the chat as it is now.
    async fn take_off(&self, finalizer: &str) -> Result<(), LookError> {
        let failed = failed("take the finalizer off");
        let chat = self.api.get_opt(&self.chat.name_any()).await;
        match chat {
            Ok(Some(chat)) => finalizers::take(&self.api, &chat, finalizer)
                .await
                .map_err(failed),
            Ok(None) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }
}

fn failed(action: &'static str) -> impl Fn(kube::Error) -> LookError {
    move |source| LookError::Kube {
        action,
        source: Box::new(source),
    }
}
