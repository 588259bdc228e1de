//! A client that writes rows.

use prost::Message;
use tokio_util::sync::CancellationToken;
use ydb_grpc::ydb_proto::{ResultSet, value};

use crate::remote::Database;

/// The highest number that was acknowledged; all below were, too.
pub(crate) struct Books(u64);

#[derive(Clone, PartialEq, Message)]
struct Results {
    #[prost(message, repeated, tag = "1")]
    result_sets: Vec<ResultSet>,
}

pub(crate) async fn work(database: Database, end: CancellationToken) -> Books {
    let table =
        "CREATE TABLE IF NOT EXISTS ledger (id Uint64 NOT NULL, twice Uint64, PRIMARY KEY (id))";
    database.script(table).await;
    let mut books = Books(0);
    while !end.is_cancelled() {
        let next = books.0 + 1;
        let row = format!(
            "UPSERT INTO ledger (id, twice) VALUES ({next}, {})",
            next * 2
        );
        database.script(&row).await;
        books.0 = next;
    }
    books
}

impl Books {
    pub(crate) async fn check(&self, database: &Database) {
        assert!(self.0 > 10, "nothing was written");
        let sql = "SELECT COUNT(*) AS a, MAX(id) AS b, MAX(twice) AS c FROM ledger";
        let found = database.script(sql).await;
        let found = Results::decode(found.result.unwrap().value.as_slice()).unwrap();
        let numbers = found.result_sets[0].rows[0].items.iter().map(number);
        let numbers: Vec<u64> = numbers.collect();
        assert_eq!(numbers, [self.0, self.0, self.0 * 2]);
    }
}

fn number(item: &ydb_grpc::ydb_proto::Value) -> u64 {
    match item.value {
        Some(value::Value::Uint64Value(number)) => number,
        ref other => panic!("no number: {other:?}"),
    }
}
