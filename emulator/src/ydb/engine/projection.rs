//! SELECT, and what RETURNING gives back.

use super::plan::Translator;
use super::schema::{Column, Table, quote};
use crate::ydb::status::YdbError;
use crate::ydb::types::{ColumnType, Primitive};
use crate::ydb::yql::ast::{Direction, Expression, From, Projection, Select};

impl Translator<'_> {
    /// The list of what is read, and its columns.
    pub(super) fn projections(
        &mut self,
        projections: &[Projection],
    ) -> Result<(String, Vec<Column>), YdbError> {
        let mut texts = Vec::new();
        let mut columns = Vec::new();
        for projection in projections {
            match projection {
                Projection::Everything => {
                    let own = self
                        .table
                        .map(|table| table.columns.clone())
                        .unwrap_or_default();
                    texts.extend(own.iter().map(|column| quote(&column.name)));
                    columns.extend(own);
                }
                Projection::Expression { value, alias } => {
                    let name = match (alias, value) {
                        (Some(alias), _) => alias.text.clone(),
                        (None, Expression::Column(column)) => column.text.clone(),
                        (None, _) => format!("column{}", columns.len()),
                    };
                    let sql = self.expression(value)?;
                    texts.push(format!("{} AS {}", sql.text, quote(&name)));
                    let kind = sql.kind.unwrap_or(ColumnType::optional(Primitive::Utf8));
                    columns.push(Column { name, kind });
                }
            }
        }
        Ok((texts.join(", "), columns))
    }

    pub(super) fn returning(
        &mut self,
        returning: Option<&Vec<Projection>>,
    ) -> Result<(String, Option<Vec<Column>>), YdbError> {
        let Some(projections) = returning else {
            return Ok((String::new(), None));
        };
        let (text, columns) = self.projections(projections)?;
        Ok((format!(" RETURNING {text}"), Some(columns)))
    }

    /// Always with a WHERE, since `ON CONFLICT` may follow.
    pub(super) fn filter(&mut self, filter: Option<&Expression>) -> Result<String, YdbError> {
        match filter {
            Some(filter) => Ok(format!(" WHERE {}", self.expression(filter)?.text)),
            None => Ok(" WHERE 1".to_owned()),
        }
    }

    pub(super) fn select(&mut self, select: &Select) -> Result<(String, Vec<Column>), YdbError> {
        let (list, columns) = self.projections(&select.projections)?;
        let distinct = if select.distinct { "DISTINCT " } else { "" };
        let mut text = format!("SELECT {distinct}{list}");
        if let (Some(from), Some(table)) = (&select.from, self.table) {
            text += &source(from, table)?;
        }
        text += &self.filter(select.filter.as_ref())?;
        if !select.group_by.is_empty() {
            let mut keys = Vec::new();
            for key in &select.group_by {
                keys.push(self.expression(key)?.text);
            }
            text += " GROUP BY ";
            text += &keys.join(", ");
        }
        self.aliases = columns.iter().map(|column| column.name.clone()).collect();
        text += &self.order(select)?;
        self.aliases.clear();
        Ok((text, columns))
    }

    fn order(&mut self, select: &Select) -> Result<String, YdbError> {
        let mut keys = Vec::new();
        for (key, direction) in &select.order_by {
            let direction = match direction {
                Direction::Ascending => "ASC",
                Direction::Descending => "DESC",
            };
            keys.push(format!("{} {direction}", self.expression(key)?.text));
        }
        let mut text = String::new();
        if !keys.is_empty() {
            text += " ORDER BY ";
            text += &keys.join(", ");
        }
        match (&select.limit, &select.offset) {
            (Some(limit), _) => {
                text += " LIMIT ";
                text += &self.expression(limit)?.text;
            }
            (None, Some(_)) => text += " LIMIT -1",
            (None, None) => {}
        }
        if let Some(offset) = &select.offset {
            text += " OFFSET ";
            text += &self.expression(offset)?.text;
        }
        Ok(text)
    }
}

/// ` FROM table`, through an index when a view of it is named.
fn source(from: &From, table: &Table) -> Result<String, YdbError> {
    let text = format!(" FROM {}", quote(&table.path));
    let Some(view) = &from.view else {
        return Ok(text);
    };
    if !table.indexes.iter().any(|index| index.name == view.text) {
        let message = format!("Required global index not found, index name: {}", view.text);
        let mut error = YdbError::scheme(message);
        error.place = Some(view.place);
        return Err(error);
    }
    Ok(format!(
        "{text} INDEXED BY {}",
        quote(&table.index_name(&view.text))
    ))
}
