//! IAM tokens: where they come from ([`Credentials`]), and a cache that all
//! calls share.

mod cache;
mod key_file;
mod source;
mod workload_identity;

use std::path::PathBuf;
use std::sync::Arc;

pub use cache::TokenCache;
pub use key_file::{AuthorizedKey, KeyFileError};
pub use source::{Credentials, IamToken};
pub use workload_identity::{TOKEN_EXCHANGE_URL, WorkloadIdentity};

use crate::endpoint::EndpointError;
use crate::error::{ApiError, transport_cause};

/// There is no token to call with.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AuthError {
    /// The key file is no good.
    #[error(transparent)]
    KeyFile(#[from] Arc<KeyFileError>),
    /// IAM doesn't accept the key.
    #[error(
        "IAM refuses the authorized key {key}: {error}; check this machine's clock, or create a new key (`yc iam key create`) and use it instead"
    )]
    Refused {
        /// The key's id.
        key: String,
        /// IAM's answer.
        error: ApiError,
    },
    /// IAM failed for another reason.
    #[error("IAM gave no token: {error}")]
    Failed {
        /// IAM's answer.
        error: ApiError,
    },
    /// The metadata service has no account here.
    #[error(
        "the metadata service at {address} gives no token ({reason}); attach a service account to this machine, or use a key file"
    )]
    Metadata {
        /// Where.
        address: String,
        /// What it said.
        reason: String,
    },
    /// No answer.
    #[error("no token: {url} did not answer: {}", transport_cause(cause))]
    Transport {
        /// Where.
        url: String,
        /// What went wrong.
        cause: Arc<reqwest::Error>,
    },
    /// A token file can't be read.
    #[error("cannot read the IAM token in {}: {reason}; write a token to it (`yc iam create-token`)", path.display())]
    TokenFile {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The cloud doesn't take Kubernetes' token for this account.
    #[error(
        "no token of service account {service_account_id} for this pod: {reason}; link the pod's account to it with a federated credential (`yc iam workload-identity federated-credential create`), and give the token an audience of the federation"
    )]
    Exchange {
        /// Whose token was asked for.
        service_account_id: String,
        /// The cloud's words.
        reason: String,
    },
    /// Kubernetes' token isn't there.
    #[error(
        "cannot read this pod's token in {}: {reason}; mount a projected service account token there", path.display()
    )]
    SubjectToken {
        /// Where.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// It isn't known where IAM is.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
}

impl AuthError {
    /// IAM's answer, when it gave one.
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        match self {
            Self::Refused { error, .. } | Self::Failed { error } => Some(error),
            Self::KeyFile(_)
            | Self::Metadata { .. }
            | Self::Transport { .. }
            | Self::TokenFile { .. }
            | Self::Exchange { .. }
            | Self::SubjectToken { .. }
            | Self::Endpoint(_) => None,
        }
    }

    /// Whether the next try may go better by itself.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Transport { .. } | Self::Failed { .. } => true,
            Self::Endpoint(error) => error.is_transient(),
            Self::KeyFile(_)
            | Self::Refused { .. }
            | Self::Metadata { .. }
            | Self::TokenFile { .. }
            | Self::Exchange { .. }
            | Self::SubjectToken { .. } => false,
        }
    }
}
