//! Records in memory that save themselves.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{StateError, Store};

/// What can be kept.
pub(crate) trait Kept: Serialize + DeserializeOwned {
    /// What it is filed under; no other type has it.
    const KIND: &'static str;
}

/// All records of a type, by their ids. They are read like a map; each change
/// is saved when it is made.
#[derive(Debug)]
pub(crate) struct Records<T> {
    all: BTreeMap<String, T>,
    store: Store,
}

impl<T> Default for Records<T> {
    /// None, and none are kept.
    fn default() -> Self {
        Self {
            all: BTreeMap::new(),
            store: Store::default(),
        }
    }
}

impl<T> Deref for Records<T> {
    type Target = BTreeMap<String, T>;

    fn deref(&self) -> &Self::Target {
        &self.all
    }
}

impl<T: Kept> Records<T> {
    /// Those that are in the store.
    ///
    /// # Errors
    /// When they can't be read.
    pub(crate) fn load(store: &Store) -> Result<Self, StateError> {
        Ok(Self {
            all: store.load(T::KIND)?.into_iter().collect(),
            store: store.clone(),
        })
    }

    /// Adds or replaces a record.
    pub(crate) fn insert(&mut self, id: String, record: T) {
        self.store.save(T::KIND, &id, &record);
        self.all.insert(id, record);
    }

    /// Adds a record behind all others, with a number for its id, and answers that.
    pub(crate) fn push(&mut self, record: T) -> String {
        let last = self.all.last_key_value();
        let last: u64 = last.map_or(0, |(id, _)| id.parse().unwrap_or_default());
        let id = format!("{:020}", last + 1);
        self.insert(id.clone(), record);
        id
    }

    /// A record to change.
    pub(crate) fn edit(&mut self, id: &str) -> Option<Edit<'_, T>> {
        let record = self.all.get_mut(id)?;
        Some(Edit {
            id: id.to_owned(),
            record,
            store: &self.store,
        })
    }

    /// Changes all records for which `wanted` holds.
    pub(crate) fn edit_those(&mut self, wanted: impl Fn(&T) -> bool, change: impl Fn(&mut T)) {
        for (id, record) in self.all.iter_mut().filter(|(_, record)| wanted(record)) {
            change(record);
            self.store.save(T::KIND, id, record);
        }
    }

    /// Takes a record away.
    pub(crate) fn remove(&mut self, id: &str) -> Option<T> {
        let removed = self.all.remove(id)?;
        self.store.forget(T::KIND, id);
        Some(removed)
    }

    /// Takes all records away for which `stays` doesn't hold.
    pub(crate) fn retain(&mut self, stays: impl Fn(&T) -> bool) {
        let store = &self.store;
        self.all.retain(|id, record| {
            let stays = stays(record);
            if !stays {
                store.forget(T::KIND, id);
            }
            stays
        });
    }
}

/// A record that is being changed; it is saved when this is dropped.
#[derive(Debug)]
pub(crate) struct Edit<'a, T: Kept> {
    id: String,
    record: &'a mut T,
    store: &'a Store,
}

impl<T: Kept> Deref for Edit<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.record
    }
}

impl<T: Kept> DerefMut for Edit<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.record
    }
}

impl<T: Kept> Drop for Edit<'_, T> {
    fn drop(&mut self) {
        self.store.save(T::KIND, &self.id, self.record);
    }
}
