//! Known idempotency keys: which operation a key began.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::Status;
use crate::store::{Kept, Records, StateError, Store};

/// What makes two requests the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of a request's method, path, query and body.
    pub(crate) fn of(method: &str, path: &str, query: &str, body: &[u8]) -> Self {
        let mut digest = Sha256::new();
        for part in [method.as_bytes(), path.as_bytes(), query.as_bytes(), body] {
            digest.update(part.len().to_le_bytes());
            digest.update(part);
        }
        Self(digest.finalize().into())
    }
}

/// Keys by the account that sent them: a guess, the cloud documents neither
/// their scope nor how long it remembers them (here: for good).
#[derive(Debug, Default)]
pub(crate) struct Keys(Records<Known>);

/// What a key began.
#[derive(Debug, Serialize, Deserialize)]
struct Known {
    fingerprint: Fingerprint,
    operation: String,
}

impl Kept for Known {
    const KIND: &'static str = "idempotency-key";
}

fn id(subject: &str, key: &str) -> String {
    format!("{subject} {key}")
}

impl Keys {
    pub(super) fn load(store: &Store) -> Result<Self, StateError> {
        Records::load(store).map(Self)
    }

    /// The operation that the key began.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when the key came with another request (a guess).
    pub(crate) fn find(
        &self,
        subject: &str,
        key: &str,
        fingerprint: &Fingerprint,
    ) -> Result<Option<String>, Status> {
        match self.0.get(&id(subject, key)) {
            None => Ok(None),
            Some(known) if known.fingerprint == *fingerprint => Ok(Some(known.operation.clone())),
            Some(_) => Err(Status::invalid_argument(
                "Idempotency-Key was already used with another request",
            )),
        }
    }

    pub(crate) fn remember(
        &mut self,
        subject: &str,
        key: &str,
        fingerprint: Fingerprint,
        operation: &str,
    ) {
        let operation = operation.to_owned();
        let known = Known {
            fingerprint,
            operation,
        };
        self.0.insert(id(subject, key), known);
    }
}
