//! INSERT, UPSERT, REPLACE, UPDATE, DELETE.

use super::plan::Translator;
use super::schema::{Column, Table, quote, quote_all};
use crate::ydb::status::YdbError;
use crate::ydb::yql::ast::{Delete, Expression, Insert, InsertMode, Source, Update};

/// SQLite's text, and the columns that it gives back.
type Written = (String, Option<Vec<Column>>);

impl Translator<'_> {
    pub(super) fn insert(&mut self, insert: &Insert, table: &Table) -> Result<Written, YdbError> {
        let mut targets = Vec::new();
        for name in &insert.columns {
            targets.push(table.column(name)?.clone());
        }
        for key in &table.primary_key {
            if !targets.iter().any(|target| target.name == *key) {
                let message = format!("Missing key column in input: {key}");
                return Err(YdbError::query(message, Some(insert.table.place)));
            }
        }
        let source = match &insert.source {
            Source::Values(rows) => self.rows(rows, &targets, insert)?,
            Source::Select(select) => self.select(select)?.0,
        };
        let (returning, columns) = self.returning(insert.returning.as_ref())?;
        let names: Vec<String> = targets.into_iter().map(|target| target.name).collect();
        let verb = match insert.mode {
            InsertMode::Insert | InsertMode::Upsert => "INSERT",
            InsertMode::Replace => "INSERT OR REPLACE",
        };
        let path = quote(&table.path);
        let list = quote_all(&names);
        let conflict = match insert.mode {
            InsertMode::Upsert => on_conflict(table, &names),
            InsertMode::Insert | InsertMode::Replace => String::new(),
        };
        Ok((
            format!("{verb} INTO {path} ({list}) {source}{conflict}{returning}"),
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

    /// A value for a column, kept as the column keeps it.
    fn assigned(&mut self, value: &Expression, target: &Column) -> Result<String, YdbError> {
        let sql = self.expression(value)?;
        if sql.kind.is_none() && !target.kind.nullable {
            let message = format!("Can't set NULL to the NOT NULL column {}", target.name);
            return Err(YdbError::bad_request(message));
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

/// Listed columns change; the others stay.
fn on_conflict(table: &Table, names: &[String]) -> String {
    let changes: Vec<String> = names
        .iter()
        .filter(|name| !table.is_key(name))
        .map(|name| format!("{0} = excluded.{0}", quote(name)))
        .collect();
    let key = quote_all(&table.primary_key);
    if changes.is_empty() {
        format!(" ON CONFLICT ({key}) DO NOTHING")
    } else {
        format!(" ON CONFLICT ({key}) DO UPDATE SET {}", changes.join(", "))
    }
}
