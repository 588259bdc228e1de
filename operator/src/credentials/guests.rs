//! The keys that chats brought: a client of the cloud for each, with a token and
//! lists of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use yandex_cloud_rest::auth::AuthorizedKey;

use super::{SecretError, Signer};
use crate::context::Context;

/// How many are remembered at most; more are let in, and sign in anew.
const MOST: usize = 256;
/// How long one that nobody uses is remembered: longer than a resync takes.
const UNUSED: Duration = Duration::from_mins(30);

/// The keys in use, by namespace, Secret and key.
#[derive(Default)]
pub(crate) struct Guests(Mutex<HashMap<String, Guest>>);

struct Guest {
    uid: String,
    /// Of the key: writing our finalizer changes the Secret and not the key.
    digest: [u8; 32],
    context: Arc<Context>,
    used: Instant,
}

impl Guests {
    /// What to look with, for the key in `text`: the same as the last time if
    /// that was the same Secret (by its UID) and the same key.
    pub(super) fn enter(
        &self,
        base: &Arc<Context>,
        place: String,
        uid: String,
        text: &str,
        read: impl FnOnce(&str) -> Result<AuthorizedKey, SecretError>,
    ) -> Result<Arc<Context>, SecretError> {
        let digest: [u8; 32] = Sha256::digest(text).into();
        let now = Instant::now();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(guest) = all.get_mut(&place)
            && guest.uid == uid
            && guest.digest == digest
        {
            guest.used = now;
            return Ok(Arc::clone(&guest.context));
        }
        let key = read(text)?;
        let context = Arc::new(guest(base, &place, key));
        make_room(&mut all, now);
        let entered = Arc::clone(&context);
        all.insert(
            place,
            Guest {
                uid,
                digest,
                context,
                used: now,
            },
        );
        Ok(entered)
    }

    /// Forgets a Secret's keys.
    pub(super) fn forget(&self, namespace: &str, secret: &str) {
        let start = format!("{namespace}/{secret}/");
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|place, _| !place.starts_with(&start));
    }
}

/// Lets go who wasn't there for long, and one more if there is no room.
fn make_room(all: &mut HashMap<String, Guest>, now: Instant) {
    all.retain(|_, guest| now.saturating_duration_since(guest.used) < UNUSED);
    if all.len() < MOST {
        return;
    }
    let oldest = all.iter().min_by_key(|(_, guest)| guest.used);
    if let Some(place) = oldest.map(|(place, _)| place.clone()) {
        all.remove(&place);
    }
}

/// The operator, as it is with another key.
fn guest(base: &Context, place: &str, key: AuthorizedKey) -> Context {
    // The operator's own account has no more rights by another way.
    let own = base.settings.defaults.own_account.as_deref();
    let signer = if own == Some(key.service_account_id()) {
        Signer::Operator
    } else {
        Signer::Chat
    };
    let secret = place.split('/').nth(1).unwrap_or_default();
    let cloud = base.cloud.signed_in_with(key, secret);
    base.with_cloud(cloud, signer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::world;

    #[tokio::test]
    async fn no_more_are_remembered_than_may_be() {
        let base = Arc::new(world().await.context);
        let now = Instant::now();
        let mut all = HashMap::new();
        for number in 0..MOST {
            let guest = Guest {
                uid: String::new(),
                digest: [0; 32],
                context: Arc::clone(&base),
                used: now + Duration::from_secs(u64::try_from(number).unwrap()),
            };
            all.insert(number.to_string(), guest);
        }
        make_room(&mut all, now);
        assert_eq!(all.len(), MOST - 1);
        assert!(!all.contains_key("0"), "the one that waited longest");
        make_room(&mut all, now + UNUSED + Duration::from_secs(10));
        assert!(all.len() < MOST - 5 && all.contains_key("255"));
    }
}
