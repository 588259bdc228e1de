//! What a database has, in its own file: tables as they were defined, and
//! directories. Names of tables start with a slash there, so ours don't clash.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

use super::schema::Table;
use super::transaction::failure;
use crate::ydb::status::YdbError;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS tables (path TEXT PRIMARY KEY, definition TEXT) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS directories (path TEXT PRIMARY KEY) WITHOUT ROWID;";

/// Makes room for it in a new file.
pub(super) fn prepare(connection: &Connection) -> Result<(), YdbError> {
    connection.execute_batch(TABLES).map_err(failure)
}

/// All tables by path.
pub(super) fn tables(connection: &Connection) -> Result<BTreeMap<String, Table>, YdbError> {
    let definitions = texts(connection, "SELECT definition FROM tables")?;
    let tables = definitions.iter().map(|text| {
        let table: Table = serde_json::from_str(text).map_err(YdbError::internal)?;
        Ok((table.path.clone(), table))
    });
    tables.collect()
}

/// Paths of all directories.
pub(super) fn directories(connection: &Connection) -> Result<BTreeSet<String>, YdbError> {
    let all = texts(connection, "SELECT path FROM directories")?;
    Ok(all.into_iter().collect())
}

fn texts(connection: &Connection, sql: &str) -> Result<Vec<String>, YdbError> {
    let mut statement = connection.prepare(sql).map_err(failure)?;
    let found = statement.query_map([], |row| row.get(0));
    found.and_then(Iterator::collect).map_err(failure)
}

/// Keeps a table that is new or was changed.
pub(super) fn keep_table(connection: &Connection, table: &Table) -> Result<(), YdbError> {
    let definition = serde_json::to_string(table).map_err(YdbError::internal)?;
    let sql = "INSERT OR REPLACE INTO tables VALUES (?1, ?2)";
    let kept = connection.execute(sql, [&table.path, &definition]);
    kept.map(drop).map_err(failure)
}

pub(super) fn forget_table(connection: &Connection, path: &str) -> Result<(), YdbError> {
    let sql = "DELETE FROM tables WHERE path = ?1";
    connection.execute(sql, [path]).map(drop).map_err(failure)
}

pub(super) fn keep_directory(connection: &Connection, path: &str) -> Result<(), YdbError> {
    let sql = "INSERT OR REPLACE INTO directories VALUES (?1)";
    connection.execute(sql, [path]).map(drop).map_err(failure)
}

pub(super) fn forget_directory(connection: &Connection, path: &str) -> Result<(), YdbError> {
    let sql = "DELETE FROM directories WHERE path = ?1";
    connection.execute(sql, [path]).map(drop).map_err(failure)
}
