//! A database: its file, its tables, and transactions in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use rusqlite::Connection;
use tokio_util::sync::CancellationToken;

use super::catalogue;
use super::file::{lock, open, remove_file};
use super::idle::IdleConnections;
use super::schema::{Table, quote};
use super::schema_budget::SchemaBudget;
use super::topics::Topics;
use super::transaction::{Mode, Transaction, failure};
use super::turn::WriterTurn;
use crate::clock::Clock;
use crate::ydb::status::YdbError;
use crate::ydb::yql::ast::Alteration;

/// A database.
pub(crate) struct Database {
    /// `/ru-central1/<cloud>/<database>`.
    pub(crate) path: String,
    pub(crate) folder_id: String,
    pub(crate) id: String,
    pub(crate) topics: Topics,
    /// Cancelled when the database goes; streams end with it.
    pub(crate) closed: CancellationToken,
    file: Arc<Path>,
    clock: Clock,
    tables: Mutex<BTreeMap<String, Table>>,
    directories: Mutex<BTreeSet<String>>,
    idle: IdleConnections,
    writer: WriterTurn,
    schema_budget: SchemaBudget,
}

impl Database {
    /// The one that is in `folder`, or an empty one.
    pub(crate) fn create(
        path: &str,
        folder_id: &str,
        id: &str,
        folder: &Path,
        clock: Clock,
        idle: IdleConnections,
        schema_operations_a_day: u64,
    ) -> Result<Self, YdbError> {
        let closed = CancellationToken::new();
        let topics_file = topics_file_of(folder, id);
        let topics = Topics::open(&topics_file, clock.clone(), closed.clone())?;
        let spent = topics.schema_operations()?;
        let database = Self {
            path: path.to_owned(),
            folder_id: folder_id.to_owned(),
            id: id.to_owned(),
            topics,
            closed,
            file: file_of(folder, id).into(),
            clock,
            tables: Mutex::default(),
            directories: Mutex::default(),
            idle,
            writer: WriterTurn::default(),
            schema_budget: SchemaBudget::new(schema_operations_a_day, spent),
        };
        let first = database.connect()?;
        catalogue::prepare(&first)?;
        *lock(&database.tables) = catalogue::tables(&first)?;
        *lock(&database.directories) = catalogue::directories(&first)?;
        Ok(database)
    }

    /// Whether there is one of this id in `folder`.
    pub(crate) fn exists(folder: &Path, id: &str) -> bool {
        file_of(folder, id).exists()
    }

    /// Removes the files of one that isn't open.
    pub(crate) fn remove(folder: &Path, id: &str) {
        remove_file(&topics_file_of(folder, id));
        remove_file(&file_of(folder, id));
    }

    /// Ends all streams and removes the files. What still runs may finish.
    pub(crate) fn close(&self) {
        self.closed.cancel();
        self.topics.close();
        self.idle.close(&self.file);
        remove_file(&self.file);
    }

    fn connect(&self) -> Result<Connection, YdbError> {
        match self.idle.take(&self.file) {
            Some(connection) => Ok(connection),
            None => open(&self.file),
        }
    }

    fn give_back(&self, connection: Connection) {
        if !self.closed.is_cancelled() {
            self.idle.give_back(&self.file, connection);
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Counts a look at or a change of the schema; refused when there were too
    /// many in a day.
    pub(crate) fn spend_schema_operation(&self) -> Result<(), YdbError> {
        let now = self.now();
        self.schema_budget.spend(now)?;
        self.topics.keep_schema_operation(now)
    }

    /// A transaction that the caller ends.
    pub(crate) fn begin(&self, mode: Mode) -> Result<Transaction, YdbError> {
        Ok(Transaction::new(self.connect()?, self.writer.clone(), mode))
    }

    pub(crate) fn commit(&self, transaction: Transaction) -> Result<(), YdbError> {
        transaction
            .commit()
            .map(|connection| self.give_back(connection))
    }

    pub(crate) fn roll_back(&self, transaction: Transaction) {
        if let Some(connection) = transaction.roll_back() {
            self.give_back(connection);
        }
    }

    /// Changes the file outside of transactions: definitions, sweeping.
    fn change<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, YdbError>,
    ) -> Result<T, YdbError> {
        let _turn = self.writer.wait().ok_or_else(YdbError::locks_invalidated)?;
        let connection = self.connect()?;
        let outcome = work(&connection)?;
        self.give_back(connection);
        Ok(outcome)
    }

    /// A table, by its absolute path.
    pub(crate) fn table(&self, path: &str) -> Result<Table, YdbError> {
        lock(&self.tables)
            .get(path)
            .cloned()
            .ok_or_else(|| YdbError::no_path(path))
    }

    /// All tables.
    pub(crate) fn tables(&self) -> Vec<Table> {
        lock(&self.tables).values().cloned().collect()
    }

    /// Refuses a path outside of the database.
    pub(crate) fn must_hold(&self, path: &str) -> Result<(), YdbError> {
        let below = path.strip_prefix(&self.path);
        if below.is_some_and(|below| below.starts_with('/') && below.len() > 1) {
            return Ok(());
        }
        Err(YdbError::scheme(format!(
            "{path} is not in the database {}",
            self.path
        )))
    }

    /// Directories that were made.
    pub(crate) fn directories(&self) -> BTreeSet<String> {
        lock(&self.directories).clone()
    }

    pub(crate) fn make_directory(&self, path: &str) -> Result<(), YdbError> {
        self.must_hold(path)?;
        self.change(|connection| {
            catalogue::keep_directory(connection, path)?;
            lock(&self.directories).insert(path.to_owned());
            Ok(())
        })
    }

    pub(crate) fn remove_directory(&self, path: &str) -> Result<(), YdbError> {
        self.change(|connection| {
            catalogue::forget_directory(connection, path)?;
            lock(&self.directories).remove(path);
            Ok(())
        })
    }

    /// Makes a table; false when there is one of that path.
    pub(crate) fn add_table(&self, table: Table) -> Result<bool, YdbError> {
        self.must_hold(&table.path)?;
        if self.topics.get(&table.path).is_ok() {
            return Err(YdbError::scheme(format!("{} is a topic", table.path)));
        }
        self.change(|connection| {
            let mut tables = lock(&self.tables);
            if tables.contains_key(&table.path) {
                return Ok(false);
            }
            let all = connection.unchecked_transaction().map_err(failure)?;
            let sql = table.to_sql().join("; ");
            all.execute_batch(&sql).map_err(failure)?;
            catalogue::keep_table(&all, &table)?;
            all.commit().map_err(failure)?;
            tables.insert(table.path.clone(), table);
            Ok(true)
        })
    }

    /// Makes all of these changes of a table, or none.
    pub(crate) fn alter_table(&self, path: &str, changes: &[Alteration]) -> Result<(), YdbError> {
        self.change(|connection| {
            let mut tables = lock(&self.tables);
            let table = tables
                .get_mut(path)
                .ok_or_else(|| YdbError::no_path(path))?;
            let mut altered = table.clone();
            let all = connection.unchecked_transaction().map_err(failure)?;
            for change in changes {
                if let Some(sql) = altered.alter(change)? {
                    all.execute_batch(&sql).map_err(failure)?;
                }
            }
            catalogue::keep_table(&all, &altered)?;
            all.commit().map_err(failure)?;
            *table = altered;
            Ok(())
        })
    }

    /// Removes a table, by its absolute path.
    pub(crate) fn drop_table(&self, path: &str, if_exists: bool) -> Result<(), YdbError> {
        self.change(|connection| {
            let mut tables = lock(&self.tables);
            if !tables.contains_key(path) {
                return if if_exists {
                    Ok(())
                } else {
                    Err(YdbError::no_path(path))
                };
            }
            let all = connection.unchecked_transaction().map_err(failure)?;
            all.execute_batch(&format!("DROP TABLE {}", quote(path)))
                .map_err(failure)?;
            catalogue::forget_table(&all, path)?;
            all.commit().map_err(failure)?;
            tables.remove(path);
            Ok(())
        })
    }

    /// Deletes rows that outlived their table's TTL; how many.
    pub(crate) fn sweep(&self) -> Result<usize, YdbError> {
        let now = self.clock.now().as_second();
        self.change(|connection| {
            let mut gone = 0;
            for table in self.tables() {
                let Some((column, seconds)) = &table.ttl else {
                    continue;
                };
                let Some((multiplier, divisor)) = table.ttl_unit(column) else {
                    continue;
                };
                let limit = (now - i64::from(*seconds)) / divisor * multiplier;
                let (table, column) = (quote(&table.path), quote(column));
                let sql = format!("DELETE FROM {table} WHERE {column} < ?1");
                gone += connection.execute(&sql, [limit]).map_err(failure)?;
            }
            Ok(gone)
        })
    }
}

fn file_of(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("{id}.sqlite"))
}

fn topics_file_of(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("{id}-topics.sqlite"))
}
