//! Statements, as they were written.

mod expression;

pub(crate) use expression::{Expression, List, Operator};

use crate::ydb::parameters::ParameterType;
use crate::ydb::status::Place;
use crate::ydb::types::ColumnType;

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
    pub(crate) having: Option<Expression>,
    /// What `UNION ALL` adds, before the order and the limits, which are for all.
    pub(crate) also: Vec<Select>,
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
    /// `relation.*`
    AllOf(Name),
    /// An expression, maybe with a name.
    Expression {
        value: Expression,
        alias: Option<Name>,
    },
}
