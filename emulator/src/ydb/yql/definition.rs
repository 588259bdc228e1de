//! `CREATE TABLE` and `DROP TABLE`.

use super::ast::{ColumnDefinition, CreateTable, IndexDefinition, Statement, Ttl};
use super::cursor::Cursor;
use crate::ydb::status::YdbError;
use crate::ydb::types::ColumnType;

/// What follows `CREATE`.
pub(super) fn create(cursor: &mut Cursor) -> Result<Statement, YdbError> {
    if !cursor.keyword("TABLE") {
        return Err(cursor.unsupported("CREATE of anything but a TABLE"));
    }
    let if_not_exists = cursor.keyword("IF");
    if if_not_exists {
        cursor.expect_keyword("NOT")?;
        cursor.expect_keyword("EXISTS")?;
    }
    let table = cursor.name("a table's name")?;
    let mut create = CreateTable {
        table,
        if_not_exists,
        columns: Vec::new(),
        primary_key: Vec::new(),
        indexes: Vec::new(),
        ttl: None,
    };
    cursor.expect_mark("(")?;
    loop {
        item(cursor, &mut create)?;
        if !cursor.mark(",") || cursor.mark(")") {
            break;
        }
    }
    cursor.mark(")");
    if cursor.keyword("WITH") {
        cursor.expect_mark("(")?;
        create.ttl = Some(setting(cursor)?);
        cursor.expect_mark(")")?;
    }
    if create.primary_key.is_empty() {
        return Err(cursor.unexpected("a PRIMARY KEY in the table's definition"));
    }
    Ok(Statement::CreateTable(create))
}

/// A column, the key, or an index.
fn item(cursor: &mut Cursor, create: &mut CreateTable) -> Result<(), YdbError> {
    if cursor.keywords("PRIMARY", "KEY") {
        create.primary_key = cursor.names("a key column")?;
        return Ok(());
    }
    if cursor.is_keyword("FAMILY") || cursor.is_keyword("CHANGEFEED") {
        return Err(cursor.unsupported("FAMILY or CHANGEFEED in a table"));
    }
    if cursor.keyword("INDEX") {
        create.indexes.push(index(cursor)?);
        return Ok(());
    }
    create.columns.push(column(cursor)?);
    Ok(())
}

/// A column's name, its type, and whether it may be null.
pub(super) fn column(cursor: &mut Cursor) -> Result<ColumnDefinition, YdbError> {
    let name = cursor.name("a column's name")?;
    let primitive = cursor.primitive()?;
    let required = cursor.keywords("NOT", "NULL");
    cursor.keyword("NULL");
    Ok(ColumnDefinition {
        name,
        kind: ColumnType {
            primitive,
            nullable: !required,
        },
    })
}

pub(super) fn index(cursor: &mut Cursor) -> Result<IndexDefinition, YdbError> {
    let name = cursor.name("an index's name")?;
    cursor.expect_keyword("GLOBAL")?;
    let unique = cursor.keyword("UNIQUE");
    if cursor.is_keyword("ASYNC") || cursor.is_keyword("USING") {
        return Err(cursor.unsupported("an ASYNC or vector index"));
    }
    cursor.keyword("SYNC");
    cursor.expect_keyword("ON")?;
    let columns = cursor.names("an indexed column")?;
    if cursor.keyword("COVER") {
        // Every index of SQLite leads to the whole row.
        cursor.names("a covered column")?;
    }
    Ok(IndexDefinition {
        name,
        unique,
        columns,
    })
}

/// `TTL = Interval("P1D") ON column`, the only setting.
pub(super) fn setting(cursor: &mut Cursor) -> Result<Ttl, YdbError> {
    if !cursor.is_keyword("TTL") {
        return Err(cursor.unsupported_next("the table setting"));
    }
    cursor.next();
    cursor.expect_mark("=")?;
    cursor.expect_keyword("Interval")?;
    cursor.expect_mark("(")?;
    let place = cursor.place();
    let text = cursor.text("an ISO 8601 duration")?;
    let seconds = seconds(&text)
        .ok_or_else(|| YdbError::query(format!("{text:?} is not a duration"), Some(place)))?;
    cursor.expect_mark(")")?;
    cursor.expect_keyword("ON")?;
    let column = cursor.name("a column's name")?;
    if cursor.is_keyword("AS") {
        return Err(cursor.unsupported("TTL on a number column"));
    }
    Ok(Ttl { column, seconds })
}

/// An ISO 8601 duration in seconds.
pub(super) fn seconds(text: &str) -> Option<u32> {
    let span: jiff::Span = text.parse().ok()?;
    let days = jiff::SpanRelativeTo::days_are_24_hours();
    let total = span.total((jiff::Unit::Second, days)).ok()?;
    if !(0.0..=f64::from(u32::MAX)).contains(&total) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range was checked; parts of a second don't count"
    )]
    let whole = total as u32;
    Some(whole)
}

/// What follows `DROP`.
pub(super) fn drop(cursor: &mut Cursor) -> Result<Statement, YdbError> {
    if !cursor.keyword("TABLE") {
        return Err(cursor.unsupported("DROP of anything but a TABLE"));
    }
    let if_exists = cursor.keywords("IF", "EXISTS");
    let table = cursor.name("a table's name")?;
    Ok(Statement::DropTable { table, if_exists })
}
