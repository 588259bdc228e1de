//! Resource ids: 20 lower-case alphanumerics with the service's prefix
//! (reference §3.0). One seeded generator makes a run repeatable.

use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Prefixes seen in the cloud's samples.
pub mod prefix {
    /// Service account.
    pub const SERVICE_ACCOUNT: &str = "aje";
    /// Authorized key.
    pub const KEY: &str = "ajk";
    /// Workload identity federation, federated credential (a guess).
    pub const FEDERATION: &str = "ajf";
    /// Function, version.
    pub const FUNCTION: &str = "d4e";
    /// API gateway.
    pub const GATEWAY: &str = "d5d";
    /// Trigger.
    pub const TRIGGER: &str = "a1s";
    /// YDB database.
    pub const DATABASE: &str = "etn";
}

const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const LENGTH: usize = 20;

/// Makes ids and other random decisions; clones share one stream.
#[derive(Debug, Clone)]
pub struct Ids {
    random: Arc<Mutex<StdRng>>,
}

impl Ids {
    /// Repeatable with a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            random: Arc::new(Mutex::new(StdRng::seed_from_u64(seed))),
        }
    }

    /// A new id that starts with `prefix`.
    #[must_use]
    pub fn next(&self, prefix: &str) -> String {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        let tail = (prefix.len()..LENGTH)
            .map(|_| char::from(ALPHABET[random.random_range(0..ALPHABET.len())]));
        prefix.chars().chain(tail).collect()
    }

    /// A number in the range, both ends included.
    #[must_use]
    pub fn between(&self, low: u64, high: u64) -> u64 {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        random.random_range(low..=high.max(low))
    }
}
