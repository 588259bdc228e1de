//! `ALTER TABLE`.

use super::ast::{AlterTable, Alteration, Statement};
use super::cursor::Cursor;
use super::definition::{column, index, setting};
use crate::ydb::status::YdbError;

/// What follows `ALTER`.
pub(super) fn alter(cursor: &mut Cursor) -> Result<Statement, YdbError> {
    if !cursor.keyword("TABLE") {
        return Err(cursor.unsupported_next("ALTER"));
    }
    let table = cursor.name("a table's name")?;
    let changes = cursor.list(alteration)?;
    Ok(Statement::AlterTable(AlterTable { table, changes }))
}

fn alteration(cursor: &mut Cursor) -> Result<Alteration, YdbError> {
    if cursor.keywords("ADD", "INDEX") {
        return index(cursor).map(Alteration::AddIndex);
    }
    if cursor.keywords("DROP", "INDEX") {
        return cursor.name("an index's name").map(Alteration::DropIndex);
    }
    if cursor.keyword("SET") {
        cursor.expect_mark("(")?;
        let ttl = setting(cursor)?;
        cursor.expect_mark(")")?;
        return Ok(Alteration::SetTtl(ttl));
    }
    if cursor.keyword("RESET") {
        cursor.expect_mark("(")?;
        if !cursor.keyword("TTL") {
            return Err(cursor.unsupported_next("the table setting"));
        }
        cursor.expect_mark(")")?;
        return Ok(Alteration::ResetTtl);
    }
    if cursor.keyword("ADD") {
        refuse_others(cursor)?;
        cursor.keyword("COLUMN");
        return column(cursor).map(Alteration::AddColumn);
    }
    if cursor.keyword("DROP") {
        refuse_others(cursor)?;
        cursor.keyword("COLUMN");
        return cursor.name("a column's name").map(Alteration::DropColumn);
    }
    Err(cursor.unsupported_next("ALTER TABLE …"))
}

fn refuse_others(cursor: &Cursor) -> Result<(), YdbError> {
    for other in ["CHANGEFEED", "FAMILY"] {
        if cursor.is_keyword(other) {
            return Err(cursor.unsupported_next("ALTER TABLE …"));
        }
    }
    Ok(())
}
