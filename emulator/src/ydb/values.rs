//! Values between protobuf and SQLite.

use rusqlite::types::{Value as Stored, ValueRef};
use ydb_grpc::ydb_proto as ydb;
use ydb_grpc::ydb_proto::value::Value as Wire;

use super::status::YdbError;
use super::types::{ColumnType, Primitive, Storage};

/// What SQLite keeps for a value; none when it doesn't fit the type. Unsigned
/// integers above 2⁶³ don't fit SQLite.
pub(crate) fn to_stored(primitive: Primitive, value: &ydb::Value) -> Option<Stored> {
    let stored = match (primitive.storage(), value.value.as_ref()?) {
        (_, Wire::NullFlagValue(_)) => Stored::Null,
        (Storage::Blob, Wire::Low128(low)) if primitive == Primitive::Uuid => {
            Stored::Blob([low.to_le_bytes(), value.high_128.to_le_bytes()].concat())
        }
        _ if primitive == Primitive::Uuid => return None,
        (Storage::Integer, Wire::BoolValue(value)) => Stored::Integer(i64::from(*value)),
        (Storage::Integer, Wire::Int32Value(value)) => Stored::Integer(i64::from(*value)),
        (Storage::Integer, Wire::Uint32Value(value)) => Stored::Integer(i64::from(*value)),
        (Storage::Integer, Wire::Int64Value(value)) => Stored::Integer(*value),
        (Storage::Integer, Wire::Uint64Value(value)) => {
            Stored::Integer(i64::try_from(*value).ok()?)
        }
        (Storage::Real, Wire::FloatValue(value)) => Stored::Real(f64::from(*value)),
        (Storage::Real, Wire::DoubleValue(value)) => Stored::Real(*value),
        (Storage::Text, Wire::TextValue(value)) => Stored::Text(value.clone()),
        (Storage::Blob, Wire::BytesValue(value)) => Stored::Blob(value.clone()),
        _ => return None,
    };
    Some(stored)
}

/// A stored value on the wire.
pub(crate) fn to_wire(kind: ColumnType, stored: ValueRef<'_>) -> Result<ydb::Value, YdbError> {
    if let (Primitive::Uuid, ValueRef::Blob(bytes)) = (kind.primitive, stored) {
        return uuid(bytes).ok_or_else(|| misfit(kind.primitive));
    }
    let value = match (kind.primitive, stored) {
        (_, ValueRef::Null) => Wire::NullFlagValue(0),
        (Primitive::Bool, ValueRef::Integer(value)) => Wire::BoolValue(value != 0),
        (primitive, ValueRef::Integer(value)) => integer(primitive, value)?,
        (Primitive::Float, ValueRef::Real(value)) => {
            #[expect(clippy::cast_possible_truncation, reason = "a Float has 32 bits")]
            let value = value as f32;
            Wire::FloatValue(value)
        }
        (Primitive::Double, ValueRef::Real(value)) => Wire::DoubleValue(value),
        (primitive, ValueRef::Text(text)) if primitive.storage() == Storage::Text => {
            Wire::TextValue(String::from_utf8_lossy(text).into_owned())
        }
        (primitive, ValueRef::Blob(bytes) | ValueRef::Text(bytes))
            if primitive.storage() == Storage::Blob =>
        {
            Wire::BytesValue(bytes.to_vec())
        }
        (primitive, _) => return Err(misfit(primitive)),
    };
    Ok(ydb::Value {
        value: Some(value),
        ..ydb::Value::default()
    })
}

/// Sixteen bytes as two halves, low bytes first.
fn uuid(bytes: &[u8]) -> Option<ydb::Value> {
    let (low, high) = bytes.split_at_checked(8)?;
    Some(ydb::Value {
        value: Some(Wire::Low128(u64::from_le_bytes(low.try_into().ok()?))),
        high_128: u64::from_le_bytes(high.try_into().ok()?),
        ..ydb::Value::default()
    })
}

fn integer(primitive: Primitive, value: i64) -> Result<Wire, YdbError> {
    let wire = match primitive {
        Primitive::Int8 | Primitive::Int16 | Primitive::Int32 => {
            i32::try_from(value).ok().map(Wire::Int32Value)
        }
        Primitive::Uint8
        | Primitive::Uint16
        | Primitive::Uint32
        | Primitive::Date
        | Primitive::Datetime => u32::try_from(value).ok().map(Wire::Uint32Value),
        Primitive::Int64 | Primitive::Interval => Some(Wire::Int64Value(value)),
        Primitive::Uint64 | Primitive::Timestamp => {
            u64::try_from(value).ok().map(Wire::Uint64Value)
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "so does any conversion to Double"
        )]
        Primitive::Double => Some(Wire::DoubleValue(value as f64)),
        #[expect(
            clippy::cast_precision_loss,
            reason = "so does any conversion to Float"
        )]
        Primitive::Float => Some(Wire::FloatValue(value as f32)),
        _ => None,
    };
    wire.ok_or_else(|| misfit(primitive))
}

fn misfit(primitive: Primitive) -> YdbError {
    YdbError::internal(format!("a stored value doesn't fit {}", primitive.name()))
}
