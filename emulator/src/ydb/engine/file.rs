//! Files of SQLite.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use super::functions;
use super::transaction::failure;
use crate::ydb::status::YdbError;

/// SQLite's own patience. Writers take turns before they ask it.
const BUSY_LIMIT: Duration = Duration::from_secs(5);

/// What was committed survives the process. Nothing is synced to the disk, so it
/// may not survive the machine.
pub(super) fn open(file: &Path) -> Result<Connection, YdbError> {
    prepared(Connection::open(file).map_err(failure)?)
}

fn prepared(connection: Connection) -> Result<Connection, YdbError> {
    connection.busy_timeout(BUSY_LIMIT).map_err(failure)?;
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF")
        .and_then(|()| functions::register(&connection))
        .map_err(failure)?;
    Ok(connection)
}

/// The same for who is alone with the file: SQLite then needs no memory that is
/// shared with others, which would be one more open file.
pub(super) fn open_alone(file: &Path) -> Result<Connection, YdbError> {
    let connection = Connection::open(file).map_err(failure)?;
    connection
        .execute_batch("PRAGMA locking_mode = EXCLUSIVE")
        .map_err(failure)?;
    prepared(connection)
}

/// A database file with what SQLite keeps beside it.
pub(super) fn remove_file(file: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        if let Err(error) = std::fs::remove_file(&name)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(?name, %error, "a file stays");
        }
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
