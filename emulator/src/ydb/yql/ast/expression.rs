//! Expressions, as they were written.

use super::{Name, Select};
use crate::ydb::status::Place;
use crate::ydb::types::Primitive;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    Null,
    Bool(bool),
    Integer {
        value: i64,
        /// What its suffix says.
        kind: Option<Primitive>,
    },
    Decimal(f64),
    Text(String),
    /// With the suffix `u`.
    Utf8(String),
    Parameter(Name),
    Column(Name),
    /// `relation.column`.
    Member {
        relation: Name,
        column: Name,
    },
    Call {
        function: Name,
        arguments: Vec<Expression>,
    },
    CountAll,
    /// `COUNT(DISTINCT value)`.
    CountDistinct(Box<Expression>),
    /// `CASE WHEN … END` and `IF`.
    Case {
        branches: Vec<(Expression, Expression)>,
        otherwise: Box<Expression>,
    },
    Cast {
        value: Box<Expression>,
        kind: Primitive,
    },
    Not(Box<Expression>),
    Negative(Box<Expression>),
    Binary {
        operator: Operator,
        left: Box<Expression>,
        right: Box<Expression>,
    },
    IsNull {
        value: Box<Expression>,
        negated: bool,
    },
    In {
        value: Box<Expression>,
        list: List,
        negated: bool,
    },
}

/// What `IN` searches.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum List {
    Items(Vec<Expression>),
    /// A parameter that is a list.
    Parameter(Name),
    /// The only column of a SELECT.
    Select(Box<Select>),
}

impl Expression {
    /// Whether its type follows from where it stands.
    pub(crate) fn is_literal(&self) -> bool {
        match self {
            Self::Null | Self::Integer { .. } | Self::Decimal(_) | Self::Text(_) => true,
            Self::Negative(value) => value.is_literal(),
            _ => false,
        }
    }

    /// Where its first name is.
    pub(crate) fn place(&self) -> Option<Place> {
        match self {
            Self::Parameter(name) | Self::Column(name) | Self::Member { relation: name, .. } => {
                Some(name.place)
            }
            Self::Call { function, .. } => Some(function.place),
            _ => self.parts().into_iter().find_map(Self::place),
        }
    }

    /// Whether it makes one value of many rows.
    pub(crate) fn is_aggregate(&self) -> bool {
        match self {
            Self::CountAll | Self::CountDistinct(_) => true,
            Self::Call { function, .. } => {
                let names = ["COUNT", "MIN", "MAX", "SUM"];
                let own = |name: &&str| function.text.eq_ignore_ascii_case(name);
                names.iter().any(own)
            }
            _ => false,
        }
    }

    /// Whether it holds an aggregate.
    pub(crate) fn aggregates(&self) -> bool {
        self.is_aggregate() || self.parts().into_iter().any(Self::aggregates)
    }

    /// Columns that stand outside of aggregates.
    pub(crate) fn bare_columns(&self) -> Vec<&Name> {
        match self {
            Self::Column(name) | Self::Member { column: name, .. } => vec![name],
            _ if self.is_aggregate() => Vec::new(),
            _ => self
                .parts()
                .into_iter()
                .flat_map(Self::bare_columns)
                .collect(),
        }
    }

    fn parts(&self) -> Vec<&Self> {
        match self {
            Self::Null
            | Self::Bool(_)
            | Self::Integer { .. }
            | Self::Decimal(_)
            | Self::Text(_)
            | Self::Utf8(_)
            | Self::Parameter(_)
            | Self::Column(_)
            | Self::Member { .. }
            | Self::CountAll => Vec::new(),
            Self::Call { arguments, .. } => arguments.iter().collect(),
            Self::Case {
                branches,
                otherwise,
            } => {
                let pairs = branches.iter().flat_map(|(when, then)| [when, then]);
                pairs.chain([otherwise.as_ref()]).collect()
            }
            Self::Cast { value, .. }
            | Self::CountDistinct(value)
            | Self::Not(value)
            | Self::Negative(value)
            | Self::IsNull { value, .. } => vec![value],
            Self::Binary { left, right, .. } => vec![left, right],
            Self::In { value, list, .. } => {
                let items = match list {
                    List::Items(items) => items.as_slice(),
                    List::Parameter(_) | List::Select(_) => &[],
                };
                std::iter::once(value.as_ref()).chain(items).collect()
            }
        }
    }
}

/// Between two expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
    Coalesce,
    Concatenate,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}
