//! What keeps a chat, and the Secret that it needs, until the cloud is clean.

use kube::ResourceExt;
use wschat_crds::{CREDENTIALS_FINALIZER, FINALIZER, WsChatStatus};

use super::{Look, LookError};
use crate::credentials::{Entry, SecretError, release_unused};
use crate::error::StepError;
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

    /// Takes a finalizer off the chat as it is now; not off another one, which has
    /// got its name since.
    async fn take_off(&self, finalizer: &str) -> Result<(), LookError> {
        let failed = failed("take the finalizer off");
        let chat = self.api.get_opt(&self.chat.name_any()).await;
        // As late as can be: a process that was stopped since must not write.
        if !self.context.leadership.holds() {
            return Err(StepError::NotLeading.into());
        }
        match chat {
            Ok(Some(chat)) if chat.uid() != self.chat.uid() => Ok(()),
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kube::Api;

    use super::*;
    use crate::lease::Leadership;
    use crate::testing::{World, world};

    /// Takes the finalizer off a chat with this UID; tells whether the chat that
    /// is there still has it.
    async fn is_kept(uid: &str, leads: bool) -> (bool, bool) {
        let World {
            kube, mut context, ..
        } = world().await;
        let api = Api::namespaced(context.kube.clone(), "team");
        finalizers::put(&api, &kube.chat(), &[FINALIZER])
            .await
            .unwrap();
        if !leads {
            context.leadership = Leadership::none();
        }
        let mut chat = kube.chat();
        chat.metadata.uid = Some(uid.to_owned());
        let look = Look {
            context: &Arc::new(context),
            api,
            chat,
        };
        let taken = look.take_off(FINALIZER).await;
        (taken.is_ok(), finalizers::has(&kube.chat(), FINALIZER))
    }

    #[tokio::test]
    async fn a_finalizer_is_taken_off_the_very_chat_and_by_the_leader_only() {
        assert_eq!(is_kept("uid", true).await, (true, false));
        let other = is_kept("of the one before", true).await;
        assert_eq!(other, (true, true), "the name only is the same");
        assert_eq!(is_kept("uid", false).await, (false, true));
    }
}
