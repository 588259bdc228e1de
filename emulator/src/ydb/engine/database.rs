//! A database: its file, its tables, and how a script runs in it.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use ydb_grpc::ydb_proto as ydb;

use super::plan::Translator;
use super::schema::{Column, Table, quote};
use super::topics::Topics;
use super::transaction::{Mode, RowPlan, Transaction, failure};
use crate::clock::Clock;
use crate::ydb::status::YdbError;
use crate::ydb::values::Parameter;
use crate::ydb::yql::ast::{CreateTable, Declaration, Name, Script, Source, Statement};
use crate::ydb::yql::parse;

/// How long a write waits for another one's commit.
const BUSY_LIMIT: Duration = Duration::from_secs(5);

/// A script with its parameters.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub(crate) text: String,
    /// Names without the dollar sign.
    pub(crate) parameters: HashMap<String, Parameter>,
    pub(crate) rights: Rights,
}

/// What whoever asks may do beside reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rights {
    /// Write rows.
    pub(crate) write: bool,
    /// Make and drop tables.
    pub(crate) schema: bool,
}

impl Rights {
    fn check(self, statement: &Statement) -> Result<(), YdbError> {
        let (has, what) = match statement {
            Statement::Select(_) => return Ok(()),
            Statement::CreateTable(_) | Statement::DropTable { .. } => (self.schema, "schema"),
            Statement::Insert(_) | Statement::Update(_) | Statement::Delete(_) => {
                (self.write, "rows")
            }
        };
        if has {
            return Ok(());
        }
        Err(YdbError::denied(format!(
            "Access denied: no right to change {what}"
        )))
    }
}

/// A database.
pub(crate) struct Database {
    /// `/ru-central1/<cloud>/<database>`.
    pub(crate) path: String,
    pub(crate) folder_id: String,
    pub(crate) id: String,
    pub(crate) topics: Topics,
    file: PathBuf,
    clock: Clock,
    tables: Mutex<BTreeMap<String, Table>>,
    idle: Mutex<Vec<Connection>>,
}

impl Database {
    /// An empty one, in `folder`.
    pub(crate) fn create(
        path: &str,
        folder_id: &str,
        id: &str,
        folder: &Path,
        clock: Clock,
    ) -> Result<Self, YdbError> {
        let database = Self {
            path: path.to_owned(),
            folder_id: folder_id.to_owned(),
            id: id.to_owned(),
            topics: Topics::open(&folder.join(format!("{id}-topics.sqlite")), clock.clone())?,
            file: folder.join(format!("{id}.sqlite")),
            clock,
            tables: Mutex::default(),
            idle: Mutex::default(),
        };
        let first = database.connect()?;
        database.give_back(first);
        Ok(database)
    }

    fn connect(&self) -> Result<Connection, YdbError> {
        if let Some(connection) = lock(&self.idle).pop() {
            return Ok(connection);
        }
        open(&self.file)
    }

    fn give_back(&self, connection: Connection) {
        lock(&self.idle).push(connection);
    }

    /// A transaction that the caller ends.
    pub(crate) fn begin(&self, mode: Mode) -> Result<Transaction, YdbError> {
        Ok(Transaction::new(self.connect()?, mode))
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

    /// Runs a script in one transaction of its own; definitions of tables run
    /// outside of it.
    pub(crate) fn run_alone(&self, query: &Query) -> Result<Vec<ydb::ResultSet>, YdbError> {
        let mut transaction = self.begin(Mode::Serializable)?;
        match self.run_script(query, &mut transaction, true) {
            Ok(results) => self.commit(transaction).map(|()| results),
            Err(error) => {
                self.roll_back(transaction);
                Err(error)
            }
        }
    }

    /// Runs a script in a transaction.
    pub(crate) fn run(
        &self,
        query: &Query,
        transaction: &mut Transaction,
    ) -> Result<Vec<ydb::ResultSet>, YdbError> {
        self.run_script(query, transaction, false)
    }

    fn run_script(
        &self,
        query: &Query,
        transaction: &mut Transaction,
        definitions: bool,
    ) -> Result<Vec<ydb::ResultSet>, YdbError> {
        let script = parse(&query.text)?;
        check_declared(&script.declared, &query.parameters)?;
        let mut results = Vec::new();
        for statement in &script.statements {
            query.rights.check(statement)?;
            match statement {
                Statement::CreateTable(_) | Statement::DropTable { .. } if !definitions => {
                    let message = "Scheme operations cannot be executed inside transaction";
                    return Err(YdbError::query(message, None));
                }
                Statement::CreateTable(create) => self.create_table(create, &script)?,
                Statement::DropTable { table, if_exists } => {
                    self.drop_table(&self.absolute(&table.text, &script), *if_exists)?;
                }
                Statement::Insert(_)
                | Statement::Update(_)
                | Statement::Delete(_)
                | Statement::Select(_) => {
                    let plan = self.plan(statement, &script, &query.parameters)?;
                    results.extend(transaction.run(plan)?);
                }
            }
        }
        Ok(results)
    }

    fn plan(
        &self,
        statement: &Statement,
        script: &Script,
        parameters: &HashMap<String, Parameter>,
    ) -> Result<RowPlan, YdbError> {
        let table = match table_of(statement) {
            Some(name) => Some(self.table_named(name, script)?),
            None => None,
        };
        let mut translator = Translator {
            table: table.as_ref(),
            aliases: Vec::new(),
            parameters,
            now: self.clock.now(),
            values: Vec::new(),
        };
        let (sql, columns) = translate(&mut translator, statement)?;
        Ok(RowPlan {
            sql,
            columns,
            values: translator.values,
            writes: !matches!(statement, Statement::Select(_)),
            checks: matches!(statement, Statement::Insert(insert)
                if insert.mode == crate::ydb::yql::ast::InsertMode::Insert
                    || matches!(insert.source, Source::Select(_))),
        })
    }

    /// A table's path: relative names are below the prefix or the database.
    fn absolute(&self, name: &str, script: &Script) -> String {
        match script.path_prefix.as_deref() {
            _ if name.starts_with('/') => name.to_owned(),
            Some(prefix) if prefix.starts_with('/') => format!("{prefix}/{name}"),
            Some(prefix) => format!("{}/{prefix}/{name}", self.path),
            None => format!("{}/{name}", self.path),
        }
    }

    fn table_named(&self, name: &Name, script: &Script) -> Result<Table, YdbError> {
        self.table(&self.absolute(&name.text, script))
            .map_err(|mut error| {
                error.place = Some(name.place);
                error
            })
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

    fn create_table(&self, create: &CreateTable, script: &Script) -> Result<(), YdbError> {
        let path = self.absolute(&create.table.text, script);
        let table = Table::define(path.clone(), create)?;
        if self.add_table(table)? || create.if_not_exists {
            return Ok(());
        }
        let message = format!("Check failed: path: '{path}', error: path exist");
        Err(YdbError::query(message, Some(create.table.place)))
    }

    /// Makes a table; false when there is one of that path.
    pub(crate) fn add_table(&self, table: Table) -> Result<bool, YdbError> {
        let mut tables = lock(&self.tables);
        if tables.contains_key(&table.path) {
            return Ok(false);
        }
        let connection = self.connect()?;
        connection
            .execute_batch(&table.to_sql().join(";"))
            .map_err(failure)?;
        self.give_back(connection);
        tables.insert(table.path.clone(), table);
        Ok(true)
    }

    /// Removes a table, by its absolute path.
    pub(crate) fn drop_table(&self, path: &str, if_exists: bool) -> Result<(), YdbError> {
        let mut tables = lock(&self.tables);
        if tables.remove(path).is_none() {
            return if if_exists {
                Ok(())
            } else {
                Err(YdbError::no_path(path))
            };
        }
        let connection = self.connect()?;
        connection
            .execute_batch(&format!("DROP TABLE {}", quote(path)))
            .map_err(failure)?;
        self.give_back(connection);
        Ok(())
    }

    /// Deletes rows that outlived their table's TTL; how many.
    pub(crate) fn sweep(&self) -> Result<usize, YdbError> {
        let now = self.clock.now().as_second();
        let connection = self.connect()?;
        let mut gone = 0;
        for table in self.tables() {
            let Some((column, seconds)) = &table.ttl else {
                continue;
            };
            let Some((multiplier, divisor)) = table.ttl_unit(column) else {
                continue;
            };
            let limit = (now - i64::from(*seconds)) / divisor * multiplier;
            let sql = format!(
                "DELETE FROM {} WHERE {} < ?1",
                quote(&table.path),
                quote(column)
            );
            gone += connection.execute(&sql, [limit]).map_err(failure)?;
        }
        self.give_back(connection);
        Ok(gone)
    }
}

fn table_of(statement: &Statement) -> Option<&Name> {
    match statement {
        Statement::Insert(insert) => Some(&insert.table),
        Statement::Update(update) => Some(&update.table),
        Statement::Delete(delete) => Some(&delete.table),
        Statement::Select(select) => select.from.as_ref().map(|from| &from.table),
        Statement::CreateTable(_) | Statement::DropTable { .. } => None,
    }
}

fn translate(
    translator: &mut Translator<'_>,
    statement: &Statement,
) -> Result<(String, Option<Vec<Column>>), YdbError> {
    match (statement, translator.table) {
        (Statement::Select(select), _) => {
            let (sql, columns) = translator.select(select)?;
            Ok((sql, Some(columns)))
        }
        (Statement::Insert(insert), Some(table)) => translator.insert(insert, table),
        (Statement::Update(update), Some(table)) => translator.update(update, table),
        (Statement::Delete(delete), Some(table)) => translator.delete(delete, table),
        (statement, _) => Err(YdbError::internal(format!("no plan for {statement:?}"))),
    }
}

/// Declared parameters must come, with the type that was declared. Others may.
fn check_declared(
    declared: &[Declaration],
    parameters: &HashMap<String, Parameter>,
) -> Result<(), YdbError> {
    for Declaration { name, kind, .. } in declared {
        match parameters.get(name) {
            Some(parameter) if parameter.kind == *kind => {}
            Some(parameter) => {
                let (declared, sent) = (kind.primitive.name(), parameter.kind.primitive.name());
                let message = format!("Parameter ${name} is declared as {declared}, got {sent}");
                return Err(YdbError::bad_request(message));
            }
            None => {
                let message = format!("Missing value for parameter: ${name}");
                return Err(YdbError::bad_request(message));
            }
        }
    }
    Ok(())
}

/// Nothing survives the emulator, so nothing is synced to the disk.
pub(super) fn open(file: &Path) -> Result<Connection, YdbError> {
    let connection = Connection::open(file).map_err(failure)?;
    connection.busy_timeout(BUSY_LIMIT).map_err(failure)?;
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF")
        .map_err(failure)?;
    Ok(connection)
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
