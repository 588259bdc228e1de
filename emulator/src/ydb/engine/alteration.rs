//! How a table changes: what it is afterwards, and SQLite's statement for it.

use super::schema::{Column, Index, Table, column_sql, quote};
use crate::ydb::status::YdbError;
use crate::ydb::yql::ast::{Alteration, ColumnDefinition, IndexDefinition, Name, Ttl};

impl Table {
    /// Applies a change; SQLite's statement, unless it concerns us alone.
    pub(super) fn alter(&mut self, change: &Alteration) -> Result<Option<String>, YdbError> {
        match change {
            Alteration::AddColumn(column) => self.add_column(column).map(Some),
            Alteration::DropColumn(name) => self.drop_column(name).map(Some),
            Alteration::AddIndex(index) => self.add_index(index).map(Some),
            Alteration::DropIndex(name) => self.drop_index(name).map(Some),
            Alteration::SetTtl(ttl) => self.set_ttl(ttl).map(|()| None),
            Alteration::ResetTtl => {
                self.ttl = None;
                Ok(None)
            }
        }
    }

    fn add_column(&mut self, definition: &ColumnDefinition) -> Result<String, YdbError> {
        let ColumnDefinition { name, kind } = definition;
        if self.find(&name.text).is_some() {
            let message = format!("Cannot alter type for column '{}'", name.text);
            return Err(YdbError::query(message, Some(name.place)));
        }
        if !kind.nullable {
            let message = format!(
                "Cannot add NOT NULL column without default value: {}",
                name.text
            );
            return Err(YdbError::query(message, Some(name.place)));
        }
        let column = Column {
            name: name.text.clone(),
            kind: *kind,
        };
        let sql = column_sql(&column);
        self.columns.push(column);
        Ok(format!(
            "ALTER TABLE {} ADD COLUMN {sql}",
            quote(&self.path)
        ))
    }

    fn drop_column(&mut self, name: &Name) -> Result<String, YdbError> {
        let refuse = |message: String| YdbError::query(message, Some(name.place));
        self.column(name)?;
        if self.is_key(&name.text) {
            return Err(refuse(format!("Cannot drop key column: '{}'", name.text)));
        }
        let user = self.indexes.iter();
        let mut user = user.filter(|index| index.columns.contains(&name.text));
        if let Some(index) = user.next() {
            return Err(refuse(format!(
                "Cannot drop column '{}': the index '{}' has it",
                name.text, index.name
            )));
        }
        if self.ttl.iter().any(|(column, _)| *column == name.text) {
            let message = format!("Cannot drop TTL column: '{}', disable TTL first", name.text);
            return Err(refuse(message));
        }
        self.columns.retain(|column| column.name != name.text);
        let (table, column) = (quote(&self.path), quote(&name.text));
        Ok(format!("ALTER TABLE {table} DROP COLUMN {column}"))
    }

    fn add_index(&mut self, definition: &IndexDefinition) -> Result<String, YdbError> {
        let name = &definition.name;
        if self.indexes.iter().any(|index| index.name == name.text) {
            let message = format!("path exist: the index '{}'", name.text);
            return Err(YdbError::query(message, Some(name.place)));
        }
        for column in &definition.columns {
            self.column(column)?;
        }
        let index = Index::define(definition);
        let sql = self.index_sql(&index);
        self.indexes.push(index);
        Ok(sql)
    }

    fn drop_index(&mut self, name: &Name) -> Result<String, YdbError> {
        let place = self.indexes.iter().position(|one| one.name == name.text);
        let place = place.ok_or_else(|| {
            let mut error = YdbError::scheme(format!("No index '{}'", name.text));
            error.place = Some(name.place);
            error
        })?;
        let index = self.indexes.remove(place);
        Ok(format!(
            "DROP INDEX {}",
            quote(&self.index_name(&index.name))
        ))
    }

    fn set_ttl(&mut self, ttl: &Ttl) -> Result<(), YdbError> {
        self.column(&ttl.column)?;
        self.must_expire(&ttl.column)?;
        self.ttl = Some((ttl.column.text.clone(), ttl.seconds));
        Ok(())
    }
}
