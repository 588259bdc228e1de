//! `CASE` and `IF`.

use super::ast::{Expression, Operator};
use super::cursor::Cursor;
use super::expression::part;
use super::part::Part;
use crate::ydb::status::YdbError;

/// What follows `CASE`: conditions, or values that are compared with one.
pub(super) fn case(cursor: &mut Cursor) -> Result<Part, YdbError> {
    let sought = if cursor.is_keyword("WHEN") {
        None
    } else {
        Some(cursor.counted(part)?)
    };
    let mut branches = Vec::new();
    let mut height = 0;
    while cursor.keyword("WHEN") {
        let when = part(cursor)?;
        let when = match &sought {
            Some((sought, words)) => {
                cursor.repeat(*words)?;
                Part::binary(cursor, Operator::Equal, sought.clone(), when)?
            }
            None => when,
        };
        cursor.expect_keyword("THEN")?;
        let then = part(cursor)?;
        height = height.max(when.height).max(then.height);
        branches.push((when.value, then.value));
    }
    if branches.is_empty() {
        return Err(cursor.unexpected("WHEN"));
    }
    // YQL has no CASE without it.
    cursor.expect_keyword("ELSE")?;
    let otherwise = part(cursor)?;
    cursor.expect_keyword("END")?;
    let case = Expression::Case {
        branches,
        otherwise: Box::new(otherwise.value),
    };
    Part::round(cursor, height.max(otherwise.height), case)
}

/// What follows `IF(`.
pub(super) fn condition(cursor: &mut Cursor) -> Result<Part, YdbError> {
    let when = part(cursor)?;
    cursor.expect_mark(",")?;
    let then = part(cursor)?;
    let otherwise = if cursor.mark(",") {
        part(cursor)?
    } else {
        Part::leaf(Expression::Null)
    };
    cursor.expect_mark(")")?;
    let height = when.height.max(then.height).max(otherwise.height);
    let case = Expression::Case {
        branches: vec![(when.value, then.value)],
        otherwise: Box::new(otherwise.value),
    };
    Part::round(cursor, height, case)
}
