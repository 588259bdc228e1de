//! SELECT, and what RETURNING gives back.

use super::plan::{Sql, Translator};
use super::schema::{Column, quote};
use crate::ydb::status::YdbError;
use crate::ydb::types::{ColumnType, Primitive};
use crate::ydb::yql::ast::{Direction, Expression, Name, Projection, Select};

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
                Projection::Everything | Projection::AllOf(_) => {
                    let own = match projection {
                        Projection::AllOf(relation) => self.all_of(relation)?,
                        _ => self.everything()?,
                    };
                    let named = own.iter();
                    texts.extend(
                        named.map(|(text, column)| format!("{text} AS {}", quote(&column.name))),
                    );
                    columns.extend(own.into_iter().map(|(_, column)| column));
                }
                Projection::Expression { value, alias } => {
                    let name = match (alias, value) {
                        (Some(alias), _) => alias.text.clone(),
                        (None, Expression::Column(column) | Expression::Member { column, .. }) => {
                            column.text.clone()
                        }
                        (None, _) => format!("column{}", columns.len()),
                    };
                    let sql = self.expression(value, None)?;
                    texts.push(format!("{} AS {}", sql.text, quote(&name)));
                    let kind = sql.kind.unwrap_or(ColumnType::optional(Primitive::Utf8));
                    columns.push(Column { name, kind });
                }
            }
        }
        Ok((texts.join(", "), columns))
    }

    /// `*`, in YQL's own order, whatever the tables' is.
    fn everything(&self) -> Result<Vec<(String, Column)>, YdbError> {
        let mut own = Vec::new();
        for column in self.scope.iter().flat_map(|scope| &scope.columns) {
            let name = Name {
                text: column.name.clone(),
                place: self.place.unwrap_or_default(),
            };
            // Refuses a name that two tables have.
            own.push((self.column(&name)?.text, column.clone()));
        }
        own.sort_by(|one, other| one.1.name.cmp(&other.1.name));
        Ok(own)
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
            Some(filter) => Ok(format!(" WHERE {}", self.condition(filter)?.text)),
            None => Ok(" WHERE 1".to_owned()),
        }
    }

    /// A whole SELECT. What is outside of it isn't seen inside.
    pub(super) fn select(&mut self, select: &Select) -> Result<(String, Vec<Column>), YdbError> {
        let scope = std::mem::take(&mut self.scope);
        let aliases = std::mem::take(&mut self.aliases);
        let selected = self.selection(select);
        self.scope = scope;
        self.aliases = aliases;
        selected
    }

    fn selection(&mut self, select: &Select) -> Result<(String, Vec<Column>), YdbError> {
        let (mut text, columns) = if select.also.is_empty() {
            self.core(select)?
        } else {
            self.union(select)?
        };
        self.aliases = columns.iter().map(|column| column.name.clone()).collect();
        text += &self.order(select)?;
        Ok((text, columns))
    }

    /// A SELECT without its order and limits.
    fn core(&mut self, select: &Select) -> Result<(String, Vec<Column>), YdbError> {
        let from = self.from(select.from.as_ref())?;
        self.check_grouping(select)?;
        let (list, columns) = self.projections(&select.projections)?;
        let distinct = if select.distinct { "DISTINCT " } else { "" };
        let mut text = format!("SELECT {distinct}{list}{from}");
        text += &self.filter(select.filter.as_ref())?;
        if !select.group_by.is_empty() {
            let mut keys = Vec::new();
            for key in &select.group_by {
                keys.push(self.expression(key, None)?.text);
            }
            text += " GROUP BY ";
            text += &keys.join(", ");
        }
        if let Some(having) = &select.having {
            text += " HAVING ";
            text += &self.condition(having)?.text;
        }
        Ok((text, columns))
    }

    /// SELECTs one after the other. Their columns go by name, as YQL does it.
    fn union(&mut self, select: &Select) -> Result<(String, Vec<Column>), YdbError> {
        let (first, mut columns) = self.core(select)?;
        let mut parts = vec![first];
        for other in &select.also {
            let (text, own) = self.core(other)?;
            parts.push(text);
            self.merge(&mut columns, &own)?;
        }
        let names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
        let list = names.join(", ");
        let parts: Vec<String> = parts
            .iter()
            .map(|part| format!("SELECT {list} FROM ({part})"))
            .collect();
        let all = parts.join(" UNION ALL ");
        self.scope.clear();
        Ok((format!("SELECT {list} FROM ({all})"), columns))
    }

    /// Takes in the types of another SELECT's columns.
    fn merge(&self, columns: &mut [Column], own: &[Column]) -> Result<(), YdbError> {
        let refuse = |name: &str, what: &str| {
            let message = format!("UNION ALL: the column {name} {what}");
            YdbError::query(message, self.place)
        };
        if let Some(more) = own
            .iter()
            .find(|one| !columns.iter().any(|other| other.name == one.name))
        {
            return Err(refuse(
                &more.name,
                "is not in the first SELECT; this emulator wants it in all",
            ));
        }
        for column in columns {
            let other = own.iter().find(|other| other.name == column.name);
            let other = other.ok_or_else(|| {
                refuse(
                    &column.name,
                    "is not in all SELECTs; this emulator wants it there",
                )
            })?;
            if other.kind.primitive != column.kind.primitive {
                return Err(refuse(&column.name, "has more than one type"));
            }
            column.kind.nullable |= other.kind.nullable;
        }
        Ok(())
    }

    /// Beside aggregates only what is grouped by has one value.
    fn check_grouping(&self, select: &Select) -> Result<(), YdbError> {
        let values = || {
            select.projections.iter().filter_map(|one| match one {
                Projection::Everything | Projection::AllOf(_) => None,
                Projection::Expression { value, .. } => Some(value),
            })
        };
        if select.group_by.is_empty() && !values().any(Expression::aggregates) {
            return Ok(());
        }
        let grouped: Vec<&str> = select
            .group_by
            .iter()
            .flat_map(Expression::bare_columns)
            .map(|name| name.text.as_str())
            .collect();
        let stray = values()
            .flat_map(Expression::bare_columns)
            .find(|name| !grouped.contains(&name.text.as_str()));
        if let Some(name) = stray {
            let message = format!(
                "Column {} must either be a key column in GROUP BY or it should be used in aggregation function",
                name.text
            );
            return Err(YdbError::query(message, Some(name.place)));
        }
        let all = |one: &Projection| !matches!(one, Projection::Expression { .. });
        if select.projections.iter().any(all) {
            return Err(YdbError::query("* beside aggregates", self.place));
        }
        Ok(())
    }

    /// LIMIT and OFFSET.
    fn bound(&mut self, value: &Expression) -> Result<Sql, YdbError> {
        let sql = self.expression(value, Some(Primitive::Uint64))?;
        if sql.primitive().is_some_and(Primitive::is_integer) {
            return Ok(sql);
        }
        let message = format!("Expected Uint64, got {}", sql.type_name());
        Err(self.refuse(value, message))
    }

    fn order(&mut self, select: &Select) -> Result<String, YdbError> {
        let mut keys = Vec::new();
        for (key, direction) in &select.order_by {
            let direction = match direction {
                Direction::Ascending => "ASC",
                Direction::Descending => "DESC",
            };
            keys.push(format!("{} {direction}", self.expression(key, None)?.text));
        }
        let mut text = String::new();
        if !keys.is_empty() {
            text += " ORDER BY ";
            text += &keys.join(", ");
        }
        match (&select.limit, &select.offset) {
            (Some(limit), _) => {
                text += " LIMIT ";
                text += &self.bound(limit)?.text;
            }
            (None, Some(_)) => text += " LIMIT -1",
            (None, None) => {}
        }
        if let Some(offset) = &select.offset {
            text += " OFFSET ";
            text += &self.bound(offset)?.text;
        }
        Ok(text)
    }
}
