//! What changes its type without a CAST.

use ydb_grpc::ydb_proto::status_ids::StatusCode;
use ydb_grpc::ydb_proto::value::Value as Wire;

use super::tests::{Fixture, fixture};

fn table() -> Fixture {
    let fixture = fixture();
    fixture
        .run(
            "CREATE TABLE t (id Uint64, wide Int64, real Double, at Timestamp, raw String,
             small Int16, PRIMARY KEY (id))",
        )
        .expect("a table");
    fixture
}

#[test]
fn values_widen_to_the_type_of_their_column() {
    let fixture = table();
    for text in [
        "UPSERT INTO t (id, wide, real) VALUES (CAST(1 AS Uint8) ?? 0ut, CAST(2 AS Int32), 3l)",
        "UPSERT INTO t (id, real) VALUES (Unwrap(CAST(2 AS Int64)), CAST('1.5' AS Float))",
        "UPSERT INTO t (id, at, raw) VALUES (3, Datetime('1970-01-02T00:00:01Z'), 'x'u)",
        "UPSERT INTO t (id, at) VALUES (4, Date('1970-01-02'))",
    ] {
        fixture.run(text).expect(text);
    }
    assert_eq!(
        fixture.rows("SELECT wide, real FROM t WHERE id = 1"),
        [[Some(Wire::Int64Value(2)), Some(Wire::DoubleValue(3.0))]]
    );
    assert_eq!(
        fixture.rows("SELECT at FROM t WHERE id >= 3 ORDER BY id"),
        [
            [Some(Wire::Uint64Value(86_401_000_000))],
            [Some(Wire::Uint64Value(86_400_000_000))]
        ]
    );
}

#[test]
fn what_a_select_reads_widens_as_well() {
    let fixture = table();
    fixture
        .run("UPSERT INTO t (id, small) VALUES (1, 7)")
        .expect("a row");
    fixture
        .run("UPSERT INTO t (id, wide, at, raw) SELECT 2ul, small, Date('1970-01-02'), 'x'u FROM t")
        .expect("a copy");
    fixture
        .run("UPSERT INTO t SELECT 3 AS id, Datetime('1970-01-01T00:00:01Z') AS at")
        .expect("by name");
    assert_eq!(
        fixture.rows("SELECT wide, at, raw FROM t WHERE id = 2"),
        [[
            Some(Wire::Int64Value(7)),
            Some(Wire::Uint64Value(86_400_000_000)),
            Some(Wire::BytesValue(b"x".to_vec()))
        ]]
    );
    assert_eq!(
        fixture.rows("SELECT at FROM t WHERE id = 3"),
        [[Some(Wire::Uint64Value(1_000_000))]]
    );
}

#[test]
fn nothing_narrows_and_no_bits_are_reinterpreted() {
    let fixture = table();
    for text in [
        "UPSERT INTO t (id, small) VALUES (1, 70000)",
        "UPSERT INTO t (id, small) SELECT 1, 7",
        "UPSERT INTO t (id, wide) VALUES (1, CAST('1' AS Uint64))",
        "UPSERT INTO t (id, wide) VALUES (1, 1.5)",
        "UPSERT INTO t (id, at) VALUES (1, 5)",
        "UPSERT INTO t (id) VALUES (Unwrap(CAST('-1' AS Int64)))",
    ] {
        let error = fixture.run(text).expect_err(text);
        assert_eq!(error.status, StatusCode::GenericError, "{text}");
        let told = error.message.contains("Failed to convert");
        assert!(told, "{text}: {}", error.message);
    }
    assert!(fixture.rows("SELECT id FROM t").is_empty());
}

#[test]
fn moments_of_different_types_compare() {
    let fixture = table();
    fixture
        .run("UPSERT INTO t (id, at) VALUES (1, Timestamp('1970-01-02T00:00:00Z'))")
        .expect("a row");
    let one = [[Some(Wire::Uint64Value(1))]];
    for filter in [
        "at = Date('1970-01-02')",
        "Datetime('1970-01-01T23:59:59Z') < at",
        "at < Datetime('1970-01-02T00:00:01Z')",
    ] {
        let text = format!("SELECT id FROM t WHERE {filter}");
        assert_eq!(fixture.rows(&text), one, "{filter}");
    }
    assert!(
        fixture
            .rows("SELECT id FROM t WHERE at > Date('1970-01-02')")
            .is_empty()
    );
}
