//! What a database knows of its tables.

use serde::{Deserialize, Serialize};

use crate::ydb::status::YdbError;
use crate::ydb::types::{ColumnType, Primitive, Storage};
use crate::ydb::yql::ast::{CreateTable, IndexDefinition, Name};

/// A table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Table {
    /// Absolute.
    pub(crate) path: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) primary_key: Vec<String>,
    pub(crate) indexes: Vec<Index>,
    /// Column, and seconds after which a row goes.
    pub(crate) ttl: Option<(String, u32)>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: ColumnType,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Index {
    pub(crate) name: String,
    pub(crate) unique: bool,
    pub(crate) columns: Vec<String>,
}

impl Table {
    /// Checks a definition.
    pub(crate) fn define(path: String, create: &CreateTable) -> Result<Self, YdbError> {
        let columns = create.columns.iter().map(|column| Column {
            name: column.name.text.clone(),
            kind: column.kind,
        });
        let table = Self {
            path,
            columns: columns.collect(),
            primary_key: texts(&create.primary_key),
            indexes: Vec::new(),
            ttl: create
                .ttl
                .as_ref()
                .map(|ttl| (ttl.column.text.clone(), ttl.seconds)),
        };
        let covered = create.indexes.iter().flat_map(|index| &index.columns);
        let ttl_column = create.ttl.iter().map(|ttl| &ttl.column);
        for name in create.primary_key.iter().chain(covered).chain(ttl_column) {
            table.column(name)?;
        }
        if let Some(ttl) = &create.ttl {
            table.must_expire(&ttl.column)?;
        }
        let indexes = create.indexes.iter().map(Index::define);
        Ok(Self {
            indexes: indexes.collect(),
            ..table
        })
    }

    /// Refuses a TTL on a column that has no time in it.
    pub(super) fn must_expire(&self, column: &Name) -> Result<(), YdbError> {
        if self.ttl_unit(&column.text).is_some() {
            return Ok(());
        }
        let message = format!("TTL needs a time column, and {} is none", column.text);
        Err(YdbError::query(message, Some(column.place)))
    }

    /// A column that must be there.
    pub(crate) fn column(&self, name: &Name) -> Result<&Column, YdbError> {
        self.find(&name.text).ok_or_else(|| {
            let message = format!("Member not found: {}", name.text);
            YdbError::query(message, Some(name.place))
        })
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    pub(crate) fn is_key(&self, name: &str) -> bool {
        self.primary_key.iter().any(|key| key == name)
    }

    /// How many units of a time column make a second, times 1 over the days'
    /// seconds: as (multiplier, divisor).
    pub(crate) fn ttl_unit(&self, column: &str) -> Option<(i64, i64)> {
        match self.find(column)?.kind.primitive {
            Primitive::Timestamp => Some((1_000_000, 1)),
            Primitive::Datetime => Some((1, 1)),
            Primitive::Date => Some((1, 86_400)),
            _ => None,
        }
    }

    /// SQLite's name of an index.
    pub(super) fn index_name(&self, index: &str) -> String {
        format!("{}:{index}", self.path)
    }

    /// SQLite's statements that make it.
    pub(crate) fn to_sql(&self) -> Vec<String> {
        let mut items: Vec<String> = self.columns.iter().map(column_sql).collect();
        items.push(format!("PRIMARY KEY ({})", quote_all(&self.primary_key)));
        let table = quote(&self.path);
        // With row ids, a single integer key would number itself.
        let items = items.join(", ");
        let mut statements = vec![format!(
            "CREATE TABLE {table} ({items}) STRICT, WITHOUT ROWID"
        )];
        statements.extend(self.indexes.iter().map(|index| self.index_sql(index)));
        statements
    }

    /// SQLite's statement that makes an index.
    pub(super) fn index_sql(&self, index: &Index) -> String {
        let unique = if index.unique { "UNIQUE " } else { "" };
        let name = quote(&self.index_name(&index.name));
        let (table, columns) = (quote(&self.path), quote_all(&index.columns));
        format!("CREATE {unique}INDEX {name} ON {table} ({columns})")
    }
}

impl Index {
    pub(super) fn define(definition: &IndexDefinition) -> Self {
        Self {
            name: definition.name.text.clone(),
            unique: definition.unique,
            columns: texts(&definition.columns),
        }
    }
}

/// SQLite checks what a column takes, so that nothing else is ever read.
pub(super) fn column_sql(column: &Column) -> String {
    let name = quote(&column.name);
    let primitive = column.kind.primitive;
    let affinity = primitive.storage().affinity();
    let null = if column.kind.nullable {
        ""
    } else {
        " NOT NULL"
    };
    let range = primitive.range();
    let check = if primitive.storage() != Storage::Integer || range == (i64::MIN..=i64::MAX) {
        String::new()
    } else {
        format!(
            " CHECK ({name} BETWEEN {} AND {})",
            range.start(),
            range.end()
        )
    };
    format!("{name} {affinity}{null}{check}")
}

fn texts(names: &[Name]) -> Vec<String> {
    names.iter().map(|name| name.text.clone()).collect()
}

/// A name as SQLite's identifier.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Names as a list of SQLite's identifiers.
pub(super) fn quote_all(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| quote(name)).collect();
    quoted.join(", ")
}
