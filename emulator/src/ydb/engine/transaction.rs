//! Transactions, each on a connection of its own.

use rusqlite::types::Value as Stored;
use rusqlite::{Connection, ErrorCode, params_from_iter};
use ydb_grpc::ydb_proto as ydb;

use super::schema::Column;
use crate::ydb::status::YdbError;
use crate::ydb::values::to_wire;

/// SQLite's extended codes of keys that exist.
const SAME_KEY: &[i32] = &[
    rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY,
    rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE,
];

/// What a transaction may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Reads and writes as if alone.
    Serializable,
    /// Reads one moment's state.
    ReadOnly,
}

/// A statement, translated.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RowPlan {
    pub(crate) sql: String,
    pub(crate) values: Vec<Stored>,
    /// What it gives back, if anything.
    pub(crate) columns: Option<Vec<Column>>,
    pub(crate) writes: bool,
    /// Whether its outcome tells something about rows that exist (INSERT).
    pub(crate) checks: bool,
}

/// An open transaction. Writes that give nothing back wait for the next read or
/// the commit, so that the one writer's lock isn't held while a client thinks.
pub(crate) struct Transaction {
    connection: Connection,
    mode: Mode,
    begun: bool,
    waiting: Vec<RowPlan>,
}

impl Transaction {
    pub(crate) fn new(connection: Connection, mode: Mode) -> Self {
        Self {
            connection,
            mode,
            begun: false,
            waiting: Vec::new(),
        }
    }

    /// Runs a statement.
    pub(crate) fn run(&mut self, plan: RowPlan) -> Result<Option<ydb::ResultSet>, YdbError> {
        if plan.writes && self.mode == Mode::ReadOnly {
            let message = "Operation can't be performed in read only transaction";
            return Err(YdbError::query(message, None));
        }
        if plan.writes && plan.columns.is_none() && !plan.checks {
            self.waiting.push(plan);
            return Ok(None);
        }
        self.catch_up()?;
        self.execute(&plan)
    }

    fn begin(&mut self) -> Result<(), YdbError> {
        if !self.begun {
            self.connection.execute_batch("BEGIN").map_err(failure)?;
            self.begun = true;
        }
        Ok(())
    }

    /// Carries out the writes that wait.
    fn catch_up(&mut self) -> Result<(), YdbError> {
        self.begin()?;
        for plan in std::mem::take(&mut self.waiting) {
            self.execute(&plan)?;
        }
        Ok(())
    }

    fn execute(&self, plan: &RowPlan) -> Result<Option<ydb::ResultSet>, YdbError> {
        let mut statement = self.connection.prepare_cached(&plan.sql).map_err(failure)?;
        let values = params_from_iter(plan.values.iter());
        let Some(columns) = &plan.columns else {
            statement.execute(values).map_err(failure)?;
            return Ok(None);
        };
        let mut found = statement.query(values).map_err(failure)?;
        let mut rows = Vec::new();
        while let Some(row) = found.next().map_err(failure)? {
            let mut items = Vec::with_capacity(columns.len());
            for (at, column) in columns.iter().enumerate() {
                items.push(to_wire(column.kind, row.get_ref(at).map_err(failure)?)?);
            }
            rows.push(ydb::Value {
                items,
                ..ydb::Value::default()
            });
        }
        Ok(Some(ydb::ResultSet {
            columns: columns.iter().map(to_proto).collect(),
            rows,
            ..ydb::ResultSet::default()
        }))
    }

    /// Makes it last; gives the connection back for the next one.
    pub(crate) fn commit(mut self) -> Result<Connection, YdbError> {
        if !self.waiting.is_empty() {
            self.catch_up()?;
        }
        if self.begun {
            self.connection.execute_batch("COMMIT").map_err(failure)?;
        }
        Ok(self.connection)
    }

    /// Forgets it; the connection is good for the next one.
    pub(crate) fn roll_back(self) -> Option<Connection> {
        if self.begun {
            self.connection.execute_batch("ROLLBACK").ok()?;
        }
        Some(self.connection)
    }
}

fn to_proto(column: &Column) -> ydb::Column {
    ydb::Column {
        name: column.name.clone(),
        r#type: Some(column.kind.to_proto()),
    }
}

/// SQLite's refusal in YDB's words. What is busy has been waited for already.
pub(super) fn failure(error: rusqlite::Error) -> YdbError {
    let code = error.sqlite_error().map_or(0, |error| error.extended_code);
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => YdbError::locks_invalidated(),
        Some(ErrorCode::ConstraintViolation) if SAME_KEY.contains(&code) => {
            YdbError::constraint("Conflict with existing key.")
        }
        Some(ErrorCode::ConstraintViolation) => {
            YdbError::bad_request(format!("a value is missing: {error}"))
        }
        _ => YdbError::internal(error),
    }
}
