use super::ast::{Expression, Operator, Statement};
use super::parse;
use crate::ydb::status::Place;
use crate::ydb::types::{ColumnType, Primitive};

#[test]
fn the_migration_is_understood() {
    let script = parse(include_str!(
        "../../../../migrations/001_create_connections.sql"
    ));
    let script = script.expect("the migration");
    let [Statement::CreateTable(create), Statement::DropTable { .. }] = &script.statements[..]
    else {
        panic!("{script:?}");
    };
    assert_eq!(create.table.text, "connections");
    assert_eq!(
        create.columns[0].kind,
        ColumnType::required(Primitive::Utf8)
    );
    assert_eq!(
        create.columns[1].kind,
        ColumnType::optional(Primitive::Utf8)
    );
    assert_eq!(create.indexes[0].name.text, "idx_user_id");
    let ttl = create.ttl.as_ref().expect("a TTL");
    assert_eq!(
        (ttl.column.text.as_str(), ttl.seconds),
        ("connected_at", 86_400)
    );
}

#[test]
fn precedence_is_that_of_sql() {
    let script = parse("SELECT 1 + 2 * 3 = 7 AND NOT a IS NULL OR b").expect("an expression");
    let Statement::Select(select) = &script.statements[0] else {
        panic!("{script:?}");
    };
    let super::ast::Projection::Expression { value, .. } = &select.projections[0] else {
        panic!("{select:?}");
    };
    let Expression::Binary { operator, left, .. } = value else {
        panic!("{value:?}");
    };
    assert_eq!(*operator, Operator::Or);
    assert!(matches!(
        **left,
        Expression::Binary {
            operator: Operator::And,
            ..
        }
    ));
}

#[test]
fn goose_statements_are_understood() {
    for text in [
        "CREATE TABLE `goose_db_version` (version_id Uint64, is_applied Bool, tstamp Timestamp, PRIMARY KEY(version_id))",
        "-- bind declares\nDECLARE $p0 AS Int64;\nDECLARE $p1 AS Bool;\n\n-- origin query with numeric args replacement\nINSERT INTO `goose_db_version` (version_id, is_applied, tstamp) VALUES (CAST($p0 AS Uint64), $p1, CurrentUtcTimestamp())",
        "DELETE FROM `goose_db_version` WHERE version_id = $p0",
        "SELECT tstamp, is_applied FROM `goose_db_version` WHERE version_id = $p0 ORDER BY tstamp DESC LIMIT 1",
        "SELECT version_id, is_applied, tstamp AS __discard_column_tstamp FROM `goose_db_version` ORDER BY __discard_column_tstamp DESC",
        "SELECT MAX(version_id) FROM `goose_db_version`",
    ] {
        let script = parse(text).expect(text);
        assert_eq!(script.statements.len(), 1, "{text}");
    }
}

#[test]
fn a_parameters_name_may_be_quoted() {
    let plain = parse("DECLARE $id AS Int64; SELECT $id").expect("plain");
    let quoted = parse("DECLARE $`id` AS Int64; SELECT $`id`").expect("quoted");
    assert_eq!(quoted.declared[0].name, plain.declared[0].name);
    let error = parse("SELECT $``").expect_err("no name");
    assert!(error.message.contains("without a name"), "{error}");
}

#[test]
fn what_is_not_supported_is_refused_with_its_place() {
    for (text, word, row, column) in [
        ("SELECT 1\nFROM a LEFT SEMI JOIN b", "SEMI", 2, 13),
        ("SELECT 1 FROM a JOIN b USING (c)", "USING", 1, 24),
        ("ALTER TABLE a ADD CHANGEFEED c", "CHANGEFEED", 1, 19),
        ("DECLARE $a AS Dict<Utf8, Utf8>", "Dict", 1, 15),
        ("GRANT x", "GRANT", 1, 1),
        ("SELECT Digest::Md5(a)", "Digest", 1, 16),
        (
            "CREATE TABLE t (a Decimal, PRIMARY KEY (a))",
            "Decimal",
            1,
            19,
        ),
        ("SELECT 'a", "without its end", 1, 8),
        ("SELECT 1 FROM", "expected a table's name", 1, 10),
    ] {
        let error = parse(text).expect_err(text);
        assert!(error.message.contains(word), "{text}: {error}");
        assert_eq!(error.place, Some(Place { row, column }), "{text}");
    }
}
