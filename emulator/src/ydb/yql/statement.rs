//! Scripts and the statements that read and write rows.

use super::ast::{
    Declaration, Delete, Direction, From, Insert, InsertMode, Projection, Script, Select, Source,
    Statement, Update,
};
use super::cursor::Cursor;
use super::definition;
use super::expression::expression;
use super::lexer::Token;
use crate::ydb::status::YdbError;

/// Reads a whole script.
pub(crate) fn parse(text: &str) -> Result<Script, YdbError> {
    let mut cursor = Cursor::new(text)?;
    let mut script = Script::default();
    while !cursor.is_at_end() {
        if cursor.mark(";") {
            continue;
        }
        if cursor.keyword("DECLARE") {
            script.declared.push(declaration(&mut cursor)?);
        } else if cursor.keyword("PRAGMA") {
            pragma(&mut cursor, &mut script)?;
        } else {
            script.statements.push(statement(&mut cursor)?);
        }
        if !cursor.is_at_end() {
            cursor.expect_mark(";")?;
        }
    }
    Ok(script)
}

fn declaration(cursor: &mut Cursor) -> Result<Declaration, YdbError> {
    let place = cursor.place();
    let Some(Token::Parameter(name)) = cursor.peek().cloned() else {
        return Err(cursor.unexpected("a parameter"));
    };
    cursor.next();
    cursor.expect_keyword("AS")?;
    let kind = cursor.column_type()?;
    Ok(Declaration { name, kind, place })
}

/// `TablePathPrefix` counts; all others are passed over.
fn pragma(cursor: &mut Cursor, script: &mut Script) -> Result<(), YdbError> {
    let name = cursor.name("a pragma")?;
    if name.text.eq_ignore_ascii_case("TablePathPrefix") {
        let bracket = cursor.mark("(");
        if !bracket {
            cursor.expect_mark("=")?;
        }
        script.path_prefix = Some(cursor.text("a path")?);
        if bracket {
            cursor.expect_mark(")")?;
        }
        return Ok(());
    }
    while !cursor.is_at_end() && cursor.peek() != Some(&Token::Mark(";")) {
        cursor.next();
    }
    Ok(())
}

fn statement(cursor: &mut Cursor) -> Result<Statement, YdbError> {
    for (keyword, mode) in [
        ("INSERT", InsertMode::Insert),
        ("UPSERT", InsertMode::Upsert),
        ("REPLACE", InsertMode::Replace),
    ] {
        if cursor.keyword(keyword) {
            return insert(cursor, mode).map(Statement::Insert);
        }
    }
    if cursor.keyword("SELECT") {
        return select(cursor).map(Statement::Select);
    }
    if cursor.keyword("DELETE") {
        return delete(cursor).map(Statement::Delete);
    }
    if cursor.keyword("UPDATE") {
        return update(cursor).map(Statement::Update);
    }
    if cursor.keyword("CREATE") {
        return definition::create(cursor);
    }
    if cursor.keyword("DROP") {
        return definition::drop(cursor);
    }
    match cursor.peek() {
        Some(Token::Word(word)) => {
            let construct = format!("the statement {}", word.to_uppercase());
            Err(cursor.unsupported(&construct))
        }
        _ => Err(cursor.unexpected("a statement")),
    }
}

fn insert(cursor: &mut Cursor, mode: InsertMode) -> Result<Insert, YdbError> {
    cursor.expect_keyword("INTO")?;
    let table = cursor.name("a table's name")?;
    let columns = cursor.names("a column's name")?;
    let source = if cursor.keyword("VALUES") {
        Source::Values(cursor.list(|cursor| {
            cursor.expect_mark("(")?;
            let row = cursor.list(expression)?;
            cursor.expect_mark(")")?;
            Ok(row)
        })?)
    } else if cursor.keyword("SELECT") {
        Source::Select(Box::new(select(cursor)?))
    } else {
        return Err(cursor.unexpected("VALUES or SELECT"));
    };
    Ok(Insert {
        mode,
        table,
        columns,
        source,
        returning: returning(cursor)?,
    })
}

fn update(cursor: &mut Cursor) -> Result<Update, YdbError> {
    let table = cursor.name("a table's name")?;
    if cursor.is_keyword("ON") {
        return Err(cursor.unsupported("UPDATE … ON"));
    }
    cursor.expect_keyword("SET")?;
    let changes = cursor.list(|cursor| {
        let column = cursor.name("a column's name")?;
        cursor.expect_mark("=")?;
        Ok((column, expression(cursor)?))
    })?;
    Ok(Update {
        table,
        changes,
        filter: filter(cursor)?,
        returning: returning(cursor)?,
    })
}

fn delete(cursor: &mut Cursor) -> Result<Delete, YdbError> {
    cursor.expect_keyword("FROM")?;
    let table = cursor.name("a table's name")?;
    if cursor.is_keyword("ON") {
        return Err(cursor.unsupported("DELETE … ON"));
    }
    Ok(Delete {
        table,
        filter: filter(cursor)?,
        returning: returning(cursor)?,
    })
}

fn filter(cursor: &mut Cursor) -> Result<Option<super::ast::Expression>, YdbError> {
    if cursor.keyword("WHERE") {
        expression(cursor).map(Some)
    } else {
        Ok(None)
    }
}

fn returning(cursor: &mut Cursor) -> Result<Option<Vec<Projection>>, YdbError> {
    if cursor.keyword("RETURNING") {
        cursor.list(projection).map(Some)
    } else {
        Ok(None)
    }
}

fn projection(cursor: &mut Cursor) -> Result<Projection, YdbError> {
    if cursor.mark("*") {
        return Ok(Projection::Everything);
    }
    let value = expression(cursor)?;
    let alias = if cursor.keyword("AS") {
        Some(cursor.name("a column's name")?)
    } else {
        None
    };
    Ok(Projection::Expression { value, alias })
}

fn select(cursor: &mut Cursor) -> Result<Select, YdbError> {
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
    let order_by = if cursor.keywords("ORDER", "BY") {
        cursor.list(|cursor| Ok((expression(cursor)?, direction(cursor))))?
    } else {
        Vec::new()
    };
    let mut bound = |keyword| {
        let found = cursor.keyword(keyword);
        found.then(|| expression(cursor)).transpose()
    };
    let limit = bound("LIMIT")?;
    let offset = bound("OFFSET")?;
    if cursor.is_keyword("UNION") || cursor.is_keyword("HAVING") || cursor.is_keyword("WINDOW") {
        return Err(cursor.unsupported("UNION, HAVING or WINDOW"));
    }
    Ok(Select {
        distinct,
        projections,
        from,
        filter,
        group_by,
        order_by,
        limit,
        offset,
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
    if cursor.mark("(") {
        return Err(cursor.unsupported("a SELECT in FROM"));
    }
    let table = cursor.name("a table's name")?;
    let view = if cursor.keyword("VIEW") {
        Some(cursor.name("an index's name")?)
    } else {
        None
    };
    let alias = if cursor.keyword("AS") {
        Some(cursor.name("an alias")?)
    } else {
        None
    };
    for join in ["JOIN", "LEFT", "INNER", "CROSS", "RIGHT", "FULL"] {
        if cursor.is_keyword(join) {
            return Err(cursor.unsupported("JOIN"));
        }
    }
    Ok(From { table, view, alias })
}
