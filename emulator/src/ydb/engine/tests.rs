use std::collections::HashMap;
use std::time::Duration;

use rusqlite::types::Value;
use ydb_grpc::ydb_proto as ydb;
use ydb_grpc::ydb_proto::status_ids::StatusCode;
use ydb_grpc::ydb_proto::value::Value as Wire;

use super::{Database, IdleConnections, Mode, Query, Rights};
use crate::clock::Clock;
use crate::ydb::parameters::Parameter;
use crate::ydb::status::YdbError;
use crate::ydb::types::{ColumnType, Primitive};

pub(super) struct Fixture {
    database: Database,
    clock: Clock,
    _folder: tempfile::TempDir,
}

pub(super) fn fixture() -> Fixture {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = Clock::default();
    let database = Database::create(
        "/ru/cloud/db",
        "f",
        "db",
        folder.path(),
        clock.clone(),
        IdleConnections::default(),
        1000,
    );
    let fixture = Fixture {
        database: database.expect("a database"),
        clock,
        _folder: folder,
    };
    let up = include_str!("../../../../migrations/001_create_connections.sql");
    let up = up.split("-- +goose Down").next().expect("the first part");
    fixture.run(up).expect("the migration");
    fixture
}

impl Fixture {
    pub(super) fn run(&self, text: &str) -> Result<Vec<ydb::ResultSet>, YdbError> {
        self.database.run_alone(&query(text, &[]))
    }

    pub(super) fn rows(&self, text: &str) -> Vec<Vec<Option<Wire>>> {
        rows(&self.run(text).expect(text))
    }
}

fn rows(results: &[ydb::ResultSet]) -> Vec<Vec<Option<Wire>>> {
    let items = |row: &ydb::Value| row.items.iter().map(|item| item.value.clone()).collect();
    results[0].rows.iter().map(items).collect()
}

fn query(text: &str, parameters: &[(&str, &str)]) -> Query {
    let parameters: HashMap<String, Parameter> = parameters
        .iter()
        .map(|(name, value)| {
            let kind = ColumnType::required(Primitive::Utf8);
            let value = Value::Text((*value).to_owned());
            ((*name).to_owned(), Parameter::Plain { kind, value })
        })
        .collect();
    Query {
        text: text.to_owned(),
        parameters,
        rights: Rights {
            write: true,
            schema: true,
        },
    }
}

#[expect(clippy::unnecessary_wraps, reason = "items are optional")]
fn text(value: &str) -> Option<Wire> {
    Some(Wire::TextValue(value.to_owned()))
}

const JOIN: &str = "UPSERT INTO connections (connection_id, user_id, connected_at)
    VALUES ($c, $u, CurrentUtcTimestamp())";
const OF_USER: &str = "SELECT connection_id FROM connections VIEW idx_user_id WHERE user_id = $u";

#[test]
fn rows_are_written_and_read_through_an_index() {
    let fixture = fixture();
    for connection in ["c1", "c2"] {
        let join = query(JOIN, &[("c", connection), ("u", "alice")]);
        fixture.database.run_alone(&join).expect("a row");
    }
    let found = fixture
        .database
        .run_alone(&query(OF_USER, &[("u", "alice")]));
    assert_eq!(rows(&found.expect("rows")), [[text("c1")], [text("c2")]]);
    let gone = fixture.database.run_alone(&query(
        "DELETE FROM connections WHERE connection_id = $c RETURNING user_id",
        &[("c", "c1")],
    ));
    assert_eq!(rows(&gone.expect("a row")), [[text("alice")]]);
    assert_eq!(
        fixture.rows("SELECT COUNT(*) FROM connections"),
        [[Some(Wire::Uint64Value(1))]]
    );
}

#[test]
fn upsert_keeps_replace_clears_and_insert_refuses() {
    let fixture = fixture();
    fixture
        .run(r#"INSERT INTO connections (connection_id, user_id) VALUES ("c", "alice")"#)
        .expect("new");
    let again =
        fixture.run(r#"INSERT INTO connections (connection_id, user_id) VALUES ("c", "bob")"#);
    assert_eq!(
        again.expect_err("same key").status,
        StatusCode::PreconditionFailed
    );
    let set = r#"INTO connections (connection_id, connected_at) VALUES ("c", Timestamp("2026-01-01T00:00:00Z"))"#;
    fixture.run(&format!("UPSERT {set}")).expect("an upsert");
    let user = "SELECT user_id FROM connections";
    assert_eq!(fixture.rows(user), [[text("alice")]]);
    fixture.run(&format!("REPLACE {set}")).expect("a replace");
    assert_eq!(fixture.rows(user), [[Some(Wire::NullFlagValue(0))]]);
}

#[test]
fn of_two_racing_transactions_one_is_aborted() {
    let fixture = fixture();
    let database = &fixture.database;
    let mut first = database.begin(Mode::Serializable).expect("a transaction");
    let mut second = database.begin(Mode::Serializable).expect("a transaction");
    let find = query(OF_USER, &[("u", "alice")]);
    for transaction in [&mut first, &mut second] {
        database.run(&find, transaction, false).expect("a read");
    }
    let join = |connection| query(JOIN, &[("c", connection), ("u", "alice")]);
    database
        .run(&join("c1"), &mut first, false)
        .expect("a write");
    database
        .run(&join("c2"), &mut second, false)
        .expect("a write");
    database.commit(first).expect("the first commit");
    let lost = database.commit(second).expect_err("the second commit");
    assert_eq!((lost.status, lost.issue), (StatusCode::Aborted, 2001));
    let found = database.run_alone(&find).expect("rows");
    assert_eq!(rows(&found), [[text("c1")]]);
}

#[test]
fn expired_rows_stay_until_they_are_swept() {
    let fixture = fixture();
    fixture
        .database
        .run_alone(&query(JOIN, &[("c", "c"), ("u", "a")]))
        .expect("a row");
    assert_eq!(fixture.database.sweep().expect("a sweep"), 0);
    fixture.clock.advance(Duration::from_hours(25));
    assert_eq!(
        fixture.rows("SELECT connection_id FROM connections").len(),
        1
    );
    assert_eq!(fixture.database.sweep().expect("a sweep"), 1);
    assert!(
        fixture
            .rows("SELECT connection_id FROM connections")
            .is_empty()
    );
}

#[test]
fn types_of_results_tell_whether_they_may_be_null() {
    let fixture = fixture();
    let results = fixture
        .run("SELECT connection_id, user_id AS who, 1, MAX(connected_at), CAST(1 AS Int64) FROM connections GROUP BY connection_id, user_id")
        .expect("a query");
    let kinds: Vec<(String, ColumnType)> = results[0]
        .columns
        .iter()
        .map(|column| {
            let kind = column.r#type.as_ref().and_then(ColumnType::from_proto);
            (column.name.clone(), kind.expect("a type"))
        })
        .collect();
    let expected = [
        ("connection_id", ColumnType::required(Primitive::Utf8)),
        ("who", ColumnType::optional(Primitive::Utf8)),
        ("column2", ColumnType::required(Primitive::Int32)),
        ("column3", ColumnType::optional(Primitive::Timestamp)),
        ("column4", ColumnType::optional(Primitive::Int64)),
    ];
    let expected = expected.map(|(name, kind)| (name.to_owned(), kind));
    assert_eq!(kinds, expected);
}

#[test]
fn mistakes_have_their_status() {
    let fixture = fixture();
    for (text, status) in [
        ("SELECT 1 FROM nowhere", StatusCode::SchemeError),
        (
            "SELECT 1 FROM connections VIEW nothing",
            StatusCode::SchemeError,
        ),
        ("SELECT nothing FROM connections", StatusCode::GenericError),
        ("SELECT $x", StatusCode::BadRequest),
        ("DECLARE $x AS Utf8; SELECT 1", StatusCode::BadRequest),
        ("SELECT", StatusCode::GenericError),
        ("DROP TABLE nowhere", StatusCode::SchemeError),
        (
            "CREATE TABLE connections (a Utf8, PRIMARY KEY (a))",
            StatusCode::GenericError,
        ),
    ] {
        assert_eq!(fixture.run(text).expect_err(text).status, status, "{text}");
    }
}

#[test]
fn transactions_on_different_rows_dont_disturb_each_other() {
    let fixture = fixture();
    let database = &fixture.database;
    let mut first = database.begin(Mode::Serializable).expect("a transaction");
    let mut second = database.begin(Mode::Serializable).expect("a transaction");
    for (transaction, user) in [(&mut first, "alice"), (&mut second, "bob")] {
        let find = query(OF_USER, &[("u", user)]);
        database.run(&find, transaction, false).expect("a read");
        let join = query(JOIN, &[("c", user), ("u", user)]);
        database.run(&join, transaction, false).expect("a write");
    }
    database.commit(first).expect("the first commit");
    database.commit(second).expect("the second commit");
}

#[test]
fn a_transaction_sees_its_own_writes_and_nobody_elses() {
    let fixture = fixture();
    let database = &fixture.database;
    let mut reader = database.begin(Mode::ReadOnly).expect("a transaction");
    let mut writer = database.begin(Mode::Serializable).expect("a transaction");
    let find = query(OF_USER, &[("u", "alice")]);
    let count = |transaction: &mut _| {
        let found = database.run(&find, transaction, false).expect("a read");
        found[0].rows.len()
    };
    assert_eq!(count(&mut reader), 0);
    let join = query(JOIN, &[("c", "c"), ("u", "alice")]);
    database.run(&join, &mut writer, false).expect("a write");
    assert_eq!(count(&mut writer), 1);
    database.commit(writer).expect("the commit");
    assert_eq!(count(&mut reader), 0);
    let refused = database.run(&join, &mut reader, false);
    assert!(refused.expect_err("a write").message.contains("read only"));
}

#[test]
fn types_are_not_mixed_up() {
    let fixture = fixture();
    fixture
        .run("CREATE TABLE t (id Uint64, small Uint8, flag Bool, name Utf8, raw String, PRIMARY KEY (id))")
        .expect("a table");
    for (text, complaint) in [
        ("SELECT 1 FROM t WHERE id = 'x'", "Can't compare"),
        ("SELECT 1 FROM t WHERE id", "Expected Bool"),
        ("SELECT 1 + name FROM t", "No + of"),
        (
            "UPSERT INTO t (id, flag) VALUES (1, 1)",
            "Failed to convert",
        ),
        (
            "UPSERT INTO t (id, small) VALUES (1, 300)",
            "Failed to convert",
        ),
        ("UPSERT INTO t (id) VALUES (-1)", "Failed to convert"),
        (
            "UPSERT INTO t (id, name) VALUES (1, CAST(2 AS String))",
            "Failed to convert",
        ),
        ("UPSERT INTO t (name) VALUES ('x')", "Missing key column"),
        (
            "UPSERT INTO connections (connection_id) VALUES (CAST(1 AS Utf8))",
            "not null",
        ),
        ("SELECT name, COUNT(*) FROM t", "GROUP BY"),
        ("SELECT Unwrap(CAST('x' AS Uint64))", "Failed to unwrap"),
        ("SELECT CAST(1.5 AS Interval)", "CAST of Double"),
        ("SELECT Timestamp('never')", "is no Timestamp"),
    ] {
        let error = fixture.run(text).expect_err(text);
        assert_eq!(error.status, StatusCode::GenericError, "{text}");
        assert!(
            error.message.contains(complaint),
            "{text}: {}",
            error.message
        );
    }
    let nothing = fixture.run("UPSERT INTO t (id) VALUES (NULL)");
    assert_eq!(nothing.expect_err("no key").status, StatusCode::BadRequest);
}

#[test]
fn rows_come_from_the_table_that_is_named() {
    let fixture = fixture();
    fixture
        .run(
            "CREATE TABLE copies (id Utf8, size Uint32, PRIMARY KEY (id));
            UPSERT INTO connections (connection_id, user_id) VALUES ('c', 'alice'), ('d', 'bob');
            UPSERT INTO copies (id, size) SELECT user_id, LENGTH(user_id) FROM connections",
        )
        .expect("a script");
    let wanted = [
        [text("alice"), Some(Wire::Uint32Value(5))],
        [text("bob"), Some(Wire::Uint32Value(3))],
    ];
    assert_eq!(
        fixture.rows("SELECT id, size FROM copies ORDER BY size DESC"),
        wanted
    );
}

#[test]
fn what_the_handler_the_operator_and_goose_say_is_understood() {
    let fixture = fixture();
    let ledger = "CREATE TABLE `goose_db_version` (version_id Uint64, is_applied Bool, \
                  tstamp Timestamp, PRIMARY KEY(version_id))";
    fixture.run(ledger).expect(ledger);
    for text in [
        "SELECT connection_id, connected_at FROM connections VIEW idx_user_id \
         WHERE user_id = $user AND connection_id != $connection",
        "UPSERT INTO connections (connection_id, user_id, connected_at) \
         VALUES ($connection, $user, CurrentUtcTimestamp())",
        "SELECT user_id FROM connections WHERE connection_id = $connection",
        "SELECT connection_id FROM connections VIEW idx_user_id \
         WHERE user_id = $user OR connected_at IS NULL",
        "DELETE FROM connections WHERE connection_id = $connection RETURNING user_id",
        "SELECT connection_id FROM connections LIMIT 1",
        "UPSERT INTO `goose_db_version` (version_id, is_applied, tstamp) \
         VALUES (CAST(1 AS Uint64), true, CurrentUtcTimestamp())",
        "SELECT CAST(version_id AS Int64) AS version, is_applied FROM `goose_db_version`",
        "SELECT 1 FROM `connections` LIMIT 1",
    ] {
        let parameters = [("user", "alice"), ("connection", "c")];
        let outcome = fixture.database.run_alone(&query(text, &parameters));
        outcome.expect(text);
    }
}

/// Whoever plans and runs them goes down into each level.
#[test]
fn the_highest_and_deepest_expressions_have_room_on_the_stack() {
    let fixture = fixture();
    let highest = format!("SELECT 1{}", " + 1".repeat(199));
    assert_eq!(fixture.rows(&highest), [[Some(Wire::Int32Value(200))]]);
    let conditions = format!("user_id = \"a\"{}", " OR user_id = \"b\"".repeat(198));
    let chain = format!("SELECT user_id FROM connections WHERE {conditions}");
    assert_eq!(fixture.rows(&chain), Vec::<Vec<Option<Wire>>>::new());
    let deepest = format!(
        "{}SELECT 1 AS x{}",
        "SELECT * FROM (".repeat(62),
        ")".repeat(62)
    );
    fixture.run(&deepest).expect("deep");
    let nested = format!("SELECT {}1{}", "COALESCE(NULL, ".repeat(62), ")".repeat(62));
    fixture.run(&nested).expect("nested");
}
