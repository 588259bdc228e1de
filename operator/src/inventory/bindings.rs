//! Who has which roles on a folder. Chats share one list of that, too, but it is
//! made anew in between for a chat that needs a newer one: all who wait for it
//! take the same.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use yandex_cloud_rest::model::access::{AccessBinding, AccessSubject};

use super::FAILED;
use crate::cloud::CloudError;

/// The roles on a folder, as they were listed once.
#[derive(Debug)]
pub(crate) struct Bindings {
    /// Before the list was asked for.
    pub(crate) taken: Instant,
    /// By the account's id.
    accounts: Result<HashMap<String, Vec<String>>, CloudError>,
}

impl Bindings {
    /// Roles of service accounts; nobody asks for others'.
    pub(crate) fn new(listed: Result<Vec<AccessBinding>, CloudError>, taken: Instant) -> Self {
        Self {
            taken,
            accounts: listed.map(by_account),
        }
    }

    /// The roles of a service account.
    ///
    /// # Errors
    /// Why they couldn't be listed.
    pub(crate) fn of(&self, account: &str) -> Result<&[String], CloudError> {
        let accounts = self.accounts.as_ref().map_err(Clone::clone)?;
        Ok(accounts.get(account).map_or(&[], Vec::as_slice))
    }

    /// Whether the list was answered.
    pub(super) fn is_whole(&self) -> bool {
        self.accounts.is_ok()
    }

    /// Whether it is good enough for who needs one that was taken since then.
    pub(super) fn is_fresh(&self, since: Option<Instant>, resync: Duration, now: Instant) -> bool {
        let limit = if self.is_whole() {
            resync
        } else {
            resync.min(FAILED)
        };
        now.saturating_duration_since(self.taken) < limit
            && since.is_none_or(|since| self.taken >= since)
    }
}

fn by_account(all: Vec<AccessBinding>) -> HashMap<String, Vec<String>> {
    let kind = AccessSubject::service_account("").kind;
    let mut accounts: HashMap<String, Vec<String>> = HashMap::new();
    for binding in all {
        if binding.subject.kind == kind {
            let roles = accounts.entry(binding.subject.id).or_default();
            roles.push(binding.role_id);
        }
    }
    accounts
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESYNC: Duration = Duration::from_mins(10);

    #[test]
    fn roles_are_those_of_the_account() {
        let binding = |role: &str, subject: AccessSubject| AccessBinding {
            role_id: role.to_owned(),
            subject,
        };
        let person = AccessSubject {
            id: "a".to_owned(),
            kind: "userAccount".to_owned(),
        };
        let all = vec![
            binding("x", AccessSubject::service_account("a")),
            binding("y", AccessSubject::service_account("b")),
            binding("z", AccessSubject::service_account("a")),
            binding("w", person),
        ];
        let bindings = Bindings::new(Ok(all), Instant::now());
        assert_eq!(bindings.of("a").unwrap(), ["x", "z"]);
        assert_eq!(bindings.of("b").unwrap(), ["y"]);
        assert!(bindings.of("c").unwrap().is_empty());
        let failed = Bindings::new(Err(CloudError::of_a_test()), Instant::now());
        assert_eq!(failed.of("a"), Err(CloudError::of_a_test()));
    }

    #[test]
    fn they_are_good_for_who_needs_none_that_were_listed_later() {
        let taken = Instant::now();
        let whole = Bindings::new(Ok(Vec::new()), taken);
        let second = Duration::from_secs(1);
        assert!(whole.is_fresh(None, RESYNC, taken + RESYNC / 2));
        assert!(!whole.is_fresh(None, RESYNC, taken + RESYNC));
        assert!(whole.is_fresh(Some(taken), RESYNC, taken + second));
        assert!(!whole.is_fresh(Some(taken + second), RESYNC, taken + second));
        let failed = Bindings::new(Err(CloudError::of_a_test()), taken);
        assert!(failed.is_fresh(Some(taken), RESYNC, taken));
        assert!(!failed.is_fresh(Some(taken), RESYNC, taken + FAILED));
    }
}
