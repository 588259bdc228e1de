//! Access bindings: who has which role on what.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Iam, Resource};
use crate::store::{Kept, Records, StateError, Store};

/// A role of a subject.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Binding {
    /// `ydb.editor` and the like.
    pub role_id: String,
    /// A service account's id, `allUsers` or `allAuthenticatedUsers`.
    pub subject_id: String,
    /// `serviceAccount`, `system`, …
    pub subject_type: String,
}

impl Binding {
    /// A role of a service account.
    #[must_use]
    pub fn of_account(role_id: &str, account_id: &str) -> Self {
        Self {
            role_id: role_id.to_owned(),
            subject_id: account_id.to_owned(),
            subject_type: "serviceAccount".to_owned(),
        }
    }

    /// Whether a caller (`None`: without a token) gets this role.
    pub(super) fn covers(&self, caller: Option<&str>) -> bool {
        match (self.subject_type.as_str(), self.subject_id.as_str(), caller) {
            ("system", "allUsers", _) | ("system", "allAuthenticatedUsers", Some(_)) => true,
            ("serviceAccount", id, Some(caller)) => id == caller,
            _ => false,
        }
    }
}

/// What a delta does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeltaAction {
    /// Grants.
    Add,
    /// Revokes.
    Remove,
}

/// One change of an update call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delta {
    /// Grants or revokes.
    pub action: DeltaAction,
    /// What.
    pub binding: Binding,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Record {
    resource: Resource,
    binding: Binding,
    added_at: Timestamp,
    removed_at: Option<Timestamp>,
}

/// All bindings in the order they were made. Removed ones stay while they are
/// still in force.
#[derive(Debug, Default)]
pub(super) struct Bindings {
    records: Records<Record>,
    /// The ids of each resource's records.
    of: HashMap<Resource, BTreeSet<String>>,
}

impl Kept for Record {
    const KIND: &'static str = "access-binding";
}

impl Bindings {
    pub(super) fn load(store: &Store) -> Result<Self, StateError> {
        let records: Records<Record> = Records::load(store)?;
        let mut of: HashMap<Resource, BTreeSet<String>> = HashMap::new();
        for (id, record) in records.iter() {
            let ids = of.entry(record.resource.clone()).or_default();
            ids.insert(id.clone());
        }
        Ok(Self { records, of })
    }

    /// All that were ever made on the resource, in their order.
    fn on<'a>(
        &'a self,
        resource: &Resource,
    ) -> impl Iterator<Item = (&'a String, &'a Record)> + use<'a> {
        let ids = self.of.get(resource).into_iter().flatten();
        ids.filter_map(|id| Some((id, self.records.get(id)?)))
    }

    /// What counts for the resource: its own bindings and its folder's.
    pub(super) fn in_force(
        &self,
        resource: &Resource,
        now: Timestamp,
        delay: Duration,
    ) -> impl Iterator<Item = &Binding> {
        let folder = Resource::folder(&resource.folder_id);
        let folder = Some(folder).filter(|folder| folder != resource);
        let folders = folder.map(|folder| self.on(&folder));
        let noticed_until = now
            .checked_sub(SignedDuration::try_from(delay).unwrap_or_default())
            .unwrap_or(now);
        let records = folders.into_iter().flatten().chain(self.on(resource));
        records
            .map(|(_, record)| record)
            .filter(move |record| record.added_at <= noticed_until)
            .filter(move |record| {
                record
                    .removed_at
                    .is_none_or(|removed| removed > noticed_until)
            })
            .map(|record| &record.binding)
    }

    pub(super) fn forget(&mut self, resource: &Resource) {
        for id in self.of.remove(resource).into_iter().flatten() {
            self.records.remove(&id);
        }
    }

    fn current<'a>(
        &'a self,
        resource: &Resource,
    ) -> impl Iterator<Item = (&'a String, &'a Record)> + use<'a> {
        let all = self.on(resource);
        all.filter(|(_, record)| record.removed_at.is_none())
    }

    /// Applies one change; false when it changes nothing.
    fn apply(&mut self, resource: &Resource, delta: &Delta, now: Timestamp) -> bool {
        let present = self
            .current(resource)
            .find(|(_, record)| record.binding == delta.binding)
            .map(|(id, _)| id.clone());
        match (delta.action, present) {
            (DeltaAction::Add, Some(_)) | (DeltaAction::Remove, None) => false,
            (DeltaAction::Add, None) => {
                let id = self.records.push(Record {
                    resource: resource.clone(),
                    binding: delta.binding.clone(),
                    added_at: now,
                    removed_at: None,
                });
                self.of.entry(resource.clone()).or_default().insert(id);
                true
            }
            (DeltaAction::Remove, Some(id)) => {
                if let Some(mut record) = self.records.edit(&id) {
                    record.removed_at = Some(now);
                }
                true
            }
        }
    }

    fn drop_expired(&mut self, now: Timestamp, delay: Duration) {
        let delay = SignedDuration::try_from(delay).unwrap_or_default();
        let is_over = |record: &Record| {
            let removed = record.removed_at;
            removed.is_some_and(|removed| removed.duration_until(now) >= delay)
        };
        let over = self.records.iter().filter(|(_, record)| is_over(record));
        let over: Vec<String> = over.map(|(id, _)| id.clone()).collect();
        for id in over {
            let Some(record) = self.records.remove(&id) else {
                continue;
            };
            if let Some(ids) = self.of.get_mut(&record.resource) {
                ids.remove(&id);
            }
        }
    }
}

impl Iam {
    /// Bindings on the resource itself.
    #[must_use]
    pub fn bindings(&self, resource: &Resource) -> Vec<Binding> {
        self.state()
            .bindings
            .current(resource)
            .map(|(_, record)| record.binding.clone())
            .collect()
    }

    /// Every binding there is.
    #[must_use]
    pub fn all_bindings(&self) -> Vec<(Resource, Binding)> {
        let state = self.state();
        let current = state
            .bindings
            .records
            .values()
            .filter(|record| record.removed_at.is_none());
        current
            .map(|record| (record.resource.clone(), record.binding.clone()))
            .collect()
    }

    /// Applies deltas in order and returns those that changed something.
    /// Adding what is there or removing what isn't is no error (a guess).
    #[must_use]
    pub fn update_bindings(&self, resource: &Resource, deltas: Vec<Delta>) -> Vec<Delta> {
        let now = self.0.clock.now();
        let mut state = self.state();
        state
            .bindings
            .drop_expired(now, self.0.settings.propagation_delay);
        deltas
            .into_iter()
            .filter(|delta| state.bindings.apply(resource, delta, now))
            .collect()
    }

    /// Replaces all bindings of the resource; returns what that changed.
    #[must_use]
    pub fn set_bindings(&self, resource: &Resource, wanted: &[Binding]) -> Vec<Delta> {
        let had = self.bindings(resource);
        let gone = had.iter().filter(|binding| !wanted.contains(binding));
        let removals = gone.map(|binding| Delta {
            action: DeltaAction::Remove,
            binding: binding.clone(),
        });
        let additions = wanted.iter().map(|b| Delta {
            action: DeltaAction::Add,
            binding: b.clone(),
        });
        self.update_bindings(resource, removals.chain(additions).collect())
    }

    /// Gives a service account a role that is in force at once: for what is
    /// there from the start, and for tests.
    pub fn grant(&self, resource: &Resource, role_id: &str, account_id: &str) {
        let delay = SignedDuration::try_from(self.0.settings.propagation_delay).unwrap_or_default();
        let now = self.0.clock.now();
        let noticed = now.checked_sub(delay).unwrap_or(now);
        let binding = Binding::of_account(role_id, account_id);
        let delta = Delta {
            action: DeltaAction::Add,
            binding,
        };
        self.state().bindings.apply(resource, &delta, noticed);
    }

    /// Drops the bindings of a deleted resource.
    pub fn forget_bindings(&self, resource: &Resource) {
        self.state().bindings.forget(resource);
    }
}
