//! Scripts and the statements that read and write rows.

use super::alteration;
use super::ast::{
    Declaration, Delete, Insert, InsertMode, Name, On, Projection, Script, Source, Statement,
    Update,
};
use super::bound::What;
use super::cursor::Cursor;
use super::definition;
use super::expression::expression;
use super::lexer::Token;
use super::select::{filter, projection, select};
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
        } else if let Some(Token::Parameter(name)) = cursor.peek().cloned() {
            cursor.next();
            bind(&mut cursor, name)?;
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
    let kind = cursor.parameter_type()?;
    Ok(Declaration { name, kind, place })
}

/// `$name = …`: an expression, or a SELECT between brackets.
fn bind(cursor: &mut Cursor, name: String) -> Result<(), YdbError> {
    cursor.expect_mark("=")?;
    cursor.bind(name, |cursor| {
        if cursor.bracketed_select() {
            let select = select(cursor)?;
            cursor.expect_mark(")")?;
            return Ok(What::Select(Box::new(select)));
        }
        Ok(What::Expression(Box::new(expression(cursor)?)))
    })
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
        return Ok(Statement::Select(Box::new(select(cursor)?)));
    }
    if cursor.keyword("DELETE") {
        return delete(cursor);
    }
    if cursor.keyword("UPDATE") {
        return update(cursor);
    }
    if cursor.keyword("CREATE") {
        return definition::create(cursor);
    }
    if cursor.keyword("ALTER") {
        return alteration::alter(cursor);
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
    let (columns, source) = rows(cursor)?;
    Ok(Insert {
        mode,
        table,
        columns,
        source,
        returning: returning(cursor)?,
    })
}

/// `(columns) VALUES …`, `(columns) SELECT …` or `SELECT …`.
fn rows(cursor: &mut Cursor) -> Result<(Option<Vec<Name>>, Source), YdbError> {
    let columns = if cursor.is_mark("(") {
        Some(cursor.names("a column's name")?)
    } else {
        None
    };
    let source = if columns.is_some() && cursor.keyword("VALUES") {
        Source::Values(cursor.list(|cursor| {
            cursor.expect_mark("(")?;
            let row = cursor.list(expression)?;
            cursor.expect_mark(")")?;
            Ok(row)
        })?)
    } else if cursor.keyword("SELECT") {
        Source::Select(Box::new(select(cursor)?))
    } else {
        return Err(cursor.unexpected("columns and VALUES, or SELECT"));
    };
    Ok((columns, source))
}

fn on(cursor: &mut Cursor, table: Name) -> Result<On, YdbError> {
    let (columns, source) = rows(cursor)?;
    Ok(On {
        table,
        columns,
        source,
        returning: returning(cursor)?,
    })
}

fn update(cursor: &mut Cursor) -> Result<Statement, YdbError> {
    let table = cursor.name("a table's name")?;
    if cursor.keyword("ON") {
        return on(cursor, table).map(Statement::UpdateOn);
    }
    cursor.expect_keyword("SET")?;
    let changes = cursor.list(|cursor| {
        let column = cursor.name("a column's name")?;
        cursor.expect_mark("=")?;
        Ok((column, expression(cursor)?))
    })?;
    Ok(Statement::Update(Update {
        table,
        changes,
        filter: filter(cursor)?,
        returning: returning(cursor)?,
    }))
}

fn delete(cursor: &mut Cursor) -> Result<Statement, YdbError> {
    cursor.expect_keyword("FROM")?;
    let table = cursor.name("a table's name")?;
    if cursor.keyword("ON") {
        return on(cursor, table).map(Statement::DeleteOn);
    }
    Ok(Statement::Delete(Delete {
        table,
        filter: filter(cursor)?,
        returning: returning(cursor)?,
    }))
}

fn returning(cursor: &mut Cursor) -> Result<Option<Vec<Projection>>, YdbError> {
    if cursor.keyword("RETURNING") {
        cursor.list(projection).map(Some)
    } else {
        Ok(None)
    }
}
