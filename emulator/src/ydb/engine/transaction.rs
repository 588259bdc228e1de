//! Transactions, each on a connection of its own.
//!
//! A transaction reads from a snapshot and notes what it read. Writes that give
//! nothing back wait. When it must write, at the latest on commit, it takes the
//! writer's turn, reads again what it read before, and goes on only if that is
//! still the same: YDB's optimistic locking, told by values. So transactions on
//! different rows don't disturb each other, and the turn isn't held while a
//! client thinks (unless it reads after it wrote).

use std::collections::BTreeSet;

use rusqlite::types::Value as Stored;
use rusqlite::{Connection, ErrorCode, params_from_iter};
use ydb_grpc::ydb_proto as ydb;

use super::schema::Column;
use super::turn::{Turn, WriterTurn};
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
    /// Paths of the tables that it touches.
    pub(crate) tables: BTreeSet<String>,
    /// What it gives back, if anything.
    pub(crate) columns: Option<Vec<Column>>,
    pub(crate) writes: bool,
    /// Whether its outcome tells something about rows that exist (INSERT).
    pub(crate) checks: bool,
}

/// How far a transaction is.
enum Stage {
    /// It has seen nothing yet.
    New,
    /// It reads from its snapshot.
    Reading,
    /// Nobody else writes until it ends.
    Writing {
        #[expect(dead_code, reason = "only held")]
        turn: Turn,
    },
}

/// An open transaction.
pub(crate) struct Transaction {
    connection: Connection,
    writer: WriterTurn,
    mode: Mode,
    stage: Stage,
    seen: Vec<(RowPlan, Option<ydb::ResultSet>)>,
    waiting: Vec<RowPlan>,
}

impl Transaction {
    pub(super) fn new(connection: Connection, writer: WriterTurn, mode: Mode) -> Self {
        Self {
            connection,
            writer,
            mode,
            stage: Stage::New,
            seen: Vec::new(),
            waiting: Vec::new(),
        }
    }

    /// Runs a statement.
    pub(super) fn run(&mut self, plan: RowPlan) -> Result<Option<ydb::ResultSet>, YdbError> {
        if plan.writes && self.mode == Mode::ReadOnly {
            let message = "Operation can't be performed in read only transaction";
            return Err(YdbError::query(message, None));
        }
        if plan.writes && plan.columns.is_none() && !plan.checks {
            self.waiting.push(plan);
            return Ok(None);
        }
        if plan.writes || !self.waiting.is_empty() {
            self.write()?;
        } else if matches!(self.stage, Stage::New) {
            self.connection.execute_batch("BEGIN").map_err(failure)?;
            self.stage = Stage::Reading;
        }
        let result = execute(&self.connection, &plan)?;
        if matches!(self.stage, Stage::Reading) && self.mode == Mode::Serializable {
            self.seen.push((plan, result.clone()));
        }
        Ok(result)
    }

    /// Whether it may write at all.
    pub(super) fn is_writer(&self) -> bool {
        self.mode == Mode::Serializable
    }

    /// Takes the writer's turn, makes sure that what was read still holds, and
    /// carries out the writes that wait.
    pub(super) fn write(&mut self) -> Result<(), YdbError> {
        if !matches!(self.stage, Stage::Writing { .. }) {
            let turn = self.writer.wait().ok_or_else(YdbError::locks_invalidated)?;
            if matches!(self.stage, Stage::Reading) {
                self.connection.execute_batch("ROLLBACK").map_err(failure)?;
            }
            self.connection
                .execute_batch("BEGIN IMMEDIATE")
                .map_err(failure)?;
            self.stage = Stage::Writing { turn };
            for (plan, result) in std::mem::take(&mut self.seen) {
                // A failure means that the table changed or went.
                if !execute(&self.connection, &plan).is_ok_and(|now| now == result) {
                    return Err(YdbError::locks_invalidated());
                }
            }
        }
        for plan in std::mem::take(&mut self.waiting) {
            execute(&self.connection, &plan)?;
        }
        Ok(())
    }

    /// Makes it last; gives the connection back for the next one.
    pub(super) fn commit(mut self) -> Result<Connection, YdbError> {
        if !self.waiting.is_empty() {
            self.write()?;
        }
        if !self.connection.is_autocommit() {
            self.connection.execute_batch("COMMIT").map_err(failure)?;
        }
        Ok(self.connection)
    }

    /// Forgets it; the connection is good for the next one.
    pub(crate) fn roll_back(self) -> Option<Connection> {
        if !self.connection.is_autocommit() {
            self.connection.execute_batch("ROLLBACK").ok()?;
        }
        Some(self.connection)
    }
}

fn execute(connection: &Connection, plan: &RowPlan) -> Result<Option<ydb::ResultSet>, YdbError> {
    let mut statement = connection.prepare_cached(&plan.sql).map_err(failure)?;
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
            YdbError::bad_request(format!("a value is missing or out of range: {error}"))
        }
        // What a function of ours refused, with its own words.
        _ if code == rusqlite::ffi::SQLITE_ERROR => YdbError::query(error.to_string(), None),
        _ => YdbError::internal(error),
    }
}
