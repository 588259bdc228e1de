//! What goose 3.29 sends: scripts, each a stream of the scripting service.

use std::collections::HashMap;

use futures::TryStreamExt;
use prost::Message;
use ydb_grpc::ydb_proto as proto;
use ydb_grpc::ydb_proto::r#type::{PrimitiveTypeId, Type as Kind};
use ydb_grpc::ydb_proto::value::Value as Wire;

use crate::harness::{Plain, World};

const SUCCESS: i32 = 400_000;
const SCHEME_ERROR: i32 = 400_070;

const VERSIONS: &str = "SELECT version_id, is_applied, tstamp AS __discard_column_tstamp \
                        FROM `goose_db_version` ORDER BY __discard_column_tstamp DESC";
const INSERT: &str = "-- bind declares\nDECLARE $p0 AS Int64;\nDECLARE $p1 AS Bool;\n\n\
    -- origin query with numeric args replacement\n\
    INSERT INTO `goose_db_version` (version_id, is_applied, tstamp) \
    VALUES (CAST($p0 AS Uint64), $p1, CurrentUtcTimestamp())";
const DELETE: &str = "-- bind declares\nDECLARE $p0 AS Int64;\n\n\
    -- origin query with numeric args replacement\n\
    DELETE FROM `goose_db_version` WHERE version_id = $p0";

/// `Ydb.Scripting.ExecuteYqlRequest`.
#[derive(Clone, PartialEq, prost::Message)]
struct Script {
    #[prost(string, tag = "2")]
    script: String,
    #[prost(map = "string, message", tag = "3")]
    parameters: HashMap<String, proto::TypedValue>,
}

/// `Ydb.Scripting.ExecuteYqlPartialResponse`.
#[derive(Clone, PartialEq, prost::Message)]
struct Part {
    #[prost(int32, tag = "1")]
    status: i32,
    #[prost(message, optional, tag = "3")]
    result: Option<PartResult>,
}

/// `Ydb.Scripting.ExecuteYqlPartialResult`.
#[derive(Clone, PartialEq, prost::Message)]
struct PartResult {
    #[prost(uint32, tag = "1")]
    index: u32,
    #[prost(message, optional, tag = "2")]
    result_set: Option<proto::ResultSet>,
}

/// `Ydb.Scripting.ExecuteYqlResult`.
#[derive(Clone, PartialEq, prost::Message)]
struct Whole {
    #[prost(message, repeated, tag = "1")]
    result_sets: Vec<proto::ResultSet>,
}

fn value(kind: PrimitiveTypeId, wire: Wire) -> proto::TypedValue {
    proto::TypedValue {
        r#type: Some(proto::Type {
            r#type: Some(Kind::TypeId(kind as i32)),
        }),
        value: Some(proto::Value {
            value: Some(wire),
            ..proto::Value::default()
        }),
    }
}

fn version(number: i64) -> Vec<(&'static str, proto::TypedValue)> {
    vec![
        (
            "$p0",
            value(PrimitiveTypeId::Int64, Wire::Int64Value(number)),
        ),
        ("$p1", value(PrimitiveTypeId::Bool, Wire::BoolValue(true))),
    ]
}

/// Status and rows of a script, whose stream is never empty.
async fn run(
    plain: &Plain,
    script: &str,
    parameters: Vec<(&str, proto::TypedValue)>,
) -> (i32, Vec<Vec<Option<Wire>>>) {
    let path = "/Ydb.Scripting.V1.ScriptingService/StreamExecuteYql";
    let parameters = parameters.into_iter();
    let request = Script {
        script: script.to_owned(),
        parameters: parameters
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    };
    let parts: Vec<Part> = plain
        .stream(path, request)
        .await
        .try_collect()
        .await
        .unwrap();
    let status = parts.last().expect("at least one message").status;
    let rows = parts.into_iter().filter_map(|part| part.result?.result_set);
    let rows = rows
        .flat_map(|set| set.rows)
        .map(|row| row.items.into_iter().map(|item| item.value).collect());
    (status, rows.collect())
}

#[tokio::test]
async fn goose_migrates_forth_and_back() {
    let world = World::new().await;
    let plain = world.plain();
    assert_eq!(run(&plain, VERSIONS, vec![]).await.0, SCHEME_ERROR);
    let ledger = "CREATE TABLE `goose_db_version` (version_id Uint64, is_applied Bool, \
                  tstamp Timestamp, PRIMARY KEY(version_id))";
    assert_eq!(run(&plain, ledger, vec![]).await.0, SUCCESS);
    let migration = include_str!("../../../migrations/001_create_connections.sql");
    let (up, down) = migration.split_once("-- +goose Down").unwrap();
    for (script, parameters) in [(INSERT, version(0)), (up, vec![]), (INSERT, version(1))] {
        assert_eq!(run(&plain, script, parameters).await.0, SUCCESS, "{script}");
    }
    let (status, rows) = run(&plain, VERSIONS, vec![]).await;
    let versions: Vec<_> = rows.iter().map(|row| row[0].clone()).collect();
    let newest_first = [1, 0].map(|number| Some(Wire::Uint64Value(number)));
    assert_eq!((status, versions), (SUCCESS, newest_first.to_vec()));
    let one = vec![version(1).remove(0)];
    let applied = "DECLARE $p0 AS Int64;\nSELECT tstamp, is_applied FROM `goose_db_version` \
         WHERE version_id = $p0 ORDER BY tstamp DESC LIMIT 1";
    let (_, rows) = run(&plain, applied, one.clone()).await;
    assert_eq!(rows[0][1], Some(Wire::BoolValue(true)));
    assert_eq!(run(&plain, down, vec![]).await.0, SUCCESS);
    assert_eq!(run(&plain, DELETE, one).await.0, SUCCESS);
    let newest = "SELECT MAX(version_id) FROM `goose_db_version`";
    assert_eq!(
        run(&plain, newest, vec![]).await.1,
        [[Some(Wire::Uint64Value(0))]]
    );
    assert_eq!(
        run(&plain, "SELECT 1 FROM connections", vec![]).await.0,
        SCHEME_ERROR
    );
}

#[tokio::test]
async fn a_script_is_answered_whole_where_it_is_asked_for() {
    let world = World::new().await;
    let path = "/Ydb.Scripting.V1.ScriptingService/ExecuteYql";
    let request = Script {
        script: "SELECT 1; SELECT 'two'".to_owned(),
        parameters: HashMap::new(),
    };
    let plain = world.plain();
    // All replies with an operation have it in the same field.
    let answer: proto::table::ExecuteDataQueryResponse = plain.unary(path, request).await.unwrap();
    let operation = answer.operation.unwrap();
    assert_eq!((operation.ready, operation.status), (true, SUCCESS));
    let result = operation.result.unwrap();
    let whole = Whole::decode(result.value.as_slice()).unwrap();
    let first = |set: &proto::ResultSet| set.rows[0].items[0].value.clone();
    let values: Vec<_> = whole.result_sets.iter().map(first).collect();
    assert_eq!(
        values,
        [
            Some(Wire::Int32Value(1)),
            Some(Wire::BytesValue(b"two".to_vec()))
        ]
    );
}
