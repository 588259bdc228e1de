//! Functions.

use rusqlite::types::Value as Stored;
use uuid::Uuid;

use super::functions::parse_text;
use super::plan::{Sql, Translator};
use crate::ydb::status::YdbError;
use crate::ydb::types::{ColumnType, Primitive};
use crate::ydb::yql::ast::{Expression, Name};

impl Translator<'_> {
    pub(super) fn call(
        &mut self,
        function: &Name,
        arguments: &[Expression],
        wanted: Option<Primitive>,
    ) -> Result<Sql, YdbError> {
        let name = function.text.to_ascii_uppercase();
        match (name.as_str(), arguments) {
            ("CURRENTUTCTIMESTAMP", []) => {
                let micros = self.now.as_microsecond();
                Ok(self.moment(Primitive::Timestamp, micros))
            }
            ("CURRENTUTCDATETIME", []) => {
                let seconds = self.now.as_second();
                Ok(self.moment(Primitive::Datetime, seconds))
            }
            ("CURRENTUTCDATE", []) => {
                let days = self.now.as_second().div_euclid(86_400);
                Ok(self.moment(Primitive::Date, days))
            }
            // What it depends on doesn't matter: one value a statement.
            ("RANDOMUUID", [_]) => {
                let value = Uuid::new_v4().to_bytes_le().to_vec();
                let text = self.bind(Stored::Blob(value));
                Ok(Sql::new(text, ColumnType::required(Primitive::Uuid)))
            }
            ("COUNT", [value]) => {
                let value = self.expression(value, None)?.text;
                let kind = ColumnType::required(Primitive::Uint64);
                Ok(Sql::new(format!("COUNT({value})"), kind))
            }
            ("MIN" | "MAX" | "SUM", [value]) => self.aggregate(&name, value),
            ("LENGTH" | "LEN", [value]) => {
                let sql = self.expression(value, None)?;
                let kind = ColumnType {
                    primitive: Primitive::Uint32,
                    nullable: sql.is_nullable(),
                };
                if sql
                    .primitive()
                    .is_some_and(|primitive| !primitive.is_text())
                {
                    let message = format!("No length of {}", sql.type_name());
                    return Err(self.refuse(value, message));
                }
                let text = format!("LENGTH(CAST({} AS BLOB))", sql.text);
                Ok(Sql::new(text, kind))
            }
            ("JUST", [value]) => {
                let value = self.expression(value, wanted)?;
                let kind = value.primitive().map(ColumnType::optional);
                Ok(Sql { kind, ..value })
            }
            ("UNWRAP", [value]) => {
                let value = self.expression(value, wanted)?;
                Ok(Sql {
                    text: format!("yql_unwrap({})", value.text),
                    kind: value.primitive().map(ColumnType::required),
                })
            }
            ("COALESCE", [left, right]) => self.coalesce(left, right, wanted),
            (_, [Expression::Text(text) | Expression::Utf8(text)]) => {
                self.typed_literal(function, text)
            }
            _ => Err(unsupported(function, arguments.len())),
        }
    }

    fn moment(&mut self, primitive: Primitive, units: i64) -> Sql {
        let text = self.bind(Stored::Integer(units));
        Sql::new(text, ColumnType::required(primitive))
    }

    /// MIN, MAX and SUM: null over no rows.
    fn aggregate(&mut self, name: &str, value: &Expression) -> Result<Sql, YdbError> {
        let sql = self.expression(value, None)?;
        let Some(primitive) = sql.primitive() else {
            return Err(self.refuse(value, format!("No {name} of NULL")));
        };
        let primitive = if name == "SUM" {
            let Some(sum) = sum_type(primitive) else {
                let message = format!("No SUM of {}", sql.type_name());
                return Err(self.refuse(value, message));
            };
            sum
        } else {
            primitive
        };
        let kind = ColumnType::optional(primitive);
        Ok(Sql::new(format!("{name}({})", sql.text), kind))
    }

    /// `Timestamp("…")`, `Interval("P1D")`, `Uint64("1")` …
    fn typed_literal(&mut self, function: &Name, text: &str) -> Result<Sql, YdbError> {
        let Some(primitive) = Primitive::named(&function.text) else {
            return Err(unsupported(function, 1));
        };
        let Some(value) = parse_text(text, primitive) else {
            let message = format!("{text:?} is no {primitive}");
            return Err(YdbError::query(message, Some(function.place)));
        };
        let text = self.bind(value);
        Ok(Sql::new(text, ColumnType::required(primitive)))
    }
}

fn unsupported(function: &Name, arguments: usize) -> YdbError {
    let message = format!(
        "the function {} with {arguments} arguments is not supported by this emulator",
        function.text
    );
    YdbError::query(message, Some(function.place))
}

fn sum_type(primitive: Primitive) -> Option<Primitive> {
    match primitive {
        Primitive::Float | Primitive::Double => Some(Primitive::Double),
        Primitive::Interval => Some(Primitive::Interval),
        integer if integer.is_integer() && integer.is_signed() => Some(Primitive::Int64),
        integer if integer.is_integer() => Some(Primitive::Uint64),
        _ => None,
    }
}
