//! How a script runs in a database.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use ydb_grpc::ydb_proto as ydb;

use super::database::Database;
use super::plan::Translator;
use super::schema::{Column, Table};
use super::transaction::{Mode, RowPlan, Transaction};
use crate::ydb::parameters::Parameter;
use crate::ydb::status::YdbError;
use crate::ydb::yql::ast::{
    CreateTable, Declaration, From, InsertMode, Name, Relation, Rows, Script, Select, Source,
    Statement,
};
use crate::ydb::yql::parse;

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
            Statement::CreateTable(_) | Statement::AlterTable(_) | Statement::DropTable { .. } => {
                (self.schema, "schema")
            }
            Statement::Insert(_)
            | Statement::Update(_)
            | Statement::Delete(_)
            | Statement::UpdateOn(_)
            | Statement::DeleteOn(_) => (self.write, "rows"),
        };
        if has {
            return Ok(());
        }
        Err(YdbError::denied(format!(
            "Access denied: no right to change {what}"
        )))
    }
}

impl Database {
    /// Runs a script in one transaction of its own. Definitions of tables run
    /// between transactions.
    pub(crate) fn run_alone(&self, query: &Query) -> Result<Vec<ydb::ResultSet>, YdbError> {
        let script = read(query)?;
        let mut results = Vec::new();
        for statements in script.statements.chunk_by(|one, next| {
            one.is_definition() == next.is_definition() && !one.is_definition()
        }) {
            if let [definition] = statements
                && definition.is_definition()
            {
                self.define(definition, &script)?;
                continue;
            }
            let mut transaction = self.begin(Mode::Serializable)?;
            match self.run_rows(statements, &script, query, &mut transaction, true) {
                Ok(found) => results.extend(found),
                Err(error) => {
                    self.roll_back(transaction);
                    return Err(error);
                }
            }
            self.commit(transaction)?;
        }
        Ok(results)
    }

    /// Runs a script in a transaction; `last` when its commit follows at once.
    pub(crate) fn run(
        &self,
        query: &Query,
        transaction: &mut Transaction,
        last: bool,
    ) -> Result<Vec<ydb::ResultSet>, YdbError> {
        let script = read(query)?;
        if script.statements.iter().any(Statement::is_definition) {
            let message = "Scheme operations cannot be executed inside transaction";
            return Err(YdbError::query(message, None));
        }
        self.run_rows(&script.statements, &script, query, transaction, last)
    }

    /// Checks a script without running it; the tables that it would touch.
    pub(crate) fn explain(&self, query: &Query) -> Result<BTreeSet<String>, YdbError> {
        let script = read(query)?;
        let mut touched = BTreeSet::new();
        for statement in &script.statements {
            if !statement.is_definition() {
                touched.extend(self.plan(statement, &script, &query.parameters)?.tables);
            }
        }
        Ok(touched)
    }

    fn run_rows(
        &self,
        statements: &[Statement],
        script: &Script,
        query: &Query,
        transaction: &mut Transaction,
        last: bool,
    ) -> Result<Vec<ydb::ResultSet>, YdbError> {
        let mut plans = Vec::with_capacity(statements.len());
        for statement in statements {
            plans.push(self.plan(statement, script, &query.parameters)?);
        }
        // One that only starts now, and ends with this, needn't be optimistic.
        if last && plans.iter().any(|plan| plan.writes) && transaction.is_writer() {
            transaction.write()?;
        }
        let mut results = Vec::new();
        for plan in plans {
            results.extend(transaction.run(plan)?);
        }
        Ok(results)
    }

    fn define(&self, statement: &Statement, script: &Script) -> Result<(), YdbError> {
        self.spend_schema_operation()?;
        match statement {
            Statement::CreateTable(create) => self.create_table(create, script),
            Statement::AlterTable(alter) => {
                let path = self.absolute(&alter.table.text, script);
                self.alter_table(&path, &alter.changes)
            }
            Statement::DropTable { table, if_exists } => {
                self.drop_table(&self.absolute(&table.text, script), *if_exists)
            }
            Statement::Insert(_)
            | Statement::Update(_)
            | Statement::Delete(_)
            | Statement::UpdateOn(_)
            | Statement::DeleteOn(_)
            | Statement::Select(_) => Ok(()),
        }
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

    fn plan(
        &self,
        statement: &Statement,
        script: &Script,
        parameters: &HashMap<String, Parameter>,
    ) -> Result<RowPlan, YdbError> {
        let touched = RefCell::new(BTreeSet::new());
        let tables = |name: &Name| {
            let table = self.table_named(name, script)?;
            touched.borrow_mut().insert(table.path.clone());
            Ok(table)
        };
        let mut translator = Translator {
            scope: Vec::new(),
            tables: &tables,
            aliases: Vec::new(),
            parameters,
            now: self.now(),
            values: Vec::new(),
            place: target_of(statement).map(|name| name.place),
        };
        let (sql, columns) = translate(&mut translator, statement)?;
        Ok(RowPlan {
            sql,
            columns,
            values: translator.values,
            tables: touched.into_inner(),
            writes: !matches!(statement, Statement::Select(_)),
            checks: depends_on_rows(statement),
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
}

/// Reads a script, and checks parameters and rights.
fn read(query: &Query) -> Result<Script, YdbError> {
    let script = parse(&query.text)?;
    check_declared(&script.declared, &query.parameters)?;
    for statement in &script.statements {
        query.rights.check(statement)?;
    }
    Ok(script)
}

/// The table that a statement changes or, first of all, reads.
fn target_of(statement: &Statement) -> Option<&Name> {
    match statement {
        Statement::Insert(insert) => Some(&insert.table),
        Statement::Update(update) => Some(&update.table),
        Statement::Delete(delete) => Some(&delete.table),
        Statement::UpdateOn(on) | Statement::DeleteOn(on) => Some(&on.table),
        Statement::Select(select) => match &select.from.as_ref()?.first.rows {
            Rows::Table { table, .. } => Some(table),
            Rows::Parameter(name) => Some(name),
            Rows::Select(_) => None,
        },
        Statement::CreateTable(_) | Statement::AlterTable(_) | Statement::DropTable { .. } => None,
    }
}

/// Whether the outcome tells something about rows that exist, so that it can't
/// wait: INSERT refuses keys, and a SELECT reads.
fn depends_on_rows(statement: &Statement) -> bool {
    match statement {
        Statement::Insert(insert) => {
            insert.mode == InsertMode::Insert || reads_tables(&insert.source)
        }
        Statement::UpdateOn(on) | Statement::DeleteOn(on) => reads_tables(&on.source),
        _ => false,
    }
}

fn reads_tables(source: &Source) -> bool {
    fn relation(relation: &Relation) -> bool {
        match &relation.rows {
            Rows::Table { .. } => true,
            Rows::Parameter(_) => false,
            Rows::Select(inner) => reads(inner),
        }
    }
    fn from(from: &From) -> bool {
        relation(&from.first) || from.joins.iter().any(|join| relation(&join.relation))
    }
    fn reads(select: &Select) -> bool {
        let own = select.from.as_ref().is_some_and(from);
        own || select.also.iter().any(reads)
    }
    match source {
        Source::Values(_) => false,
        Source::Select(inner) => reads(inner),
    }
}

fn translate(
    translator: &mut Translator<'_>,
    statement: &Statement,
) -> Result<(String, Option<Vec<Column>>), YdbError> {
    match statement {
        Statement::Select(select) => {
            let (sql, columns) = translator.select(select)?;
            Ok((sql, Some(columns)))
        }
        Statement::Insert(insert) => translator.insert(insert),
        Statement::Update(update) => translator.update(update),
        Statement::Delete(delete) => translator.delete(delete),
        Statement::UpdateOn(on) => translator.update_on(on),
        Statement::DeleteOn(on) => translator.delete_on(on),
        Statement::CreateTable(_) | Statement::AlterTable(_) | Statement::DropTable { .. } => {
            Err(YdbError::internal(format!("no plan for {statement:?}")))
        }
    }
}

/// Declared parameters must come, with the type that was declared. Others may.
fn check_declared(
    declared: &[Declaration],
    parameters: &HashMap<String, Parameter>,
) -> Result<(), YdbError> {
    for Declaration { name, kind, .. } in declared {
        match parameters.get(name) {
            Some(parameter) if parameter.kind() == *kind => {}
            Some(parameter) => {
                let sent = parameter.kind();
                let message = format!("Parameter ${name} is declared as {kind}, got {sent}");
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
