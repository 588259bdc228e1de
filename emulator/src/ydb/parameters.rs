//! Parameters of queries: plain values, lists of them, and lists of structs,
//! which serve as tables.

use std::fmt;

use rusqlite::types::Value as Stored;
use ydb_grpc::ydb_proto as ydb;
use ydb_grpc::ydb_proto::r#type::Type as Kind;

use super::status::YdbError;
use super::types::ColumnType;
use super::values::to_stored;

/// What a parameter may be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ParameterType {
    Plain(ColumnType),
    /// `List<T>`.
    List(ColumnType),
    /// `List<Struct<…>>`, members by name.
    Rows(Vec<(String, ColumnType)>),
}

/// A parameter as it came: its type and what SQLite is given.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Parameter {
    Plain {
        kind: ColumnType,
        value: Stored,
    },
    List {
        kind: ColumnType,
        values: Vec<Stored>,
    },
    Rows {
        members: Vec<(String, ColumnType)>,
        rows: Vec<Vec<Stored>>,
    },
}

impl ParameterType {
    /// Structs whose members come in any order.
    pub(crate) fn rows(mut members: Vec<(String, ColumnType)>) -> Self {
        members.sort_by(|one, other| one.0.cmp(&other.0));
        Self::Rows(members)
    }

    /// In protobuf.
    pub(crate) fn to_proto(&self) -> ydb::Type {
        let list = |item| ydb::Type {
            r#type: Some(Kind::ListType(Box::new(ydb::ListType {
                item: Some(Box::new(item)),
            }))),
        };
        match self {
            Self::Plain(kind) => kind.to_proto(),
            Self::List(kind) => list(kind.to_proto()),
            Self::Rows(members) => {
                let members = members.iter().map(|(name, kind)| ydb::StructMember {
                    name: name.clone(),
                    r#type: Some(kind.to_proto()),
                });
                list(ydb::Type {
                    r#type: Some(Kind::StructType(ydb::StructType {
                        members: members.collect(),
                    })),
                })
            }
        }
    }
}

impl fmt::Display for ParameterType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(kind) => kind.fmt(formatter),
            Self::List(kind) => write!(formatter, "List<{kind}>"),
            Self::Rows(members) => {
                let members: Vec<String> = members
                    .iter()
                    .map(|(name, kind)| format!("'{name}':{kind}"))
                    .collect();
                write!(formatter, "List<Struct<{}>>", members.join(","))
            }
        }
    }
}

impl Parameter {
    /// From the wire; refuses types that are not served.
    pub(crate) fn parse(name: &str, typed: &ydb::TypedValue) -> Result<Self, YdbError> {
        let refuse = |what: &str| YdbError::bad_request(format!("Parameter {name}: {what}"));
        let kind = typed
            .r#type
            .as_ref()
            .ok_or_else(|| refuse("its type is missing"))?;
        let nothing = ydb::Value::default();
        let value = typed.value.as_ref().unwrap_or(&nothing);
        let unsupported = "its type is not supported by this emulator (plain and optional types are, and lists of them or of structs of them)";
        if let Some(kind) = ColumnType::from_proto(kind) {
            let value = stored(kind, value).map_err(refuse)?;
            return Ok(Self::Plain { kind, value });
        }
        let item = list_item(kind).ok_or_else(|| refuse(unsupported))?;
        if let Some(kind) = ColumnType::from_proto(item) {
            let values = value.items.iter().map(|item| stored(kind, item));
            let values = values.collect::<Result<_, _>>().map_err(refuse)?;
            return Ok(Self::List { kind, values });
        }
        let members = members(item).ok_or_else(|| refuse(unsupported))?;
        let row = |row: &ydb::Value| -> Result<Vec<Stored>, &'static str> {
            if row.items.len() != members.len() {
                return Err("a struct has not as many items as its type has members");
            }
            let items = row.items.iter().zip(&members);
            items.map(|(item, (_, kind))| stored(*kind, item)).collect()
        };
        let rows = value.items.iter().map(row);
        let rows = rows.collect::<Result<_, _>>().map_err(refuse)?;
        Ok(Self::Rows { members, rows })
    }

    /// Its type.
    pub(crate) fn kind(&self) -> ParameterType {
        match self {
            Self::Plain { kind, .. } => ParameterType::Plain(*kind),
            Self::List { kind, .. } => ParameterType::List(*kind),
            Self::Rows { members, .. } => ParameterType::rows(members.clone()),
        }
    }
}

fn list_item(kind: &ydb::Type) -> Option<&ydb::Type> {
    match kind.r#type.as_ref()? {
        Kind::ListType(list) => list.item.as_deref(),
        _ => None,
    }
}

fn members(kind: &ydb::Type) -> Option<Vec<(String, ColumnType)>> {
    let Kind::StructType(kind) = kind.r#type.as_ref()? else {
        return None;
    };
    let member = |member: &ydb::StructMember| {
        let kind = ColumnType::from_proto(member.r#type.as_ref()?)?;
        Some((member.name.clone(), kind))
    };
    kind.members.iter().map(member).collect()
}

fn stored(kind: ColumnType, value: &ydb::Value) -> Result<Stored, &'static str> {
    let stored = to_stored(kind.primitive, value);
    match stored.ok_or("its value doesn't fit its type")? {
        Stored::Null if !kind.nullable => Err("it is null, and its type is not optional"),
        stored => Ok(stored),
    }
}
