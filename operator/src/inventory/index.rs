//! What of a folder is needed between two resyncs, too: who has which roles on it,
//! and which databases it has, which no call looks up by name. Chats share one list
//! of each, which is made anew for a chat that needs a newer one: all who wait for
//! it take the same.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use yandex_cloud_rest::model::access::{AccessBinding, AccessSubject};
use yandex_cloud_rest::model::database::Database;

use super::believed_for;
use crate::cloud::CloudError;

/// What is indexed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content {
    /// The roles on a folder, by account.
    Roles,
    /// The ids of a folder's databases, by name.
    Databases,
}

/// A list that was made once, by what one looks for in it.
#[derive(Debug)]
pub(crate) struct Index {
    /// Before the list was asked for.
    taken: Instant,
    entries: Result<HashMap<String, Vec<String>>, CloudError>,
}

impl Index {
    /// The roles on a folder by the service account that has them; nobody asks for
    /// others'.
    pub(crate) fn of_roles(listed: Result<Vec<AccessBinding>, CloudError>, taken: Instant) -> Self {
        let kind = AccessSubject::service_account("").kind;
        let role = |binding: AccessBinding| {
            let of_account = binding.subject.kind == kind;
            of_account.then_some((binding.subject.id, binding.role_id))
        };
        let entries = listed.map(|all| collect(all.into_iter().filter_map(role)));
        Self { taken, entries }
    }

    /// The ids of a folder's databases by their name.
    pub(crate) fn of_databases(listed: Result<Vec<Database>, CloudError>, taken: Instant) -> Self {
        let id = |database: Database| (database.name, database.id);
        let entries = listed.map(|all| collect(all.into_iter().map(id)));
        Self { taken, entries }
    }

    /// What is listed under this.
    ///
    /// # Errors
    /// Why there is no list.
    pub(crate) fn of(&self, key: &str) -> Result<&[String], CloudError> {
        let entries = self.entries.as_ref().map_err(Clone::clone)?;
        Ok(entries.get(key).map_or(&[], Vec::as_slice))
    }

    /// Whether the list was answered.
    pub(super) fn is_whole(&self) -> bool {
        self.entries.is_ok()
    }

    /// Whether it is good enough for who needs one that was taken since then.
    pub(super) fn is_fresh(&self, since: Option<Instant>, resync: Duration, now: Instant) -> bool {
        now.saturating_duration_since(self.taken) < believed_for(resync, self.is_whole())
            && since.is_none_or(|since| self.taken >= since)
    }
}

fn collect(pairs: impl Iterator<Item = (String, String)>) -> HashMap<String, Vec<String>> {
    let mut entries: HashMap<String, Vec<String>> = HashMap::new();
    for (key, value) in pairs {
        entries.entry(key).or_default().push(value);
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::super::FAILED;
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
        let bindings = Index::of_roles(Ok(all), Instant::now());
        assert_eq!(bindings.of("a").unwrap(), ["x", "z"]);
        assert_eq!(bindings.of("b").unwrap(), ["y"]);
        assert!(bindings.of("c").unwrap().is_empty());
        let failed = Index::of_roles(Err(CloudError::of_a_test()), Instant::now());
        assert_eq!(failed.of("a"), Err(CloudError::of_a_test()));
    }

    #[test]
    fn databases_are_found_by_name() {
        let database = |id: &str, name: &str| Database {
            id: id.to_owned(),
            name: name.to_owned(),
            ..Database::default()
        };
        let all = vec![database("1", "a"), database("2", "b"), database("3", "a")];
        let databases = Index::of_databases(Ok(all), Instant::now());
        assert_eq!(databases.of("a").unwrap(), ["1", "3"]);
        assert!(databases.of("c").unwrap().is_empty());
    }

    #[test]
    fn they_are_good_for_who_needs_none_that_were_listed_later() {
        let taken = Instant::now();
        let whole = Index::of_roles(Ok(Vec::new()), taken);
        let second = Duration::from_secs(1);
        assert!(whole.is_fresh(None, RESYNC, taken + RESYNC / 2));
        assert!(!whole.is_fresh(None, RESYNC, taken + RESYNC));
        assert!(whole.is_fresh(Some(taken), RESYNC, taken + second));
        assert!(!whole.is_fresh(Some(taken + second), RESYNC, taken + second));
        let failed = Index::of_roles(Err(CloudError::of_a_test()), taken);
        assert!(failed.is_fresh(Some(taken), RESYNC, taken));
        assert!(!failed.is_fresh(Some(taken), RESYNC, taken + FAILED));
    }
}
