//! What stands between two expressions, and IN.

use super::conversion::alike;
use super::plan::{Sql, Translator};
use super::relations::literals;
use crate::ydb::parameters::Parameter;
use crate::ydb::status::YdbError;
use crate::ydb::types::{ColumnType, Primitive, Storage};
use crate::ydb::yql::ast::{Expression, List, Name, Operator};

impl Translator<'_> {
    pub(super) fn binary(
        &mut self,
        operator: Operator,
        left: &Expression,
        right: &Expression,
        wanted: Option<Primitive>,
    ) -> Result<Sql, YdbError> {
        match operator {
            Operator::Or | Operator::And => {
                let (first, second) = (self.condition(left)?, self.condition(right)?);
                let nullable = first.is_nullable() || second.is_nullable();
                Ok(joined(
                    &first.text,
                    operator,
                    &second.text,
                    boolean(nullable),
                ))
            }
            Operator::Equal
            | Operator::NotEqual
            | Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual
            | Operator::Like => self.compare(operator, left, right),
            Operator::Coalesce => self.coalesce(left, right, wanted),
            Operator::Concatenate
            | Operator::Add
            | Operator::Subtract
            | Operator::Multiply
            | Operator::Divide
            | Operator::Remainder => self.arithmetic(operator, left, right, wanted),
        }
    }

    /// Both sides; a literal follows the type of the other one.
    fn sides(
        &mut self,
        left: &Expression,
        right: &Expression,
        wanted: Option<Primitive>,
    ) -> Result<(Sql, Sql), YdbError> {
        if left.is_literal() && !right.is_literal() {
            let right = self.expression(right, wanted)?;
            let left = self.expression(left, right.primitive().or(wanted))?;
            return Ok((left, right));
        }
        let left = self.expression(left, wanted)?;
        let right = self.expression(right, left.primitive().or(wanted))?;
        Ok((left, right))
    }

    fn compare(
        &mut self,
        operator: Operator,
        left: &Expression,
        right: &Expression,
    ) -> Result<Sql, YdbError> {
        let (first, second) = self.sides(left, right, None)?;
        let (first, second) = alike(first, second);
        self.must_compare(left, &first, &second)?;
        if operator == Operator::Like {
            self.must_be_text(left, &first)?;
            self.must_be_text(right, &second)?;
            let text = format!("yql_like({}, {})", first.text, second.text);
            let nullable = first.is_nullable() || second.is_nullable();
            return Ok(Sql::new(text, boolean(nullable)));
        }
        let nullable = first.is_nullable() || second.is_nullable();
        let storages = [&first, &second].map(|side| side.primitive().map(Primitive::storage));
        let (first, second) = (first.stored_as(storages[1]), second.stored_as(storages[0]));
        Ok(joined(&first, operator, &second, boolean(nullable)))
    }

    fn must_compare(&self, at: &Expression, first: &Sql, second: &Sql) -> Result<(), YdbError> {
        let (Some(one), Some(other)) = (first.primitive(), second.primitive()) else {
            return Ok(());
        };
        let good = one == other
            || (one.is_number() && other.is_number())
            || (one.is_text() && other.is_text());
        if good {
            return Ok(());
        }
        let (one, other) = (first.type_name(), second.type_name());
        Err(self.refuse(at, format!("Can't compare {one} with {other}")))
    }

    fn must_be_text(&self, at: &Expression, sql: &Sql) -> Result<(), YdbError> {
        match sql.primitive() {
            Some(primitive) if !primitive.is_text() => {
                let message = format!("Expected String or Utf8, got {}", sql.type_name());
                Err(self.refuse(at, message))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn coalesce(
        &mut self,
        left: &Expression,
        right: &Expression,
        wanted: Option<Primitive>,
    ) -> Result<Sql, YdbError> {
        let (first, second) = self.sides(left, right, wanted)?;
        let primitive = match (first.primitive(), second.primitive()) {
            (Some(one), Some(other)) if one != other => {
                let (one, other) = (first.type_name(), second.type_name());
                let message = format!("Can't choose between {one} and {other}");
                return Err(self.refuse(left, message));
            }
            (one, other) => one.or(other),
        };
        let nullable = first.is_nullable() && second.is_nullable();
        Ok(Sql {
            text: format!("COALESCE({}, {})", first.text, second.text),
            kind: primitive.map(|primitive| ColumnType {
                primitive,
                nullable,
            }),
        })
    }

    /// The first branch that holds; all values have one type, which a literal
    /// follows.
    pub(super) fn case(
        &mut self,
        branches: &[(Expression, Expression)],
        otherwise: &Expression,
        wanted: Option<Primitive>,
    ) -> Result<Sql, YdbError> {
        let values = || branches.iter().map(|(_, then)| then).chain([otherwise]);
        let bound = self.values.len();
        let mut named = None;
        for value in values().filter(|value| !value.is_literal()) {
            named = named.or(self.expression(value, wanted)?.primitive());
        }
        // Only the type was asked for.
        self.values.truncate(bound);
        let mut primitive = named.or(wanted);
        let (mut text, mut nullable) = ("CASE".to_owned(), false);
        for (when, then) in branches {
            let when = self.condition(when)?.text;
            let then = self.branch(then, &mut primitive, &mut nullable)?;
            text = format!("{text} WHEN {when} THEN {then}");
        }
        let otherwise = self.branch(otherwise, &mut primitive, &mut nullable)?;
        Ok(Sql {
            text: format!("({text} ELSE {otherwise} END)"),
            kind: primitive.map(|primitive| ColumnType {
                primitive,
                nullable,
            }),
        })
    }

    fn branch(
        &mut self,
        value: &Expression,
        primitive: &mut Option<Primitive>,
        nullable: &mut bool,
    ) -> Result<String, YdbError> {
        let sql = self.expression(value, *primitive)?;
        *nullable |= sql.is_nullable();
        match (*primitive, sql.primitive()) {
            (Some(one), Some(other)) if one != other => {
                let message = format!("Can't choose between {one} and {other}");
                Err(self.refuse(value, message))
            }
            (one, other) => {
                *primitive = one.or(other);
                Ok(sql.text)
            }
        }
    }

    fn arithmetic(
        &mut self,
        operator: Operator,
        left: &Expression,
        right: &Expression,
        wanted: Option<Primitive>,
    ) -> Result<Sql, YdbError> {
        let (first, second) = self.sides(left, right, wanted)?;
        let types = (first.primitive(), second.primitive());
        let primitive = match types {
            (Some(one), Some(other)) => result_type(operator, one, other),
            (one, other) => one.or(other),
        };
        let Some(primitive) = primitive else {
            let (one, other) = (first.type_name(), second.type_name());
            let message = format!("No {} of {one} and {other}", sign(operator));
            return Err(self.refuse(left, message));
        };
        // By zero it is null.
        let divides = matches!(operator, Operator::Divide | Operator::Remainder);
        let nullable = first.is_nullable() || second.is_nullable() || divides;
        let kind = ColumnType {
            primitive,
            nullable,
        };
        let sql = joined(&first.text, operator, &second.text, kind);
        if primitive == Primitive::String {
            // SQLite joins bytes to text.
            return Ok(Sql::new(format!("CAST({} AS BLOB)", sql.text), kind));
        }
        Ok(sql)
    }

    pub(super) fn is_in(
        &mut self,
        value: &Expression,
        list: &List,
        negated: bool,
    ) -> Result<Sql, YdbError> {
        let sought = self.expression(value, None)?;
        let storage = sought.primitive().map(Primitive::storage);
        let (items, kinds) = match list {
            List::Items(list) => self.items(list, &sought)?,
            List::Parameter(name) => self.list(name)?,
            List::Select(select) => {
                let (text, columns) = self.select(select)?;
                let [column] = &columns[..] else {
                    let message = "IN needs a SELECT of one column";
                    return Err(self.refuse(value, message));
                };
                (format!("({text})"), vec![Sql::new("", column.kind)])
            }
        };
        let mut nullable = sought.is_nullable();
        for kind in kinds {
            self.must_compare(value, &sought, &kind)?;
            nullable |= kind.is_nullable();
            let same = kind.primitive().map(Primitive::storage) == storage;
            if !same && !matches!(list, List::Items(_)) {
                let (one, other) = (sought.type_name(), kind.type_name());
                return Err(self.refuse(value, format!("Can't look for {one} among {other}")));
            }
        }
        let not = if negated { "NOT " } else { "" };
        let text = format!("({} {not}IN {items})", sought.text);
        Ok(Sql::new(text, boolean(nullable)))
    }

    /// Expressions between brackets, and their types.
    fn items(&mut self, list: &[Expression], sought: &Sql) -> Result<(String, Vec<Sql>), YdbError> {
        let storage = sought.primitive().map(Primitive::storage);
        let (mut texts, mut kinds) = (Vec::new(), Vec::new());
        for item in list {
            let sql = self.expression(item, sought.primitive())?;
            kinds.push(sql.clone());
            texts.push(sql.stored_as(storage));
        }
        Ok((format!("({})", texts.join(", ")), kinds))
    }

    /// A list that came as a parameter.
    fn list(&self, name: &Name) -> Result<(String, Vec<Sql>), YdbError> {
        match self.parameter_named(name)? {
            Parameter::List { kind, values } => Ok((literals(values), vec![Sql::new("", *kind)])),
            other => {
                let message = format!("IN needs a list, and ${} is {}", name.text, other.kind());
                Err(YdbError::query(message, Some(name.place)))
            }
        }
    }
}

fn boolean(nullable: bool) -> ColumnType {
    ColumnType {
        primitive: Primitive::Bool,
        nullable,
    }
}

fn joined(left: &str, operator: Operator, right: &str, kind: ColumnType) -> Sql {
    Sql::new(format!("({left} {} {right})", sign(operator)), kind)
}

fn sign(operator: Operator) -> &'static str {
    match operator {
        Operator::Or => "OR",
        Operator::And => "AND",
        Operator::Equal => "=",
        Operator::NotEqual => "<>",
        Operator::Less => "<",
        Operator::LessOrEqual => "<=",
        Operator::Greater => ">",
        Operator::GreaterOrEqual => ">=",
        Operator::Like => "LIKE",
        Operator::Coalesce => "??",
        Operator::Concatenate => "||",
        Operator::Add => "+",
        Operator::Subtract => "-",
        Operator::Multiply => "*",
        Operator::Divide => "/",
        Operator::Remainder => "%",
    }
}

/// The type of a sum, a product and so on; none when there is no such thing.
fn result_type(operator: Operator, left: Primitive, right: Primitive) -> Option<Primitive> {
    use Primitive::{Double, Interval, String, Timestamp, Utf8};
    match (operator, left, right) {
        (Operator::Concatenate, Utf8, Utf8) => Some(Utf8),
        (Operator::Concatenate, _, _) => (left.is_text() && right.is_text()).then_some(String),
        (Operator::Add | Operator::Subtract, Timestamp, Interval)
        | (Operator::Add, Interval, Timestamp) => Some(Timestamp),
        (Operator::Subtract, Timestamp, Timestamp)
        | (Operator::Add | Operator::Subtract, Interval, Interval) => Some(Interval),
        (Operator::Multiply | Operator::Divide, Interval, number) if number.is_integer() => {
            Some(Interval)
        }
        _ if !left.is_number() || !right.is_number() => None,
        _ if left.storage() == Storage::Real || right.storage() == Storage::Real => {
            Some(if left == right { left } else { Double })
        }
        _ => Some(wider(left, right)),
    }
}

/// Of two integers the larger one; of one size the unsigned one.
fn wider(left: Primitive, right: Primitive) -> Primitive {
    let rank = |primitive: Primitive| (primitive.bits(), !primitive.is_signed());
    if rank(left) >= rank(right) {
        left
    } else {
        right
    }
}
