//! What a SELECT reads: tables, lists of structs, other SELECTs, and their
//! joins.

use rusqlite::types::Value as Stored;

use super::plan::{Sql, Translator};
use super::schema::{Column, Table, quote};
use crate::ydb::parameters::Parameter;
use crate::ydb::status::YdbError;
use crate::ydb::types::ColumnType;
use crate::ydb::yql::ast::{From, JoinKind, Name, Relation, Rows};

/// Columns that expressions may name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scope {
    /// What SQLite calls the relation.
    name: String,
    /// What the query calls it; none when it needn't.
    alias: Option<String>,
    pub(super) columns: Vec<Column>,
}

impl Scope {
    /// A table that a statement changes.
    pub(super) fn of_table(table: &Table) -> Self {
        Self {
            name: table.path.clone(),
            alias: None,
            columns: table.columns.clone(),
        }
    }

    fn find(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    fn make_nullable(&mut self) {
        for column in &mut self.columns {
            column.kind = ColumnType::optional(column.kind.primitive);
        }
    }
}

impl Translator<'_> {
    /// A column of the only relation that has one of this name.
    pub(super) fn column(&self, name: &Name) -> Result<Sql, YdbError> {
        if self.aliases.contains(&name.text) {
            return Ok(Sql {
                text: quote(&name.text),
                kind: None,
            });
        }
        if self.scope.is_empty() {
            let message = format!(
                "Column references are not allowed without FROM: {}",
                name.text
            );
            return Err(YdbError::query(message, Some(name.place)));
        }
        let mut having = self
            .scope
            .iter()
            .filter(|one| one.find(&name.text).is_some());
        match (having.next(), having.next()) {
            (Some(scope), None) => self.member_of(scope, name),
            (None, _) => Err(not_found(name)),
            (Some(_), Some(_)) => {
                let message = format!("Column {} is in more than one table: name it", name.text);
                Err(YdbError::query(message, Some(name.place)))
            }
        }
    }

    /// `relation.column`.
    pub(super) fn member(&self, relation: &Name, column: &Name) -> Result<Sql, YdbError> {
        self.member_of(self.scope_named(relation)?, column)
    }

    fn scope_named(&self, relation: &Name) -> Result<&Scope, YdbError> {
        let named = |one: &&Scope| match &one.alias {
            Some(alias) => *alias == relation.text,
            None => one.name.rsplit('/').next() == Some(relation.text.as_str()),
        };
        self.scope.iter().find(named).ok_or_else(|| {
            let message = format!("Unknown correlation name: {}", relation.text);
            YdbError::query(message, Some(relation.place))
        })
    }

    /// `relation.*`, in YQL's own order.
    pub(super) fn all_of(&self, relation: &Name) -> Result<Vec<(String, Column)>, YdbError> {
        let scope = self.scope_named(relation)?;
        let named = |column: &Column| {
            let text = format!("{}.{}", quote(&scope.name), quote(&column.name));
            (text, column.clone())
        };
        let mut own: Vec<_> = scope.columns.iter().map(named).collect();
        own.sort_by(|one, other| one.1.name.cmp(&other.1.name));
        Ok(own)
    }

    fn member_of(&self, scope: &Scope, name: &Name) -> Result<Sql, YdbError> {
        let column = scope.find(&name.text).ok_or_else(|| not_found(name))?;
        let text = if self.scope.len() == 1 {
            quote(&column.name)
        } else {
            format!("{}.{}", quote(&scope.name), quote(&column.name))
        };
        Ok(Sql::new(text, column.kind))
    }

    /// ` FROM …`; from here on expressions see what is read.
    pub(super) fn from(&mut self, from: Option<&From>) -> Result<String, YdbError> {
        self.scope.clear();
        let Some(from) = from else {
            return Ok(String::new());
        };
        let (mut text, first) = self.relation(&from.first)?;
        self.scope.push(first);
        for join in &from.joins {
            let (relation, mut scope) = self.relation(&join.relation)?;
            if matches!(join.kind, JoinKind::Left | JoinKind::Full) {
                scope.make_nullable();
            }
            if matches!(join.kind, JoinKind::Right | JoinKind::Full) {
                self.scope.iter_mut().for_each(Scope::make_nullable);
            }
            self.scope.push(scope);
            let kind = match join.kind {
                JoinKind::Inner => "INNER",
                JoinKind::Left => "LEFT",
                JoinKind::Right => "RIGHT",
                JoinKind::Full => "FULL",
                JoinKind::Cross => "CROSS",
            };
            text = format!("{text} {kind} JOIN {relation}");
            if let Some(condition) = &join.condition {
                text = format!("{text} ON {}", self.condition(condition)?.text);
            }
        }
        Ok(format!(" FROM {text}"))
    }

    fn relation(&mut self, relation: &Relation) -> Result<(String, Scope), YdbError> {
        let alias = relation.alias.as_ref().map(|alias| alias.text.clone());
        let (text, columns, own) = match &relation.rows {
            Rows::Table { table, view } => {
                let found = (self.tables)(table)?;
                check_view(&found, view.as_ref())?;
                (quote(&found.path), found.columns, found.path)
            }
            Rows::Parameter(name) => {
                let (text, columns) = self.rows_of(name)?;
                (text, columns, format!("${}", name.text))
            }
            Rows::Select(select) => {
                let (text, columns) = self.select(select)?;
                let own = format!("select {}", self.scope.len());
                (format!("({text})"), columns, own)
            }
        };
        let name = alias.clone().unwrap_or(own);
        let text = format!("{text} AS {}", quote(&name));
        let scope = Scope {
            name,
            alias,
            columns,
        };
        Ok((text, scope))
    }

    /// A list of structs as a table.
    fn rows_of(&self, name: &Name) -> Result<(String, Vec<Column>), YdbError> {
        let (members, rows) = match self.parameter_named(name)? {
            Parameter::Rows { members, rows } => (members, rows),
            other => {
                let message = format!("AS_TABLE needs a list of structs, not {}", other.kind());
                return Err(YdbError::query(message, Some(name.place)));
            }
        };
        let named: Vec<String> = members
            .iter()
            .zip(1..)
            .map(|((name, _), number)| format!("column{number} AS {}", quote(name)))
            .collect();
        let listed: Vec<String> = rows.iter().map(|row| literals(row)).collect();
        let values = if listed.is_empty() {
            let nulls = vec![Stored::Null; members.len()];
            format!("VALUES {} LIMIT 0", literals(&nulls))
        } else {
            format!("VALUES {}", listed.join(", "))
        };
        let columns = members.iter().map(|(name, kind)| Column {
            name: name.clone(),
            kind: *kind,
        });
        let text = format!("(SELECT {} FROM ({values}))", named.join(", "));
        Ok((text, columns.collect()))
    }
}

fn not_found(name: &Name) -> YdbError {
    YdbError::query(format!("Member not found: {}", name.text), Some(name.place))
}

/// An index that is named must be there; SQLite finds by itself which one
/// helps, and `INDEXED BY` would refuse what an index can't answer.
fn check_view(table: &Table, view: Option<&Name>) -> Result<(), YdbError> {
    let Some(view) = view else { return Ok(()) };
    if table.indexes.iter().any(|index| index.name == view.text) {
        return Ok(());
    }
    let message = format!("Required global index not found, index name: {}", view.text);
    let mut error = YdbError::scheme(message);
    error.place = Some(view.place);
    Err(error)
}

/// Values between brackets. They stand in the text, since a statement binds a
/// limited number of values and lists have no limit.
pub(super) fn literals(values: &[Stored]) -> String {
    let texts: Vec<String> = values.iter().map(literal).collect();
    format!("({})", texts.join(", "))
}

fn literal(value: &Stored) -> String {
    match value {
        Stored::Null => "NULL".to_owned(),
        Stored::Integer(number) => number.to_string(),
        Stored::Real(number) if number.is_nan() => "NULL".to_owned(),
        Stored::Real(number) if number.is_infinite() && *number > 0.0 => "9e999".to_owned(),
        Stored::Real(number) if number.is_infinite() => "-9e999".to_owned(),
        Stored::Real(number) => format!("{number:?}"),
        // SQLite's text ends at a zero.
        Stored::Text(text) if text.contains('\0') => {
            let bytes = hexadecimal(text.as_bytes());
            format!("CAST(X'{bytes}' AS TEXT)")
        }
        Stored::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Stored::Blob(bytes) => {
            format!("X'{}'", hexadecimal(bytes))
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let digits = digits.filter_map(|digit| char::from_digit(u32::from(digit), 16));
    digits.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_what_sqlite_reads_back() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        for value in [
            Stored::Null,
            Stored::Integer(i64::MIN),
            Stored::Real(1e300),
            Stored::Real(f64::NEG_INFINITY),
            Stored::Text("it's \"quoted\" \n".to_owned()),
            Stored::Text("a\0b".to_owned()),
            Stored::Blob(vec![0, 255]),
        ] {
            let sql = format!(
                "SELECT * FROM (VALUES {})",
                literals(std::slice::from_ref(&value))
            );
            let read: Stored = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
            assert_eq!(read, value, "{sql}");
        }
    }
}
