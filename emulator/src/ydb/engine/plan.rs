//! Expressions to SQLite's SQL, with the types of their values.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::types::Value as Stored;

use super::schema::{Table, quote};
use crate::ydb::status::YdbError;
use crate::ydb::types::{ColumnType, Primitive, Storage};
use crate::ydb::values::Parameter;
use crate::ydb::yql::ast::{Expression, Name, Operator};

/// Statements are translated with it, one after the other.
pub(super) struct Translator<'a> {
    /// The table that columns belong to.
    pub(super) table: Option<&'a Table>,
    /// Names of projections, which ORDER BY may use.
    pub(super) aliases: Vec<String>,
    pub(super) parameters: &'a HashMap<String, Parameter>,
    pub(super) now: Timestamp,
    /// Values of `?1`, `?2` …
    pub(super) values: Vec<Stored>,
}

/// A translated expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sql {
    pub(super) text: String,
    /// None for a bare NULL.
    pub(super) kind: Option<ColumnType>,
}

impl Sql {
    fn new(text: impl Into<String>, kind: ColumnType) -> Self {
        Self {
            text: text.into(),
            kind: Some(kind),
        }
    }

    fn is_nullable(&self) -> bool {
        self.kind.is_none_or(|kind| kind.nullable)
    }

    fn storage(&self) -> Option<Storage> {
        self.kind.map(|kind| kind.primitive.storage())
    }

    /// Text and bytes compare as bytes in YQL and never equal in SQLite.
    pub(super) fn stored_as(self, storage: Option<Storage>) -> String {
        if self.storage() == Some(Storage::Text) && storage == Some(Storage::Blob) {
            format!("CAST({} AS BLOB)", self.text)
        } else {
            self.text
        }
    }
}

impl Translator<'_> {
    /// A value that SQLite gets beside the text.
    fn bind(&mut self, value: Stored) -> String {
        self.values.push(value);
        format!("?{}", self.values.len())
    }

    pub(super) fn expression(&mut self, expression: &Expression) -> Result<Sql, YdbError> {
        match expression {
            Expression::Null => Ok(Sql {
                text: "NULL".to_owned(),
                kind: None,
            }),
            Expression::Bool(value) => {
                let text = if *value { "1" } else { "0" };
                Ok(Sql::new(text, ColumnType::required(Primitive::Bool)))
            }
            Expression::Integer(value) => {
                let fits = i32::try_from(*value).is_ok();
                let primitive = if fits {
                    Primitive::Int32
                } else {
                    Primitive::Int64
                };
                Ok(Sql::new(value.to_string(), ColumnType::required(primitive)))
            }
            Expression::Decimal(value) => {
                let text = self.bind(Stored::Real(*value));
                Ok(Sql::new(text, ColumnType::required(Primitive::Double)))
            }
            Expression::Text(value) => {
                let text = self.bind(Stored::Text(value.clone()));
                Ok(Sql::new(text, ColumnType::required(Primitive::Utf8)))
            }
            Expression::Parameter(name) => self.parameter(name),
            Expression::Column(name) => self.column(name),
            Expression::CountAll => Ok(Sql::new(
                "COUNT(*)",
                ColumnType::required(Primitive::Uint64),
            )),
            Expression::Call {
                function,
                arguments,
            } => self.call(function, arguments),
            Expression::Cast { value, kind } => self.cast(value, *kind),
            Expression::Not(value) => self.prefixed("NOT ", value),
            Expression::Negative(value) => self.prefixed("-", value),
            Expression::Binary {
                operator,
                left,
                right,
            } => self.binary(*operator, left, right),
            Expression::IsNull { value, negated } => {
                let value = self.expression(value)?.text;
                let test = if *negated { "IS NOT NULL" } else { "IS NULL" };
                let kind = ColumnType::required(Primitive::Bool);
                Ok(Sql::new(format!("({value} {test})"), kind))
            }
            Expression::In {
                value,
                list,
                negated,
            } => self.is_in(value, list, *negated),
        }
    }

    fn parameter(&mut self, name: &Name) -> Result<Sql, YdbError> {
        let Some(parameter) = self.parameters.get(&name.text) else {
            let message = format!("Missing value for parameter: ${}", name.text);
            return Err(YdbError::bad_request(message));
        };
        let text = self.bind(parameter.value.clone());
        Ok(Sql::new(text, parameter.kind))
    }

    fn column(&mut self, name: &Name) -> Result<Sql, YdbError> {
        if self.aliases.contains(&name.text) {
            return Ok(Sql {
                text: quote(&name.text),
                kind: None,
            });
        }
        let Some(table) = self.table else {
            let message = format!(
                "Column references are not allowed without FROM: {}",
                name.text
            );
            return Err(YdbError::query(message, Some(name.place)));
        };
        let column = table.column(name)?;
        Ok(Sql::new(quote(&column.name), column.kind))
    }

    fn prefixed(&mut self, prefix: &str, value: &Expression) -> Result<Sql, YdbError> {
        let value = self.expression(value)?;
        Ok(Sql {
            text: format!("({prefix}{})", value.text),
            kind: value.kind,
        })
    }

    fn cast(&mut self, value: &Expression, primitive: Primitive) -> Result<Sql, YdbError> {
        let value = self.expression(value)?.text;
        let affinity = primitive.storage().affinity();
        // A cast may fail, and then it is null.
        Ok(Sql::new(
            format!("CAST({value} AS {affinity})"),
            ColumnType::optional(primitive),
        ))
    }

    fn binary(
        &mut self,
        operator: Operator,
        left: &Expression,
        right: &Expression,
    ) -> Result<Sql, YdbError> {
        let left = self.expression(left)?;
        let right = self.expression(right)?;
        let kind = result_type(operator, &left, &right);
        let (left_storage, right_storage) = (left.storage(), right.storage());
        let left = left.stored_as(right_storage);
        let right = right.stored_as(left_storage);
        let text = match sign(operator) {
            Some(sign) => format!("({left} {sign} {right})"),
            None => format!("COALESCE({left}, {right})"),
        };
        Ok(Sql { text, kind })
    }

    fn is_in(
        &mut self,
        value: &Expression,
        list: &[Expression],
        negated: bool,
    ) -> Result<Sql, YdbError> {
        let value = self.expression(value)?;
        let storage = value.storage();
        let nullable = value.is_nullable();
        let mut items = Vec::new();
        for item in list {
            items.push(self.expression(item)?.stored_as(storage));
        }
        let not = if negated { "NOT " } else { "" };
        let text = format!("({} {not}IN ({}))", value.text, items.join(", "));
        let kind = ColumnType {
            primitive: Primitive::Bool,
            nullable,
        };
        Ok(Sql::new(text, kind))
    }

    fn call(&mut self, function: &Name, arguments: &[Expression]) -> Result<Sql, YdbError> {
        let name = function.text.to_ascii_uppercase();
        match (name.as_str(), arguments) {
            ("CURRENTUTCTIMESTAMP", []) => Ok(Self::time(Primitive::Timestamp, self.now)),
            ("CURRENTUTCDATETIME", []) => Ok(Self::time(Primitive::Datetime, self.now)),
            ("CURRENTUTCDATE", []) => Ok(Self::time(Primitive::Date, self.now)),
            ("TIMESTAMP" | "DATETIME" | "DATE" | "INTERVAL", [Expression::Text(text)]) => {
                Self::time_literal(function, text)
            }
            ("COUNT", [value]) => {
                let value = self.expression(value)?.text;
                let kind = ColumnType::required(Primitive::Uint64);
                Ok(Sql::new(format!("COUNT({value})"), kind))
            }
            ("MIN" | "MAX" | "SUM", [value]) => {
                let value = self.expression(value)?;
                let kind = value.kind.map(|kind| aggregated(&name, kind));
                Ok(Sql {
                    text: format!("{name}({})", value.text),
                    kind,
                })
            }
            ("LENGTH" | "LEN", [value]) => {
                let value = self.expression(value)?;
                let kind = ColumnType {
                    primitive: Primitive::Uint32,
                    nullable: value.is_nullable(),
                };
                Ok(Sql::new(
                    format!("LENGTH(CAST({} AS BLOB))", value.text),
                    kind,
                ))
            }
            ("JUST", [value]) => {
                let value = self.expression(value)?;
                let kind = value.kind.map(|kind| ColumnType::optional(kind.primitive));
                Ok(Sql { kind, ..value })
            }
            ("UNWRAP", [value]) => {
                let value = self.expression(value)?;
                let kind = value.kind.map(|kind| ColumnType::required(kind.primitive));
                Ok(Sql { kind, ..value })
            }
            ("COALESCE", [left, right]) => self.binary(Operator::Coalesce, left, right),
            _ => {
                let count = arguments.len();
                let message = format!(
                    "the function {} with {count} arguments is not supported by this emulator",
                    function.text
                );
                Err(YdbError::query(message, Some(function.place)))
            }
        }
    }

    fn time(primitive: Primitive, time: Timestamp) -> Sql {
        let units = match primitive {
            Primitive::Timestamp => time.as_microsecond(),
            Primitive::Date => time.as_second().div_euclid(86_400),
            _ => time.as_second(),
        };
        Sql::new(units.to_string(), ColumnType::required(primitive))
    }

    fn time_literal(function: &Name, text: &str) -> Result<Sql, YdbError> {
        let refuse = || {
            let message = format!("{text:?} is no {}", function.text);
            YdbError::query(message, Some(function.place))
        };
        if function.text.eq_ignore_ascii_case("Interval") {
            let span: jiff::SignedDuration = text.parse().map_err(|_| refuse())?;
            let micros = i64::try_from(span.as_micros()).map_err(|_| refuse())?;
            let kind = ColumnType::required(Primitive::Interval);
            return Ok(Sql::new(micros.to_string(), kind));
        }
        let primitive = Primitive::named(&function.text).ok_or_else(refuse)?;
        let full = if primitive == Primitive::Date {
            format!("{text}T00:00:00Z")
        } else {
            text.to_owned()
        };
        let time: Timestamp = full.parse().map_err(|_| refuse())?;
        Ok(Self::time(primitive, time))
    }
}

/// The type of MIN, MAX and SUM: null over no rows.
fn aggregated(function: &str, kind: ColumnType) -> ColumnType {
    let primitive = match (function, kind.primitive) {
        ("SUM", Primitive::Float | Primitive::Double) => Primitive::Double,
        ("SUM", Primitive::Uint8 | Primitive::Uint16 | Primitive::Uint32 | Primitive::Uint64) => {
            Primitive::Uint64
        }
        ("SUM", _) => Primitive::Int64,
        (_, primitive) => primitive,
    };
    ColumnType::optional(primitive)
}

/// SQLite's sign; none where it has a function instead.
fn sign(operator: Operator) -> Option<&'static str> {
    let sign = match operator {
        Operator::Or => "OR",
        Operator::And => "AND",
        Operator::Equal => "=",
        Operator::NotEqual => "<>",
        Operator::Less => "<",
        Operator::LessOrEqual => "<=",
        Operator::Greater => ">",
        Operator::GreaterOrEqual => ">=",
        Operator::Like => "LIKE",
        Operator::Coalesce => return None,
        Operator::Concatenate => "||",
        Operator::Add => "+",
        Operator::Subtract => "-",
        Operator::Multiply => "*",
        Operator::Divide => "/",
        Operator::Remainder => "%",
    };
    Some(sign)
}

fn result_type(operator: Operator, left: &Sql, right: &Sql) -> Option<ColumnType> {
    let nullable = left.is_nullable() || right.is_nullable();
    let first = left.kind.or(right.kind)?.primitive;
    let (primitive, nullable) = match operator {
        Operator::Or
        | Operator::And
        | Operator::Equal
        | Operator::NotEqual
        | Operator::Less
        | Operator::LessOrEqual
        | Operator::Greater
        | Operator::GreaterOrEqual
        | Operator::Like => (Primitive::Bool, nullable),
        Operator::Coalesce => (first, right.is_nullable()),
        Operator::Concatenate | Operator::Add | Operator::Subtract | Operator::Multiply => {
            (first, nullable)
        }
        // By zero it is null.
        Operator::Divide | Operator::Remainder => (first, true),
    };
    Some(ColumnType {
        primitive,
        nullable,
    })
}
