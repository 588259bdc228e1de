//! Why there is no key to enter the cloud with.

use wschat_crds::Reason;

use crate::error::{Class, root_cause};
use crate::report::Report;

/// Why a chat's own key can't be used. No word of a Secret's content is told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SecretError {
    /// Nothing can be called so.
    #[error(
        "spec.credentialsSecretRef.{field} is {text:?}, and no Secret has such a one: it may have \
         {allowed}; correct it"
    )]
    Unnameable {
        field: &'static str,
        text: String,
        allowed: &'static str,
    },
    /// There is no such Secret.
    #[error(
        "there is no Secret {secret} in the chat's namespace; make it with an authorized key of \
         the account to use (kubectl create secret generic {secret} -n {namespace} \
         --from-file={key}): the operator goes on by itself"
    )]
    Missing {
        namespace: String,
        secret: String,
        key: String,
    },
    /// It is being deleted, and was so before the operator could hold it.
    #[error(
        "the Secret {0} is being deleted; wait until it is gone, and make it anew: the operator goes on by itself"
    )]
    Leaving(String),
    /// It has no such key.
    #[error(
        "the Secret {secret} has no key {key}; put an authorized key there, or correct \
         spec.credentialsSecretRef.key: the operator goes on by itself"
    )]
    NoSuchKey { secret: String, key: String },
    /// What is there is no authorized key.
    #[error(
        "{key} of the Secret {secret} can't be used: {problem}; put a key there, and the operator \
         goes on by itself"
    )]
    Unreadable {
        secret: String,
        key: String,
        problem: String,
    },
    /// The API server doesn't let the operator.
    #[error(
        "the operator may not {action} the Secret {secret}: {problem}; set \
         chatCredentials.enabled=true in its chart's values, or take \
         spec.credentialsSecretRef out; the operator tries again by itself"
    )]
    Forbidden {
        action: &'static str,
        secret: String,
        problem: String,
    },
    /// The API server doesn't answer, or somebody else was faster.
    #[error("cannot {action} the Secret {secret}: {problem}; the operator tries again by itself")]
    Kube {
        action: &'static str,
        secret: String,
        problem: String,
    },
}

impl SecretError {
    /// What a call of the API server came to.
    pub(crate) fn kube(action: &'static str, secret: &str, error: kube::Error) -> Self {
        let secret = secret.to_owned();
        match error {
            kube::Error::Api(status) if status.code == 403 => Self::Forbidden {
                action,
                secret,
                problem: status.message.clone(),
            },
            other => Self::Kube {
                action,
                secret,
                problem: root_cause(&other),
            },
        }
    }

    fn class(&self) -> Class {
        match self {
            Self::Kube { .. } => Class::Transient,
            Self::Unnameable { .. } => Class::Terminal,
            _ => Class::Waiting,
        }
    }

    fn reason(&self) -> Reason {
        match self {
            Self::Missing { .. } | Self::Leaving(_) | Self::NoSuchKey { .. } => {
                Reason::CredentialsMissing
            }
            Self::Unnameable { .. } => Reason::Invalid,
            Self::Unreadable { .. } => Reason::CredentialsUnreadable,
            Self::Forbidden { .. } => Reason::CredentialsForbidden,
            Self::Kube { .. } => Reason::Provisioning,
        }
    }
}

impl From<&SecretError> for Report {
    fn from(error: &SecretError) -> Self {
        Self::Failed {
            class: error.class(),
            reason: error.reason(),
            message: error.to_string(),
        }
    }
}
