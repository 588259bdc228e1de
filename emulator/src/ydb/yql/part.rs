//! Expressions with their heights. What reads, plans and drops them calls itself
//! for each level, and SQLite as well: one that is too high would end the process.

use super::ast::{Expression, Operator};
use super::cursor::Cursor;
use crate::ydb::status::YdbError;

/// Levels of an expression: a guess on the low side. SQLite takes 1,000.
const HIGHEST: usize = 200;

/// A part of an expression.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) value: Expression,
    /// 1 for a constant or a column, and one more for everything round it.
    pub(super) height: usize,
}

impl Part {
    /// Without anything inside.
    pub(super) fn leaf(value: Expression) -> Self {
        Self { value, height: 1 }
    }

    /// Round parts of which the highest has `height`.
    pub(super) fn round(
        cursor: &Cursor,
        height: usize,
        value: Expression,
    ) -> Result<Self, YdbError> {
        if height >= HIGHEST {
            let what = format!("an expression of more than {HIGHEST} levels");
            return Err(cursor.unsupported(&what));
        }
        Ok(Self {
            value,
            height: height + 1,
        })
    }

    pub(super) fn binary(
        cursor: &Cursor,
        operator: Operator,
        left: Self,
        right: Self,
    ) -> Result<Self, YdbError> {
        let height = left.height.max(right.height);
        let value = Expression::Binary {
            operator,
            left: Box::new(left.value),
            right: Box::new(right.value),
        };
        Self::round(cursor, height, value)
    }
}
