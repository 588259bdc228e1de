//! What SQLite lacks: YQL's CAST, LIKE and Unwrap as functions of a connection.

use jiff::{SpanRelativeTo, Timestamp, Unit};
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value as Stored, ValueRef};
use rusqlite::{Connection, Error};
use uuid::Uuid;

use crate::ydb::types::{Primitive, Storage};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Adds them to a connection.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("yql_cast", 3, flags, |context| {
        let (from, to) = (kind_at(context, 1)?, kind_at(context, 2)?);
        Ok(cast(context.get_raw(0), from, to))
    })?;
    connection.create_scalar_function("yql_convert", 3, flags, |context| {
        convert(
            context.get_raw(0),
            kind_at(context, 1)?,
            kind_at(context, 2)?,
        )
    })?;
    connection.create_scalar_function("yql_unwrap", 1, flags, |context| {
        match context.get_raw(0) {
            ValueRef::Null => Err(refusal("Failed to unwrap empty optional")),
            value => Stored::try_from(value).map_err(|error| refusal(&error.to_string())),
        }
    })?;
    connection.create_scalar_function("yql_like", 2, flags, |context| {
        let texts = text_at(context, 0).zip(text_at(context, 1));
        Ok(texts.map(|(text, pattern)| like(&text, &pattern)))
    })
}

fn refusal(message: &str) -> Error {
    Error::UserFunctionError(message.into())
}

fn kind_at(context: &Context<'_>, at: usize) -> rusqlite::Result<Primitive> {
    let name: String = context.get(at)?;
    Primitive::named(&name).ok_or_else(|| refusal(&format!("no type {name}")))
}

/// A value as a wider type. YDB takes the bits of a negative number for those of
/// an unsigned one; here it is refused.
fn convert(value: ValueRef<'_>, from: Primitive, to: Primitive) -> rusqlite::Result<Stored> {
    match (cast(value, from, to), value) {
        (Stored::Null, ValueRef::Integer(number)) => Err(refusal(&format!(
            "Failed to convert {number}: {from} to {to}; use CAST, this emulator does not reinterpret bits"
        ))),
        (converted, _) => Ok(converted),
    }
}

fn text_at(context: &Context<'_>, at: usize) -> Option<Vec<char>> {
    let (ValueRef::Text(bytes) | ValueRef::Blob(bytes)) = context.get_raw(at) else {
        return None;
    };
    Some(String::from_utf8_lossy(bytes).chars().collect())
}

/// `%` is any run of characters, `_` is one. Case counts. Where it doesn't fit,
/// only the last `%` takes one more: enough, and never slower than both lengths
/// multiplied.
fn like(text: &[char], pattern: &[char]) -> bool {
    let (mut at, mut next) = (0, 0);
    let mut run: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(next) {
            Some('%') => {
                run = Some((at, next));
                next += 1;
            }
            Some(wanted) if *wanted == '_' || *wanted == text[at] => {
                at += 1;
                next += 1;
            }
            _ => match &mut run {
                Some((from, percent)) => {
                    *from += 1;
                    (at, next) = (*from, *percent + 1);
                }
                None => return false,
            },
        }
    }
    pattern[next..].iter().all(|rest| *rest == '%')
}

/// Whether there is a cast at all, be it one that may fail.
pub(super) fn can_cast(from: Primitive, to: Primitive) -> bool {
    let plain = |kind: Primitive| kind.is_number() || kind == Primitive::Bool;
    let units = |kind: Primitive| kind.is_integer() || kind.is_time();
    from == to
        || (from.is_text() && to.is_text())
        || (from.is_text() && to == Primitive::Uuid)
        || (from == Primitive::Uuid && to.is_text())
        || (from.is_text() && (plain(to) || to.is_time()))
        || ((plain(from) || from.is_time()) && to.is_text())
        || (plain(from) && plain(to))
        || (units(from) && units(to))
}

/// A value as another type; null when it has none there.
fn cast(value: ValueRef<'_>, from: Primitive, to: Primitive) -> Stored {
    let cast = match value {
        ValueRef::Null => None,
        ValueRef::Blob(bytes) if from == Primitive::Uuid => cast_uuid(bytes, to),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            let text = std::str::from_utf8(bytes).ok();
            match to.storage() {
                Storage::Blob if to != Primitive::Uuid => Some(Stored::Blob(bytes.to_vec())),
                _ => text.and_then(|text| parse_text(text, to)),
            }
        }
        ValueRef::Integer(number) => cast_integer(number, from, to),
        ValueRef::Real(number) => cast_real(number, to),
    };
    cast.unwrap_or(Stored::Null)
}

/// YDB keeps a UUID with its first three fields turned round.
fn cast_uuid(bytes: &[u8], to: Primitive) -> Option<Stored> {
    if to == Primitive::Uuid {
        return Some(Stored::Blob(bytes.to_vec()));
    }
    let text = Uuid::from_bytes_le(bytes.try_into().ok()?).to_string();
    Some(match to.storage() {
        Storage::Blob => Stored::Blob(text.into_bytes()),
        Storage::Text | Storage::Integer | Storage::Real => Stored::Text(text),
    })
}

fn cast_integer(number: i64, from: Primitive, to: Primitive) -> Option<Stored> {
    match to.storage() {
        Storage::Text => Some(Stored::Text(to_text(number, from)?)),
        Storage::Blob => Some(Stored::Blob(to_text(number, from)?.into_bytes())),
        #[expect(
            clippy::cast_precision_loss,
            reason = "so does any conversion to Double"
        )]
        Storage::Real => Some(Stored::Real(number as f64)),
        Storage::Integer if to == Primitive::Bool => Some(Stored::Integer(i64::from(number != 0))),
        Storage::Integer => {
            let both_moments = unit(from).zip(unit(to));
            let units = match both_moments {
                Some((own, other)) => number.checked_mul(own)?.div_euclid(other),
                None => number,
            };
            to.range()
                .contains(&units)
                .then_some(Stored::Integer(units))
        }
    }
}

fn cast_real(number: f64, to: Primitive) -> Option<Stored> {
    match to.storage() {
        Storage::Real => Some(Stored::Real(number)),
        Storage::Text => Some(Stored::Text(number.to_string())),
        Storage::Blob => Some(Stored::Blob(number.to_string().into_bytes())),
        Storage::Integer if to == Primitive::Bool => {
            Some(Stored::Integer(i64::from(number != 0.0)))
        }
        Storage::Integer => {
            // Beyond this range whole numbers aren't exact anyway.
            if number.is_nan() || number.abs() >= 9.0e15 {
                return None;
            }
            #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
            let whole = number.trunc() as i64;
            to.range()
                .contains(&whole)
                .then_some(Stored::Integer(whole))
        }
    }
}

/// Microseconds that a moment's unit has.
fn unit(primitive: Primitive) -> Option<i64> {
    match primitive {
        Primitive::Timestamp => Some(1),
        Primitive::Datetime => Some(SECOND),
        Primitive::Date => Some(DAY),
        _ => None,
    }
}

fn to_text(number: i64, from: Primitive) -> Option<String> {
    if from == Primitive::Bool {
        return Some((number != 0).to_string());
    }
    let Some(unit) = unit(from) else {
        return Some(number.to_string());
    };
    let moment = Timestamp::from_microsecond(number.checked_mul(unit)?).ok()?;
    let text = moment.to_string();
    Some(match from {
        Primitive::Date => text.split('T').next().unwrap_or_default().to_owned(),
        _ => text,
    })
}

/// What a text says as a value of a type; none when it says nothing.
pub(super) fn parse_text(text: &str, to: Primitive) -> Option<Stored> {
    match to {
        Primitive::Bool => match text.to_ascii_lowercase().as_str() {
            "true" => Some(Stored::Integer(1)),
            "false" => Some(Stored::Integer(0)),
            _ => None,
        },
        Primitive::Timestamp | Primitive::Datetime => {
            let moment: Timestamp = text.parse().ok()?;
            let micros = moment.as_microsecond();
            Some(Stored::Integer(micros.div_euclid(unit(to)?)))
        }
        Primitive::Date => {
            let moment: Timestamp = format!("{text}T00:00:00Z").parse().ok()?;
            Some(Stored::Integer(moment.as_microsecond().div_euclid(DAY)))
        }
        Primitive::Interval => {
            let span: jiff::Span = text.parse().ok()?;
            let days = SpanRelativeTo::days_are_24_hours();
            let micros = span.total((Unit::Microsecond, days)).ok()?;
            if micros.abs() >= 9.0e15 {
                return None;
            }
            #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
            let micros = micros as i64;
            Some(Stored::Integer(micros))
        }
        number if number.is_integer() => {
            let number: i64 = text.parse().ok()?;
            to.range()
                .contains(&number)
                .then_some(Stored::Integer(number))
        }
        Primitive::Float | Primitive::Double => text.parse().ok().map(Stored::Real),
        Primitive::Uuid => {
            let value = Uuid::parse_str(text).ok()?;
            Some(Stored::Blob(value.to_bytes_le().to_vec()))
        }
        Primitive::String | Primitive::Yson => Some(Stored::Blob(text.as_bytes().to_vec())),
        _ => Some(Stored::Text(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn casts_fail_to_null() {
        use Primitive::{Bool, Date, Datetime, Int32, String, Timestamp, Uint8, Uint64, Utf8};
        let day = 1_767_225_600;
        for (value, from, to, expected) in [
            (ValueRef::Text(b"12"), Utf8, Uint64, Stored::Integer(12)),
            (ValueRef::Text(b"abc"), Utf8, Uint64, Stored::Null),
            (ValueRef::Integer(-1), Int32, Uint64, Stored::Null),
            (ValueRef::Integer(300), Int32, Uint8, Stored::Null),
            (
                ValueRef::Integer(5),
                Int32,
                String,
                Stored::Blob(b"5".to_vec()),
            ),
            (
                ValueRef::Integer(1),
                Bool,
                Utf8,
                Stored::Text("true".into()),
            ),
            (ValueRef::Blob(&[0xff]), String, Utf8, Stored::Null),
            (
                ValueRef::Integer(day),
                Datetime,
                Timestamp,
                Stored::Integer(day * SECOND),
            ),
            (
                ValueRef::Integer(day * SECOND + 7),
                Timestamp,
                Date,
                Stored::Integer(day / 86_400),
            ),
            (
                ValueRef::Integer(day / 86_400),
                Date,
                Utf8,
                Stored::Text("2026-01-01".into()),
            ),
            (ValueRef::Null, Utf8, Uint64, Stored::Null),
        ] {
            assert_eq!(cast(value, from, to), expected, "{value:?} {from} -> {to}");
        }
    }

    #[test]
    fn patterns_match_whole_texts_in_their_case() {
        for (text, pattern, expected) in [
            ("alice", "ali%", true),
            ("alice", "ALI%", false),
            ("alice", "%c_", true),
            ("alice", "alic", false),
            ("", "%", true),
        ] {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            assert_eq!(
                like(&chars(text), &chars(pattern)),
                expected,
                "{text} {pattern}"
            );
        }
    }

    /// Trying all runs of all percent signs would take longer than anybody waits.
    #[test]
    fn a_pattern_of_many_runs_is_decided_at_once() {
        let text: Vec<char> = "a".repeat(5000).chars().collect();
        let pattern: Vec<char> = "%a".repeat(50).chars().chain(['b']).collect();
        assert!(!like(&text, &pattern));
        let pattern: Vec<char> = "%a".repeat(50).chars().collect();
        assert!(like(&text, &pattern));
    }
}
