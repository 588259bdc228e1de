//! Expressions to SQLite's SQL, with the types of their values.
//!
//! A literal takes the type that is wanted where it stands, if it fits; what else
//! changes its type without a CAST is in `conversion`.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::types::Value as Stored;

use super::relations::Scope;
use super::schema::Table;
use crate::ydb::parameters::Parameter;
use crate::ydb::status::{Place, YdbError};
use crate::ydb::types::{ColumnType, Primitive, Storage};
use crate::ydb::yql::ast::{Expression, Name};

/// Statements are translated with it, one after the other.
pub(super) struct Translator<'a> {
    /// What columns belong to.
    pub(super) scope: Vec<Scope>,
    /// Finds a table, as the script names it.
    pub(super) tables: &'a dyn Fn(&Name) -> Result<Table, YdbError>,
    /// Names of projections, which ORDER BY may use.
    pub(super) aliases: Vec<String>,
    pub(super) parameters: &'a HashMap<String, Parameter>,
    pub(super) now: Timestamp,
    /// Values of `?1`, `?2` …
    pub(super) values: Vec<Stored>,
    /// Where the statement is: for what has no better place.
    pub(super) place: Option<Place>,
}

/// A translated expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sql {
    pub(super) text: String,
    /// None for a bare NULL.
    pub(super) kind: Option<ColumnType>,
}

impl Sql {
    pub(super) fn new(text: impl Into<String>, kind: ColumnType) -> Self {
        Self {
            text: text.into(),
            kind: Some(kind),
        }
    }

    pub(super) fn is_nullable(&self) -> bool {
        self.kind.is_none_or(|kind| kind.nullable)
    }

    pub(super) fn primitive(&self) -> Option<Primitive> {
        self.kind.map(|kind| kind.primitive)
    }

    /// Text and bytes compare as bytes in YQL and never equal in SQLite.
    pub(super) fn stored_as(self, storage: Option<Storage>) -> String {
        let own = self.primitive().map(Primitive::storage);
        if own == Some(Storage::Text) && storage == Some(Storage::Blob) {
            format!("CAST({} AS BLOB)", self.text)
        } else {
            self.text
        }
    }

    /// The type's YQL name.
    pub(super) fn type_name(&self) -> String {
        self.kind
            .map_or_else(|| "Null".to_owned(), |kind| kind.to_string())
    }
}

impl Translator<'_> {
    /// A value that SQLite gets beside the text.
    pub(super) fn bind(&mut self, value: Stored) -> String {
        self.values.push(value);
        format!("?{}", self.values.len())
    }

    /// A refusal that names where the expression is.
    pub(super) fn refuse(&self, expression: &Expression, message: impl Into<String>) -> YdbError {
        YdbError::query(message, expression.place().or(self.place))
    }

    /// Any expression; a literal becomes what is wanted, if it fits.
    pub(super) fn expression(
        &mut self,
        expression: &Expression,
        wanted: Option<Primitive>,
    ) -> Result<Sql, YdbError> {
        match expression {
            Expression::Null
            | Expression::Bool(_)
            | Expression::Integer { .. }
            | Expression::Decimal(_)
            | Expression::Text(_)
            | Expression::Utf8(_) => Ok(self.literal(expression, wanted)),
            Expression::Parameter(name) => self.parameter(name),
            Expression::Column(name) => self.column(name),
            Expression::Member { relation, column } => self.member(relation, column),
            Expression::CountAll => {
                let kind = ColumnType::required(Primitive::Uint64);
                Ok(Sql::new("COUNT(*)", kind))
            }
            Expression::CountDistinct(value) => {
                let value = self.expression(value, None)?.text;
                let kind = ColumnType::required(Primitive::Uint64);
                Ok(Sql::new(format!("COUNT(DISTINCT {value})"), kind))
            }
            Expression::Case {
                branches,
                otherwise,
            } => self.case(branches, otherwise, wanted),
            Expression::Call {
                function,
                arguments,
            } => self.call(function, arguments, wanted),
            Expression::Cast { value, kind } => self.cast(value, *kind),
            Expression::Not(value) => {
                let value = self.condition(value)?;
                Ok(Sql {
                    text: format!("(NOT {})", value.text),
                    ..value
                })
            }
            Expression::Negative(value) => self.negative(value, wanted),
            Expression::Binary {
                operator,
                left,
                right,
            } => self.binary(*operator, left, right, wanted),
            Expression::IsNull { value, negated } => {
                let value = self.expression(value, None)?.text;
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

    /// An expression that is true, false or null.
    pub(super) fn condition(&mut self, expression: &Expression) -> Result<Sql, YdbError> {
        let sql = self.expression(expression, Some(Primitive::Bool))?;
        match sql.primitive() {
            None | Some(Primitive::Bool) => Ok(Sql {
                kind: Some(ColumnType {
                    primitive: Primitive::Bool,
                    nullable: sql.is_nullable(),
                }),
                ..sql
            }),
            Some(_) => {
                let message = format!("Expected Bool, got {}", sql.type_name());
                Err(self.refuse(expression, message))
            }
        }
    }

    fn literal(&mut self, literal: &Expression, wanted: Option<Primitive>) -> Sql {
        match literal {
            Expression::Bool(value) => {
                let text = if *value { "1" } else { "0" };
                Sql::new(text, ColumnType::required(Primitive::Bool))
            }
            Expression::Integer { value, kind } => self.integer(*value, *kind, wanted),
            Expression::Decimal(value) => {
                let float = wanted.filter(|wanted| wanted.storage() == Storage::Real);
                let kind = ColumnType::required(float.unwrap_or(Primitive::Double));
                Sql::new(self.bind(Stored::Real(*value)), kind)
            }
            Expression::Text(value) => {
                let texts = [Storage::Text, Storage::Blob];
                let kind = wanted.filter(|wanted| texts.contains(&wanted.storage()));
                self.text(value, kind.unwrap_or(Primitive::String))
            }
            Expression::Utf8(value) => self.text(value, Primitive::Utf8),
            _ => Sql {
                text: "NULL".to_owned(),
                kind: None,
            },
        }
    }

    fn text(&mut self, value: &str, primitive: Primitive) -> Sql {
        let stored = match primitive.storage() {
            Storage::Blob => Stored::Blob(value.as_bytes().to_vec()),
            Storage::Text | Storage::Integer | Storage::Real => Stored::Text(value.to_owned()),
        };
        Sql::new(self.bind(stored), ColumnType::required(primitive))
    }

    fn integer(&mut self, value: i64, suffix: Option<Primitive>, wanted: Option<Primitive>) -> Sql {
        let fitting = wanted.filter(|wanted| {
            wanted.storage() == Storage::Real
                || (wanted.is_integer() && wanted.range().contains(&value))
        });
        let primitive = match (suffix, fitting) {
            (Some(suffix), _) => suffix,
            (None, Some(fitting)) => fitting,
            (None, None) if i32::try_from(value).is_ok() => Primitive::Int32,
            (None, None) => Primitive::Int64,
        };
        let kind = ColumnType::required(primitive);
        if primitive.storage() == Storage::Real {
            #[expect(
                clippy::cast_precision_loss,
                reason = "so does any conversion to Double"
            )]
            return Sql::new(self.bind(Stored::Real(value as f64)), kind);
        }
        Sql::new(self.bind(Stored::Integer(value)), kind)
    }

    fn negative(&mut self, value: &Expression, wanted: Option<Primitive>) -> Result<Sql, YdbError> {
        if let Expression::Integer { value, kind } = value {
            return Ok(self.integer(-value, *kind, wanted));
        }
        let sql = self.expression(value, wanted)?;
        match sql.primitive() {
            Some(primitive) if primitive.is_number() || primitive == Primitive::Interval => {
                Ok(Sql {
                    text: format!("(-{})", sql.text),
                    ..sql
                })
            }
            _ => {
                let message = format!("Cannot negate {}", sql.type_name());
                Err(self.refuse(value, message))
            }
        }
    }

    /// A parameter that must be there.
    pub(super) fn parameter_named(&self, name: &Name) -> Result<&Parameter, YdbError> {
        self.parameters.get(&name.text).ok_or_else(|| {
            let message = format!("Missing value for parameter: ${}", name.text);
            YdbError {
                place: Some(name.place),
                ..YdbError::bad_request(message)
            }
        })
    }

    fn parameter(&mut self, name: &Name) -> Result<Sql, YdbError> {
        match self.parameter_named(name)?.clone() {
            Parameter::Plain { kind, value } => Ok(Sql::new(self.bind(value), kind)),
            list => {
                let message = format!("${} is {}, and a value is due", name.text, list.kind());
                Err(YdbError::query(message, Some(name.place)))
            }
        }
    }

    fn cast(&mut self, value: &Expression, to: Primitive) -> Result<Sql, YdbError> {
        let sql = self.expression(value, None)?;
        // A cast may fail, and then it is null.
        let kind = ColumnType::optional(to);
        let Some(from) = sql.primitive() else {
            return Ok(Sql::new("NULL", kind));
        };
        if !super::functions::can_cast(from, to) {
            let message = format!("CAST of {from} to {to} is not supported by this emulator");
            return Err(self.refuse(value, message));
        }
        let text = format!("yql_cast({}, '{from}', '{to}')", sql.text);
        Ok(Sql::new(text, kind))
    }
}
