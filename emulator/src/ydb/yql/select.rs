//! SELECT: what follows the word itself.

use super::ast::{Direction, Expression, From, Join, JoinKind, Projection, Relation, Rows, Select};
use super::bound::{Bound, What};
use super::cursor::Cursor;
use super::expression::expression;
use super::lexer::Token;
use crate::ydb::status::YdbError;

pub(super) fn filter(cursor: &mut Cursor) -> Result<Option<Expression>, YdbError> {
    if cursor.keyword("WHERE") {
        expression(cursor).map(Some)
    } else {
        Ok(None)
    }
}

pub(super) fn projection(cursor: &mut Cursor) -> Result<Projection, YdbError> {
    if cursor.mark("*") {
        return Ok(Projection::Everything);
    }
    if let Some(relation) = cursor.all_of() {
        return Ok(Projection::AllOf(relation));
    }
    let value = expression(cursor)?;
    let alias = if cursor.keyword("AS") {
        Some(cursor.name("a column's name")?)
    } else {
        None
    };
    Ok(Projection::Expression { value, alias })
}

pub(super) fn select(cursor: &mut Cursor) -> Result<Select, YdbError> {
    cursor.deeper(whole)
}

fn whole(cursor: &mut Cursor) -> Result<Select, YdbError> {
    let mut select = core(cursor)?;
    while cursor.keyword("UNION") {
        if !cursor.keyword("ALL") {
            return Err(cursor.unsupported("UNION without ALL"));
        }
        cursor.expect_keyword("SELECT")?;
        select.also.push(core(cursor)?);
    }
    if cursor.keywords("ORDER", "BY") {
        select.order_by = cursor.list(|cursor| Ok((expression(cursor)?, direction(cursor))))?;
    }
    let mut bound = |keyword| {
        let found = cursor.keyword(keyword);
        found.then(|| expression(cursor)).transpose()
    };
    select.limit = bound("LIMIT")?;
    select.offset = bound("OFFSET")?;
    for other in ["WINDOW", "EXCEPT", "INTERSECT", "UNION"] {
        if cursor.is_keyword(other) {
            return Err(cursor.unsupported(&format!("{other} here")));
        }
    }
    Ok(select)
}

/// A SELECT as far as its groups: `UNION ALL` may follow.
fn core(cursor: &mut Cursor) -> Result<Select, YdbError> {
    let distinct = cursor.keyword("DISTINCT");
    let projections = cursor.list(projection)?;
    let from = if cursor.keyword("FROM") {
        Some(from(cursor)?)
    } else {
        None
    };
    let filter = filter(cursor)?;
    let group_by = if cursor.keywords("GROUP", "BY") {
        cursor.list(expression)?
    } else {
        Vec::new()
    };
    let having = if cursor.keyword("HAVING") {
        Some(expression(cursor)?)
    } else {
        None
    };
    Ok(Select {
        distinct,
        projections,
        from,
        filter,
        group_by,
        having,
        also: Vec::new(),
        order_by: Vec::new(),
        limit: None,
        offset: None,
    })
}

fn direction(cursor: &mut Cursor) -> Direction {
    if cursor.keyword("DESC") {
        Direction::Descending
    } else {
        cursor.keyword("ASC");
        Direction::Ascending
    }
}

fn from(cursor: &mut Cursor) -> Result<From, YdbError> {
    let first = relation(cursor)?;
    let mut joins = Vec::new();
    while let Some(kind) = join_kind(cursor)? {
        let relation = relation(cursor)?;
        let condition = if kind == JoinKind::Cross {
            None
        } else if cursor.is_keyword("USING") {
            return Err(cursor.unsupported("JOIN … USING"));
        } else {
            cursor.expect_keyword("ON")?;
            Some(expression(cursor)?)
        };
        joins.push(Join {
            kind,
            relation,
            condition,
        });
    }
    Ok(From { first, joins })
}

/// None when no JOIN follows.
fn join_kind(cursor: &mut Cursor) -> Result<Option<JoinKind>, YdbError> {
    if cursor.is_mark(",") {
        return Err(cursor.unsupported("a second table behind a comma"));
    }
    for (word, kind) in [
        ("INNER", JoinKind::Inner),
        ("LEFT", JoinKind::Left),
        ("RIGHT", JoinKind::Right),
        ("FULL", JoinKind::Full),
        ("CROSS", JoinKind::Cross),
    ] {
        if cursor.keyword(word) {
            for other in ["SEMI", "ONLY"] {
                if cursor.is_keyword(other) {
                    return Err(cursor.unsupported(&format!("a {word} {other} JOIN")));
                }
            }
            cursor.keyword("OUTER");
            cursor.expect_keyword("JOIN")?;
            return Ok(Some(kind));
        }
    }
    Ok(cursor.keyword("JOIN").then_some(JoinKind::Inner))
}

fn relation(cursor: &mut Cursor) -> Result<Relation, YdbError> {
    let rows = rows(cursor)?;
    let alias = if cursor.keyword("AS") {
        Some(cursor.name("an alias")?)
    } else {
        None
    };
    Ok(Relation { rows, alias })
}

fn rows(cursor: &mut Cursor) -> Result<Rows, YdbError> {
    if cursor.bracketed_select() {
        let select = select(cursor)?;
        cursor.expect_mark(")")?;
        return Ok(Rows::Select(Box::new(select)));
    }
    if let Some(Token::Parameter(name)) = cursor.peek().cloned() {
        return match cursor.bound(&name)? {
            Some(Bound {
                what: What::Select(select),
                height,
                ..
            }) => {
                cursor.saw_height(height);
                cursor.next();
                Ok(Rows::Select(select))
            }
            _ => Err(cursor.unexpected("a table, or AS_TABLE round a list")),
        };
    }
    if cursor.keyword("AS_TABLE") {
        cursor.expect_mark("(")?;
        let parameter = cursor.parameter()?;
        cursor.expect_mark(")")?;
        return Ok(Rows::Parameter(parameter));
    }
    let table = cursor.name("a table's name")?;
    let view = if cursor.keyword("VIEW") {
        Some(cursor.name("an index's name")?)
    } else {
        None
    };
    Ok(Rows::Table { table, view })
}
