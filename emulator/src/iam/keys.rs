//! Authorized keys: made here, or given by an authorized key file.

use jiff::Timestamp;
use rsa::PrivateKey;
use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Iam;
use super::accounts::account_not_found;
use crate::error::Status;
use crate::ids::prefix;
use crate::store::{Kept, Records, StateError, Store};

/// What can't be done to a key pair.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The RSA library failed.
    #[error("can't make an RSA key: {0}")]
    Generate(String),
}

/// The public part of an authorized key, as `iam/v1/key.proto` has it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AuthorizedKey {
    /// `ajk…`, the JWT's `kid`.
    pub id: String,
    /// Whose key.
    pub service_account_id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Free text.
    pub description: String,
    /// `RSA_2048` or `RSA_4096`.
    pub algorithm: String,
    /// SPKI in PEM.
    pub public_key: String,
}

/// A key pair in PEM.
#[derive(Debug, Clone)]
pub struct KeyPair {
    /// SPKI.
    pub public_key: String,
    /// PKCS#8, after the cloud's warning line.
    pub private_key: String,
}

/// Makes an RSA key pair; takes a noticeable part of a second.
///
/// # Errors
/// When the RSA library fails.
pub fn generate(bits: usize) -> Result<KeyPair, KeyError> {
    fn failed(error: &impl ToString) -> KeyError {
        KeyError::Generate(error.to_string())
    }
    let private = PrivateKey::new(&mut rand::rng(), bits).map_err(|error| failed(&error))?;
    let private_pem = private
        .to_pkcs8_pem(LineEnding::LF)
        .map_err(|error| failed(&error))?;
    let public_key = private
        .to_public_key()
        .to_public_key_pem(LineEnding::LF)
        .map_err(|error| failed(&error))?;
    Ok(KeyPair {
        public_key,
        private_key: private_pem.to_string(),
    })
}

/// All keys by id.
#[derive(Debug, Default)]
pub(super) struct Keys(Records<AuthorizedKey>);

impl Kept for AuthorizedKey {
    const KIND: &'static str = "key";
}

impl Keys {
    pub(super) fn load(store: &Store) -> Result<Self, StateError> {
        Records::load(store).map(Self)
    }

    pub(super) fn get(&self, id: &str) -> Option<&AuthorizedKey> {
        self.0.get(id)
    }

    pub(super) fn remove_of(&mut self, service_account_id: &str) {
        self.0
            .retain(|key| key.service_account_id != service_account_id);
    }
}

impl Iam {
    /// Registers a public key of an account.
    ///
    /// # Errors
    /// `NOT_FOUND` for an unknown account.
    pub fn add_key(
        &self,
        service_account_id: &str,
        description: &str,
        algorithm: &str,
        public_key: &str,
    ) -> Result<AuthorizedKey, Status> {
        let key = AuthorizedKey {
            id: self.0.ids.next(prefix::KEY),
            service_account_id: service_account_id.to_owned(),
            created_at: self.0.clock.now(),
            description: description.to_owned(),
            algorithm: algorithm.to_owned(),
            public_key: public_key.to_owned(),
        };
        let mut state = self.state();
        if !state.accounts.contains(service_account_id) {
            return Err(account_not_found(service_account_id));
        }
        state.keys.0.insert(key.id.clone(), key.clone());
        Ok(key)
    }

    /// One key.
    #[must_use]
    pub fn key(&self, id: &str) -> Option<AuthorizedKey> {
        self.state().keys.get(id).cloned()
    }

    /// Keys of an account, ordered by id.
    #[must_use]
    pub fn keys_of(&self, service_account_id: &str) -> Vec<AuthorizedKey> {
        let state = self.state();
        let own = state
            .keys
            .0
            .values()
            .filter(|key| key.service_account_id == service_account_id);
        own.cloned().collect()
    }

    /// Removes a key; tokens that it got live on.
    pub fn remove_key(&self, id: &str) {
        self.state().keys.0.remove(id);
    }

    /// Makes a key for an account and returns it as the authorized key file
    /// that the cloud's CLI writes (snake case).
    ///
    /// # Errors
    /// When no key pair can be made or the account is unknown.
    pub fn key_file(&self, service_account_id: &str) -> Result<Value, Status> {
        let pair = generate(2048).map_err(|error| Status::internal(error.to_string()))?;
        let key = self.add_key(service_account_id, "", "RSA_2048", &pair.public_key)?;
        Ok(json!({
            "id": key.id,
            "service_account_id": key.service_account_id,
            "created_at": key.created_at.to_string(),
            "key_algorithm": key.algorithm,
            "public_key": key.public_key,
            "private_key": with_warning(&key, &pair.private_key),
        }))
    }
}

/// The line that the cloud puts before the PEM of a private key.
#[must_use]
pub fn with_warning(key: &AuthorizedKey, private_pem: &str) -> String {
    format!(
        "PLEASE DO NOT REMOVE THIS LINE! Yandex.Cloud SA Key ID <{}>\n{private_pem}",
        key.id
    )
}
