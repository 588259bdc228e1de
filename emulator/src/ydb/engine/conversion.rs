//! What changes its type without a CAST: values for columns, moments that are compared.

use super::plan::Sql;
use crate::ydb::types::{ColumnType, Primitive};

/// SQL for a value as another type, when YDB converts it by itself; none when a
/// CAST is due. Numbers widen, a signed one also to an unsigned one of its size,
/// moments become finer, text becomes bytes.
pub(super) fn converted(text: &str, from: ColumnType, to: ColumnType) -> Option<String> {
    if from.nullable && !to.nullable {
        return None;
    }
    let (from, to) = (from.primitive, to.primitive);
    if from == to {
        return Some(text.to_owned());
    }
    if (from, to) == (Primitive::Utf8, Primitive::String) {
        return Some(format!("CAST({text} AS BLOB)"));
    }
    let rises = level(from)
        .zip(level(to))
        .is_some_and(|(own, other)| other > own);
    let refines = fineness(from)
        .zip(fineness(to))
        .is_some_and(|(own, other)| other > own);
    (rises || refines).then(|| format!("yql_convert({text}, '{from}', '{to}')"))
}

/// Two moments as the finer of their types; what isn't two moments stays.
pub(super) fn alike(one: Sql, other: Sql) -> (Sql, Sql) {
    let types = one.primitive().zip(other.primitive());
    match types.map(|(one, other)| (fineness(one), fineness(other))) {
        Some((Some(own), Some(others))) if own < others => (refined(one, &other), other),
        Some((Some(own), Some(others))) if own > others => {
            let other = refined(other, &one);
            (one, other)
        }
        _ => (one, other),
    }
}

fn refined(coarse: Sql, fine: &Sql) -> Sql {
    let types = coarse.kind.zip(fine.primitive());
    let converted = types.and_then(|(kind, primitive)| {
        let finer = ColumnType { primitive, ..kind };
        Some(Sql::new(converted(&coarse.text, kind, finer)?, finer))
    });
    converted.unwrap_or(coarse)
}

/// The order in which numbers widen.
fn level(number: Primitive) -> Option<u8> {
    match number {
        Primitive::Float => Some(128),
        Primitive::Double => Some(129),
        _ => number
            .is_integer()
            .then(|| number.bits() + u8::from(!number.is_signed())),
    }
}

/// The order in which moments become finer.
fn fineness(moment: Primitive) -> Option<u8> {
    match moment {
        Primitive::Date => Some(0),
        Primitive::Datetime => Some(1),
        Primitive::Timestamp => Some(2),
        _ => None,
    }
}
