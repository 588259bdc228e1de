//! INSERT, UPSERT, REPLACE, UPDATE, DELETE.

use super::conversion::converted;
use super::plan::Translator;
use super::relations::Scope;
use super::schema::{Column, Table, quote, quote_all};
use crate::ydb::status::YdbError;
use crate::ydb::yql::ast::{
    Delete, Expression, Insert, InsertMode, Name, On, Select, Source, Update,
};

/// SQLite's text, and the columns that it gives back.
type Written = (String, Option<Vec<Column>>);

impl Translator<'_> {
    /// The table that a statement changes; from here on expressions see it.
    fn target(&mut self, name: &Name) -> Result<Table, YdbError> {
        let table = (self.tables)(name)?;
        self.scope = vec![Scope::of_table(&table)];
        Ok(table)
    }

    pub(super) fn insert(&mut self, insert: &Insert) -> Result<Written, YdbError> {
        let table = self.target(&insert.table)?;
        let (targets, source) = self.source(&table, insert.columns.as_ref(), &insert.source)?;
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
        let (returning, columns) = self.returning(insert.returning.as_ref())?;
        let names: Vec<String> = targets.into_iter().map(|target| target.name).collect();
        let path = quote(&table.path);
        let list = quote_all(&names);
        let conflict = match insert.mode {
            InsertMode::Insert => String::new(),
            InsertMode::Upsert => on_conflict(&table, &names, false),
            InsertMode::Replace => on_conflict(&table, &names, true),
        };
        Ok((
            format!("INSERT INTO {path} ({list}) {source}{conflict}{returning}"),
            columns,
        ))
    }

    /// Rows for a table, and the columns that they fill.
    fn source(
        &mut self,
        table: &Table,
        names: Option<&Vec<Name>>,
        source: &Source,
    ) -> Result<(Vec<Column>, String), YdbError> {
        let mut targets = Vec::new();
        for name in names.into_iter().flatten() {
            targets.push(table.column(name)?.clone());
        }
        match (source, names) {
            (Source::Values(rows), _) => {
                let text = self.rows(rows, &targets)?;
                Ok((targets, text))
            }
            (Source::Select(select), Some(_)) => {
                let (text, columns) = self.select(select)?;
                let text = self.fitted(&text, &columns, &targets)?;
                Ok((targets, text))
            }
            (Source::Select(select), None) => self.selected_by_name(table, select),
        }
    }

    fn rows(&mut self, rows: &[Vec<Expression>], targets: &[Column]) -> Result<String, YdbError> {
        // A value is none of the row that it goes to.
        let scope = std::mem::take(&mut self.scope);
        let mut texts = Vec::new();
        for row in rows {
            if row.len() != targets.len() {
                let (given, wanted) = (row.len(), targets.len());
                let message = format!("VALUES has {given} items for {wanted} columns");
                return Err(YdbError::query(message, self.place));
            }
            let mut items = Vec::new();
            for (item, target) in row.iter().zip(targets) {
                items.push(self.assigned(item, target)?);
            }
            texts.push(format!("({})", items.join(", ")));
        }
        self.scope = scope;
        Ok(format!("VALUES {}", texts.join(", ")))
    }

    /// A SELECT whose columns have the names of those that they fill.
    fn selected_by_name(
        &mut self,
        table: &Table,
        select: &Select,
    ) -> Result<(Vec<Column>, String), YdbError> {
        let (text, columns) = self.select(select)?;
        let mut targets = Vec::new();
        for column in &columns {
            let name = Name {
                text: column.name.clone(),
                place: self.place.unwrap_or_default(),
            };
            targets.push(table.column(&name)?.clone());
        }
        let text = self.fitted(&text, &columns, &targets)?;
        Ok((targets, text))
    }

    /// What a SELECT reads, kept as the columns that it fills keep it.
    fn fitted(
        &self,
        text: &str,
        columns: &[Column],
        targets: &[Column],
    ) -> Result<String, YdbError> {
        if columns.len() != targets.len() {
            let (given, wanted) = (columns.len(), targets.len());
            let message = format!("SELECT has {given} columns for {wanted}");
            return Err(YdbError::query(message, self.place));
        }
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for (at, (column, target)) in columns.iter().zip(targets).enumerate() {
            let name = format!("read{at}");
            let value = converted(&name, column.kind, target.kind).ok_or_else(|| {
                YdbError::query(misfit(&column.kind.to_string(), target), self.place)
            })?;
            names.push(name);
            values.push(value);
        }
        let (names, values) = (names.join(", "), values.join(", "));
        // With a WHERE, since `ON CONFLICT` may follow.
        Ok(format!(
            "SELECT {values} FROM (WITH own ({names}) AS ({text}) SELECT * FROM own) WHERE 1"
        ))
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
        let Some(kind) = sql.kind else {
            return Ok(sql.text);
        };
        converted(&sql.text, kind, target.kind)
            .ok_or_else(|| self.refuse(value, misfit(&sql.type_name(), target)))
    }

    pub(super) fn update(&mut self, update: &Update) -> Result<Written, YdbError> {
        let table = self.target(&update.table)?;
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

    pub(super) fn delete(&mut self, delete: &Delete) -> Result<Written, YdbError> {
        let table = self.target(&delete.table)?;
        let filter = self.filter(delete.filter.as_ref())?;
        let (returning, columns) = self.returning(delete.returning.as_ref())?;
        Ok((
            format!("DELETE FROM {}{filter}{returning}", quote(&table.path)),
            columns,
        ))
    }

    /// Rows that exist take the other columns of those that are given.
    pub(super) fn update_on(&mut self, on: &On) -> Result<Written, YdbError> {
        let (table, names, given) = self.given(on)?;
        let path = quote(&table.path);
        let others = names.iter().filter(|name| !table.is_key(name));
        let changes: Vec<String> = others
            .map(|name| format!("{0} = given.{0}", quote(name)))
            .collect();
        if changes.is_empty() {
            let message = "UPDATE … ON needs a column beside the key";
            return Err(YdbError::query(message, Some(on.table.place)));
        }
        let same = table.primary_key.iter();
        let same: Vec<String> = same
            .map(|key| format!("{path}.{0} = given.{0}", quote(key)))
            .collect();
        let (returning, columns) = self.returning(on.returning.as_ref())?;
        let (changes, same) = (changes.join(", "), same.join(" AND "));
        Ok((
            format!("UPDATE {path} SET {changes} FROM {given} WHERE {same}{returning}"),
            columns,
        ))
    }

    /// Rows with the keys that are given go.
    pub(super) fn delete_on(&mut self, on: &On) -> Result<Written, YdbError> {
        let (table, _, given) = self.given(on)?;
        let key = quote_all(&table.primary_key);
        let (returning, columns) = self.returning(on.returning.as_ref())?;
        Ok((
            format!(
                "DELETE FROM {} WHERE ({key}) IN (SELECT {key} FROM {given}){returning}",
                quote(&table.path)
            ),
            columns,
        ))
    }

    /// The rows of an `ON` as a relation with the names of the table's columns;
    /// the key must be among them.
    fn given(&mut self, on: &On) -> Result<(Table, Vec<String>, String), YdbError> {
        let table = self.target(&on.table)?;
        let (targets, source) = self.source(&table, on.columns.as_ref(), &on.source)?;
        let names: Vec<String> = targets.into_iter().map(|target| target.name).collect();
        if let Some(missing) = table.primary_key.iter().find(|key| !names.contains(key)) {
            let message = format!("Missing key column in input: {missing}");
            return Err(YdbError::query(message, Some(on.table.place)));
        }
        // VALUES has no names of its own.
        let listed = quote_all(&names);
        let given = format!("(WITH given ({listed}) AS ({source}) SELECT * FROM given) AS given");
        Ok((table, names, given))
    }
}

fn misfit(given: &str, target: &Column) -> String {
    format!(
        "Failed to convert '{}': {given} to {}",
        target.name, target.kind
    )
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
