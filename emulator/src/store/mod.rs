//! What outlives the process: records by kind and id, in one file of SQLite.
//!
//! Whoever changes a record changes it through [`Records`], which save it there
//! and then, so that nobody can forget to. What belongs together is changed
//! within one [`Unit`]: all of it is in the file afterwards, or nothing. A reply
//! is given when its unit has ended.
//!
//! What was committed survives the process, however it ends: the operating
//! system has it. Nothing is forced to the disk, so it may not survive the
//! machine.

mod copies;
mod error;
mod folder;
mod records;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::OwnedMutexGuard;

pub use copies::{Renaming, add_copies, renamed};
pub use error::StateError;
pub use folder::StateFolder;
pub(crate) use records::{Edit, Kept, Records};

/// The kind of what there is only one of.
const SETTING: &str = "setting";

/// Where records are kept; clones share it. The default keeps nothing.
#[derive(Debug, Clone, Default)]
pub struct Store {
    file: Option<Arc<Mutex<Connection>>>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// Changes that are saved together, when this is dropped. There is one at a time.
#[derive(Debug)]
#[must_use = "the unit ends when this is dropped"]
pub(crate) struct Unit {
    store: Store,
    _turn: OwnedMutexGuard<()>,
}

impl Drop for Unit {
    fn drop(&mut self) {
        self.store.execute("COMMIT");
    }
}

impl Store {
    fn of(connection: Connection) -> Self {
        Self {
            file: Some(Arc::new(Mutex::new(connection))),
            turn: Arc::default(),
        }
    }

    /// Whether anything is kept.
    pub(crate) fn keeps(&self) -> bool {
        self.file.is_some()
    }

    /// Waits for its turn. Others may change records meanwhile, but what they
    /// change is saved with this unit, so they shouldn't.
    pub(crate) async fn unit(&self) -> Unit {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        self.execute("BEGIN");
        Unit {
            store: self.clone(),
            _turn: turn,
        }
    }

    /// Held while records are shown: nothing is shown that isn't saved yet.
    /// None when nothing is kept, since then it doesn't matter.
    pub(crate) async fn saved(&self) -> Option<OwnedMutexGuard<()>> {
        self.file.as_ref()?;
        Some(Arc::clone(&self.turn).lock_owned().await)
    }

    /// Keeps the one thing of this name.
    pub(crate) fn keep<T: Serialize>(&self, name: &str, value: &T) {
        self.save(SETTING, name, value);
    }

    /// The one thing of this name, if it was kept.
    ///
    /// # Errors
    /// When it can't be read.
    pub(crate) fn kept<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StateError> {
        let Some(file) = self.file() else {
            return Ok(None);
        };
        let sql = "SELECT body FROM records WHERE kind = ?1 AND id = ?2";
        let found = file.query_row(sql, [SETTING, name], |row| row.get::<_, Vec<u8>>(0));
        let found = found.optional().map_err(StateError::Read)?;
        found.map(|body| decoded(SETTING, name, &body)).transpose()
    }

    /// All records of a kind, by their ids.
    fn load<T: DeserializeOwned>(&self, kind: &str) -> Result<Vec<(String, T)>, StateError> {
        let Some(file) = self.file() else {
            return Ok(Vec::new());
        };
        let sql = "SELECT id, body FROM records WHERE kind = ?1";
        let mut statement = file.prepare(sql).map_err(StateError::Read)?;
        let found = statement.query_map([kind], |row| Ok((row.get(0)?, row.get(1)?)));
        let found: Result<Vec<(String, Vec<u8>)>, _> = found.and_then(Iterator::collect);
        found
            .map_err(StateError::Read)?
            .into_iter()
            .map(|(id, body)| decoded(kind, &id, &body).map(|record| (id, record)))
            .collect()
    }

    fn save<T: Serialize>(&self, kind: &str, id: &str, record: &T) {
        let Some(file) = self.file() else { return };
        let body = serde_json::to_vec(record);
        let body = body.unwrap_or_else(|error| stop(&format!("{kind} {id}: {error}")));
        let sql = "INSERT OR REPLACE INTO records VALUES (?1, ?2, ?3)";
        let saved = file
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute((kind, id, body)));
        saved.unwrap_or_else(|error| stop(&error.to_string()));
    }

    fn forget(&self, kind: &str, id: &str) {
        let Some(file) = self.file() else { return };
        let sql = "DELETE FROM records WHERE kind = ?1 AND id = ?2";
        let forgotten = file
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([kind, id]));
        forgotten.unwrap_or_else(|error| stop(&error.to_string()));
    }

    fn execute(&self, sql: &str) {
        if let Some(file) = self.file() {
            let done = file.execute_batch(sql);
            done.unwrap_or_else(|error| stop(&error.to_string()));
        }
    }

    fn file(&self) -> Option<MutexGuard<'_, Connection>> {
        let file = self.file.as_ref()?;
        Some(file.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn decoded<T: DeserializeOwned>(kind: &str, id: &str, body: &[u8]) -> Result<T, StateError> {
    serde_json::from_slice(body).map_err(|source| StateError::Record {
        kind: kind.to_owned(),
        id: id.to_owned(),
        source,
    })
}

/// Ends the process, as a crash would. What can't be saved must not be
/// acknowledged, and everything that was acknowledged before is in the file.
fn stop(reason: &str) -> ! {
    tracing::error!(
        "can't save the state ({reason}): stopping, since what isn't saved must not be \
         acknowledged; make room or make the folder of --state writable, and start again"
    );
    std::process::exit(1)
}

/// Opens or makes the file, whose folder is locked.
fn open(file: &Path, folder: &Path) -> Result<Store, StateError> {
    let connection = Connection::open(file).map_err(StateError::Read)?;
    folder::check_format(&connection, folder)?;
    Ok(Store::of(connection))
}
