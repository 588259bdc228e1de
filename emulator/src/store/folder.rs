//! The folder of a state: who may use it, and what must be in it.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{StateError, Store, open};

/// What marks a file of SQLite as ours: "wscs".
const APPLICATION: i32 = 0x7773_6373;

/// Grows whenever what older emulators wrote can't be read any more.
const FORMAT: i32 = 1;

const RECORDS: &str = "cloud.sqlite";
const LOCK: &str = "lock";

/// A folder that this process alone uses, until this is dropped.
#[derive(Debug)]
pub struct StateFolder {
    path: PathBuf,
    store: Store,
    _lock: File,
}

impl StateFolder {
    /// Opens a state, or makes an empty one in an empty folder or a new one.
    /// Only its owner may read it: it holds private keys.
    ///
    /// # Errors
    /// See [`StateError`].
    pub fn open(folder: &Path) -> Result<Self, StateError> {
        let failed = |source| StateError::Folder {
            path: folder.to_owned(),
            source,
        };
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(folder).map_err(failed)?;
        let path = folder.canonicalize().map_err(failed)?;
        refuse_foreign(&path)?;
        let lock = lock(&path)?;
        let records = path.join(RECORDS);
        own_file(&records).map_err(failed)?;
        let store = open(&records, &path)?;
        Ok(Self {
            path,
            store,
            _lock: lock,
        })
    }

    /// Where services keep files of their own; absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its records.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }
}

/// Makes a file that only its owner reads, unless it is there.
fn own_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.mode(0o600).open(path)
}

/// An emulator that was killed right at its first start left at most its lock.
fn refuse_foreign(folder: &Path) -> Result<(), StateError> {
    let failed = |source| StateError::Folder {
        path: folder.to_owned(),
        source,
    };
    if folder.join(RECORDS).exists() {
        return Ok(());
    }
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        if entry.map_err(failed)?.file_name() != LOCK {
            return Err(StateError::Foreign {
                folder: folder.to_owned(),
            });
        }
    }
    Ok(())
}

/// The operating system gives the lock back when the process ends, however it
/// does.
fn lock(folder: &Path) -> Result<File, StateError> {
    let path = folder.join(LOCK);
    let failed = |source| StateError::Folder {
        path: path.clone(),
        source,
    };
    let mut file = own_file(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::Error(source)) => return Err(failed(source)),
        Err(TryLockError::WouldBlock) => {
            let mut process = String::new();
            file.read_to_string(&mut process).map_err(failed)?;
            return Err(StateError::Locked {
                folder: folder.to_owned(),
                process,
            });
        }
    }
    file.set_len(0).map_err(failed)?;
    write!(file, "{}", std::process::id()).map_err(failed)?;
    Ok(file)
}

/// Refuses a file of another program or format before anything is written to
/// it; makes an empty one ours.
pub(super) fn check_format(connection: &Connection, folder: &Path) -> Result<(), StateError> {
    let foreign = || StateError::Foreign {
        folder: folder.to_owned(),
    };
    let number = |sql: &str| -> Result<i32, StateError> {
        let found = connection.query_row(sql, [], |row| row.get(0));
        found.map_err(|error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => foreign(),
            _ => StateError::Read(error),
        })
    };
    let application = number("PRAGMA application_id")?;
    let found = number("PRAGMA user_version")?;
    let tables = number("SELECT COUNT(*) FROM sqlite_master")?;
    if application != APPLICATION && (application, found, tables) != (0, 0, 0) {
        return Err(foreign());
    }
    if application == APPLICATION && found != FORMAT {
        return Err(StateError::Format {
            folder: folder.to_owned(),
            found,
            known: FORMAT,
        });
    }
    let sql = format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; BEGIN;
         PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {FORMAT};
         CREATE TABLE IF NOT EXISTS records
             (kind TEXT, id TEXT, body BLOB NOT NULL, PRIMARY KEY (kind, id));
         COMMIT"
    );
    connection.execute_batch(&sql).map_err(StateError::Read)
}
