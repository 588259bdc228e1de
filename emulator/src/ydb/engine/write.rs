//! INSERT, UPSERT, REPLACE, UPDATE, DELETE.

use super::plan::Translator;
use super::schema::{Column, Table, quote, quote_all};
use crate::ydb::status::YdbError;
use crate::ydb::types::{ColumnType, Primitive};
use crate::ydb::yql::ast::{Delete, Expression, Insert, InsertMode, Select, Source, Update};

/// SQLite's text, and the columns that it gives back.
type Written = (String, Option<Vec<Column>>);

impl Translator<'_> {
    pub(super) fn insert(&mut self, insert: &Insert, table: &Table) -> Result<Written, YdbError> {
        let mut targets = Vec::new();
        for name in &insert.columns {
            targets.push(table.column(name)?.clone());
        }
        for column in &table.columns {
            let needed = table.is_key(&column.name) || !column.kind.nullable;
            if needed && !targets.contains(column) {
                let what = if table.is_key(&column.name) {
                    "key"
                } else {
                    "not null"
                };
                let message = format!("Missing {what} column in input: {}", column.name);
                return Err(YdbError::query(message, Some(insert.table.place)));
            }
        }
        let source = match &insert.source {
            Source::Values(rows) => self.rows(rows, &targets, insert)?,
            Source::Select(select) => self.selected(select, &targets)?,
        };
        let (returning, columns) = self.returning(insert.returning.as_ref())?;
        let names: Vec<String> = targets.into_iter().map(|target| target.name).collect();
        let path = quote(&table.path);
        let list = quote_all(&names);
        let conflict = match insert.mode {
            InsertMode::Insert => String::new(),
            InsertMode::Upsert => on_conflict(table, &names, false),
            InsertMode::Replace => on_conflict(table, &names, true),
        };
        Ok((
            format!("INSERT INTO {path} ({list}) {source}{conflict}{returning}"),
            columns,
        ))
    }

    fn rows(
        &mut self,
        rows: &[Vec<Expression>],
        targets: &[Column],
        insert: &Insert,
    ) -> Result<String, YdbError> {
        let mut texts = Vec::new();
        for row in rows {
            if row.len() != targets.len() {
                let (given, wanted) = (row.len(), targets.len());
                let message = format!("VALUES has {given} items for {wanted} columns");
                return Err(YdbError::query(message, Some(insert.table.place)));
            }
            let mut items = Vec::new();
            for (item, target) in row.iter().zip(targets) {
                items.push(self.assigned(item, target)?);
            }
            texts.push(format!("({})", items.join(", ")));
        }
        Ok(format!("VALUES {}", texts.join(", ")))
    }

    /// Rows of another SELECT; their columns go by position.
    fn selected(&mut self, select: &Select, targets: &[Column]) -> Result<String, YdbError> {
        let target = std::mem::replace(&mut self.table, self.source);
        let selected = self.select(select);
        self.table = target;
        let (text, columns) = selected?;
        if columns.len() != targets.len() {
            let (given, wanted) = (columns.len(), targets.len());
            let message = format!("SELECT has {given} columns for {wanted}");
            return Err(YdbError::query(message, self.place));
        }
        for (column, target) in columns.iter().zip(targets) {
            if !converts(column.kind, target.kind)
                || target.kind.primitive.storage() != column.kind.primitive.storage()
            {
                return Err(YdbError::query(
                    misfit(&column.kind.to_string(), target),
                    self.place,
                ));
            }
        }
        Ok(text)
    }

    /// A value for a column, kept as the column keeps it.
    fn assigned(&mut self, value: &Expression, target: &Column) -> Result<String, YdbError> {
        let sql = self.expression(value, Some(target.kind.primitive))?;
        if sql.is_nullable() && !target.kind.nullable {
            let message = format!(
                "Can't set NULL or optional value to not null column: {}",
                target.name
            );
            return Err(self.refuse(value, message));
        }
        if !sql.kind.is_none_or(|kind| converts(kind, target.kind)) {
            return Err(self.refuse(value, misfit(&sql.type_name(), target)));
        }
        Ok(sql.stored_as(Some(target.kind.primitive.storage())))
    }

    pub(super) fn update(&mut self, update: &Update, table: &Table) -> Result<Written, YdbError> {
        let mut changes = Vec::new();
        for (name, value) in &update.changes {
            let target = table.column(name)?;
            if table.is_key(&target.name) {
                let message = format!("Cannot update primary key column: {}", name.text);
                return Err(YdbError::query(message, Some(name.place)));
            }
            let value = self.assigned(value, target)?;
            changes.push(format!("{} = {value}", quote(&target.name)));
        }
        let filter = self.filter(update.filter.as_ref())?;
        let (returning, columns) = self.returning(update.returning.as_ref())?;
        let path = quote(&table.path);
        let changes = changes.join(", ");
        Ok((
            format!("UPDATE {path} SET {changes}{filter}{returning}"),
            columns,
        ))
    }

    pub(super) fn delete(&mut self, delete: &Delete, table: &Table) -> Result<Written, YdbError> {
        let filter = self.filter(delete.filter.as_ref())?;
        let (returning, columns) = self.returning(delete.returning.as_ref())?;
        Ok((
            format!("DELETE FROM {}{filter}{returning}", quote(&table.path)),
            columns,
        ))
    }
}

fn misfit(given: &str, target: &Column) -> String {
    format!(
        "Failed to convert '{}': {given} to {}",
        target.name, target.kind
    )
}

/// Whether values go into a column without a CAST.
fn converts(from: ColumnType, to: ColumnType) -> bool {
    let (one, other) = (from.primitive, to.primitive);
    let widens = one.is_integer()
        && other.is_integer()
        && other.range().contains(one.range().start())
        && other.range().contains(one.range().end())
        // SQLite's integers end before Uint64's do.
        && !(one == Primitive::Uint64 && other == Primitive::Int64);
    let fits = one == other
        || widens
        || (one == Primitive::Utf8 && other == Primitive::String)
        || (one == Primitive::Float && other == Primitive::Double);
    fits && (to.nullable || !from.nullable)
}

/// Listed columns change; the others stay, or are cleared.
fn on_conflict(table: &Table, names: &[String], clear: bool) -> String {
    let changes = table.columns.iter().filter_map(|column| {
        let name = quote(&column.name);
        // A key is set to itself, so that there is something to give back.
        if names.contains(&column.name) {
            Some(format!("{name} = excluded.{name}"))
        } else {
            clear.then(|| format!("{name} = NULL"))
        }
    });
    let changes: Vec<String> = changes.collect();
    let key = quote_all(&table.primary_key);
    format!(" ON CONFLICT ({key}) DO UPDATE SET {}", changes.join(", "))
}
