//! Column types: their YQL names, their protobuf form, and how SQLite keeps
//! their values.

use std::fmt;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use ydb_grpc::ydb_proto as ydb;
use ydb_grpc::ydb_proto::r#type::{PrimitiveTypeId, Type as Kind};

/// A type without the question whether it may be null.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Primitive {
    Bool,
    Int8,
    Uint8,
    Int16,
    Uint16,
    Int32,
    Uint32,
    Int64,
    Uint64,
    Float,
    Double,
    Date,
    Datetime,
    Timestamp,
    Interval,
    String,
    Utf8,
    Yson,
    Json,
    JsonDocument,
    Uuid,
}

/// All of them with their names and protobuf ids.
const ALL: &[(Primitive, &str, PrimitiveTypeId)] = &[
    (Primitive::Bool, "Bool", PrimitiveTypeId::Bool),
    (Primitive::Int8, "Int8", PrimitiveTypeId::Int8),
    (Primitive::Uint8, "Uint8", PrimitiveTypeId::Uint8),
    (Primitive::Int16, "Int16", PrimitiveTypeId::Int16),
    (Primitive::Uint16, "Uint16", PrimitiveTypeId::Uint16),
    (Primitive::Int32, "Int32", PrimitiveTypeId::Int32),
    (Primitive::Uint32, "Uint32", PrimitiveTypeId::Uint32),
    (Primitive::Int64, "Int64", PrimitiveTypeId::Int64),
    (Primitive::Uint64, "Uint64", PrimitiveTypeId::Uint64),
    (Primitive::Float, "Float", PrimitiveTypeId::Float),
    (Primitive::Double, "Double", PrimitiveTypeId::Double),
    (Primitive::Date, "Date", PrimitiveTypeId::Date),
    (Primitive::Datetime, "Datetime", PrimitiveTypeId::Datetime),
    (
        Primitive::Timestamp,
        "Timestamp",
        PrimitiveTypeId::Timestamp,
    ),
    (Primitive::Interval, "Interval", PrimitiveTypeId::Interval),
    (Primitive::String, "String", PrimitiveTypeId::String),
    (Primitive::Utf8, "Utf8", PrimitiveTypeId::Utf8),
    (Primitive::Yson, "Yson", PrimitiveTypeId::Yson),
    (Primitive::Json, "Json", PrimitiveTypeId::Json),
    (
        Primitive::JsonDocument,
        "JsonDocument",
        PrimitiveTypeId::JsonDocument,
    ),
    (Primitive::Uuid, "Uuid", PrimitiveTypeId::Uuid),
];

/// What SQLite keeps a value as. The names are its own affinities, so that
/// nothing is turned into something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Storage {
    /// Whole numbers, booleans, times.
    Integer,
    /// Floating point.
    Real,
    /// UTF-8.
    Text,
    /// Bytes.
    Blob,
}

impl Primitive {
    /// By its YQL name, in any case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let found = ALL
            .iter()
            .find(|(_, own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(primitive, _, _)| *primitive)
    }

    /// Its YQL name.
    pub(crate) fn name(self) -> &'static str {
        let found = ALL.iter().find(|(own, _, _)| *own == self);
        found.map_or("Unknown", |(_, name, _)| name)
    }

    /// Whole numbers; times are none.
    pub(crate) fn is_integer(self) -> bool {
        self.bits() > 0
    }

    /// Whole numbers and floating point.
    pub(crate) fn is_number(self) -> bool {
        self.is_integer() || self.storage() == Storage::Real
    }

    /// What compares byte by byte.
    pub(crate) fn is_text(self) -> bool {
        matches!(self, Self::Utf8 | Self::String)
    }

    /// Moments and spans.
    pub(crate) fn is_time(self) -> bool {
        matches!(
            self,
            Self::Date | Self::Datetime | Self::Timestamp | Self::Interval
        )
    }

    /// How many bits an integer has; 0 for all else.
    pub(crate) fn bits(self) -> u8 {
        match self {
            Self::Int8 | Self::Uint8 => 8,
            Self::Int16 | Self::Uint16 => 16,
            Self::Int32 | Self::Uint32 => 32,
            Self::Int64 | Self::Uint64 => 64,
            _ => 0,
        }
    }

    pub(crate) fn is_signed(self) -> bool {
        matches!(
            self,
            Self::Int8 | Self::Int16 | Self::Int32 | Self::Int64 | Self::Interval
        )
    }

    /// The values of what is kept as an integer. SQLite has none above 2⁶³.
    pub(crate) fn range(self) -> RangeInclusive<i64> {
        match self {
            Self::Bool => 0..=1,
            Self::Int8 => i64::from(i8::MIN)..=i64::from(i8::MAX),
            Self::Int16 => i64::from(i16::MIN)..=i64::from(i16::MAX),
            Self::Int32 => i64::from(i32::MIN)..=i64::from(i32::MAX),
            Self::Uint8 => 0..=i64::from(u8::MAX),
            Self::Uint16 | Self::Date => 0..=i64::from(u16::MAX),
            Self::Uint32 | Self::Datetime => 0..=i64::from(u32::MAX),
            Self::Uint64 | Self::Timestamp => 0..=i64::MAX,
            _ => i64::MIN..=i64::MAX,
        }
    }

    fn id(self) -> PrimitiveTypeId {
        let found = ALL.iter().find(|(own, _, _)| *own == self);
        found.map_or(PrimitiveTypeId::Unspecified, |(_, _, id)| *id)
    }

    fn with_id(id: i32) -> Option<Self> {
        let found = ALL.iter().find(|(_, _, own)| *own as i32 == id);
        found.map(|(primitive, _, _)| *primitive)
    }

    /// How SQLite keeps it.
    pub(crate) fn storage(self) -> Storage {
        match self {
            Self::Bool
            | Self::Int8
            | Self::Uint8
            | Self::Int16
            | Self::Uint16
            | Self::Int32
            | Self::Uint32
            | Self::Int64
            | Self::Uint64
            | Self::Date
            | Self::Datetime
            | Self::Timestamp
            | Self::Interval => Storage::Integer,
            Self::Float | Self::Double => Storage::Real,
            Self::Utf8 | Self::Json | Self::JsonDocument => Storage::Text,
            Self::String | Self::Yson | Self::Uuid => Storage::Blob,
        }
    }
}

impl Storage {
    /// SQLite's name of a column type with this affinity.
    pub(crate) fn affinity(self) -> &'static str {
        match self {
            Self::Integer => "INTEGER",
            Self::Real => "REAL",
            Self::Text => "TEXT",
            Self::Blob => "BLOB",
        }
    }
}

/// A column's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ColumnType {
    /// Of its values.
    pub(crate) primitive: Primitive,
    /// Whether it may be null: `Optional<T>`.
    pub(crate) nullable: bool,
}

impl ColumnType {
    /// Never null.
    pub(crate) fn required(primitive: Primitive) -> Self {
        Self {
            primitive,
            nullable: false,
        }
    }

    /// `Optional<T>`.
    pub(crate) fn optional(primitive: Primitive) -> Self {
        Self {
            primitive,
            nullable: true,
        }
    }

    /// In protobuf.
    pub(crate) fn to_proto(self) -> ydb::Type {
        let plain = ydb::Type {
            r#type: Some(Kind::TypeId(self.primitive.id() as i32)),
        };
        if !self.nullable {
            return plain;
        }
        ydb::Type {
            r#type: Some(Kind::OptionalType(Box::new(ydb::OptionalType {
                item: Some(Box::new(plain)),
            }))),
        }
    }

    /// From protobuf; none for types that columns can't have here.
    pub(crate) fn from_proto(proto: &ydb::Type) -> Option<Self> {
        match proto.r#type.as_ref()? {
            Kind::TypeId(id) => Some(Self::required(Primitive::with_id(*id)?)),
            Kind::OptionalType(optional) => {
                let item = Self::from_proto(optional.item.as_deref()?)?;
                Some(Self::optional(item.primitive))
            }
            _ => None,
        }
    }
}

impl fmt::Display for Primitive {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nullable {
            write!(formatter, "Optional<{}>", self.primitive)
        } else {
            write!(formatter, "{}", self.primitive)
        }
    }
}
