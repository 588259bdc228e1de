//! Statements and expressions, as they were written.

use crate::ydb::parameters::ParameterType;
use crate::ydb::status::Place;
use crate::ydb::types::{ColumnType, Primitive};

/// A script: declared parameters and statements.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Script {
    pub(crate) declared: Vec<Declaration>,
    /// `PRAGMA TablePathPrefix`.
    pub(crate) path_prefix: Option<String>,
    pub(crate) statements: Vec<Statement>,
}

/// `DECLARE $name AS Type`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Declaration {
    pub(crate) name: String,
    pub(crate) kind: ParameterType,
    pub(crate) place: Place,
}

/// A name in a script.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) place: Place,
}

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Statement {
    CreateTable(CreateTable),
    AlterTable(AlterTable),
    DropTable { table: Name, if_exists: bool },
    Insert(Insert),
    Update(Update),
    Delete(Delete),
    UpdateOn(On),
    DeleteOn(On),
    Select(Box<Select>),
}

impl Statement {
    /// Whether it changes the schema rather than rows.
    pub(crate) fn is_definition(&self) -> bool {
        matches!(
            self,
            Self::CreateTable(_) | Self::AlterTable(_) | Self::DropTable { .. }
        )
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CreateTable {
    pub(crate) table: Name,
    pub(crate) if_not_exists: bool,
    pub(crate) columns: Vec<ColumnDefinition>,
    pub(crate) primary_key: Vec<Name>,
    pub(crate) indexes: Vec<IndexDefinition>,
    pub(crate) ttl: Option<Ttl>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ColumnDefinition {
    pub(crate) name: Name,
    pub(crate) kind: ColumnType,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct IndexDefinition {
    pub(crate) name: Name,
    pub(crate) unique: bool,
    pub(crate) columns: Vec<Name>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ttl {
    pub(crate) column: Name,
    pub(crate) seconds: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AlterTable {
    pub(crate) table: Name,
    pub(crate) changes: Vec<Alteration>,
}

/// A change of a table, all of which an `ALTER TABLE` makes or none.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Alteration {
    AddColumn(ColumnDefinition),
    DropColumn(Name),
    AddIndex(IndexDefinition),
    DropIndex(Name),
    SetTtl(Ttl),
    ResetTtl,
}

/// What happens to a row whose key exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InsertMode {
    /// An error.
    Insert,
    /// Listed columns change.
    Upsert,
    /// The whole row changes.
    Replace,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Insert {
    pub(crate) mode: InsertMode,
    pub(crate) table: Name,
    /// None when the SELECT names them.
    pub(crate) columns: Option<Vec<Name>>,
    pub(crate) source: Source,
    pub(crate) returning: Option<Vec<Projection>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Source {
    Values(Vec<Vec<Expression>>),
    Select(Box<Select>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Update {
    pub(crate) table: Name,
    pub(crate) changes: Vec<(Name, Expression)>,
    pub(crate) filter: Option<Expression>,
    pub(crate) returning: Option<Vec<Projection>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Delete {
    pub(crate) table: Name,
    pub(crate) filter: Option<Expression>,
    pub(crate) returning: Option<Vec<Projection>>,
}

/// `UPDATE … ON` and `DELETE … ON`: the rows say themselves which they are.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct On {
    pub(crate) table: Name,
    /// None when the SELECT names them.
    pub(crate) columns: Option<Vec<Name>>,
    pub(crate) source: Source,
    pub(crate) returning: Option<Vec<Projection>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Select {
    pub(crate) distinct: bool,
    pub(crate) projections: Vec<Projection>,
    pub(crate) from: Option<From>,
    pub(crate) filter: Option<Expression>,
    pub(crate) group_by: Vec<Expression>,
    pub(crate) order_by: Vec<(Expression, Direction)>,
    pub(crate) limit: Option<Expression>,
    pub(crate) offset: Option<Expression>,
}

/// What a SELECT reads: one relation, and those that are joined to it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct From {
    pub(crate) first: Relation,
    pub(crate) joins: Vec<Join>,
}

/// Something with rows, and the name that its columns go by.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Relation {
    pub(crate) rows: Rows,
    pub(crate) alias: Option<Name>,
}

/// Where rows come from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Rows {
    Table {
        table: Name,
        /// `VIEW index`.
        view: Option<Name>,
    },
    /// `AS_TABLE($parameter)`.
    Parameter(Name),
    /// `(SELECT …)`.
    Select(Box<Select>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Join {
    pub(crate) kind: JoinKind,
    pub(crate) relation: Relation,
    /// None for a CROSS JOIN.
    pub(crate) condition: Option<Expression>,
}

/// Which side's rows stay without a partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JoinKind {
    Inner,
    Left,
    Right,
    Full,
    Cross,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Ascending,
    Descending,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Projection {
    /// `*`
    Everything,
    /// An expression, maybe with a name.
    Expression {
        value: Expression,
        alias: Option<Name>,
    },
}

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
            Self::CountAll => true,
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
            Self::Cast { value, .. }
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
