//! Tables, transactions and their types.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Barrier;
use ydb::{Client, SchemeEntryType, Transaction, YdbError, YdbResult, closure};

use crate::harness::{DATABASE, World, status, until};

const SCHEME_ERROR: i32 = 400_070;
const GENERIC_ERROR: i32 = 400_080;
const PRECONDITION_FAILED: i32 = 400_120;

const OF_USER: &str = "SELECT connection_id FROM connections VIEW idx_user_id WHERE user_id = $u";
const JOIN: &str = "UPSERT INTO connections (connection_id, user_id, connected_at) \
                    VALUES ($c, $u, CurrentUtcTimestamp())";
const DELETE: &str = "DELETE FROM connections WHERE connection_id = $c";

async fn join(client: &Client, connection: &str, user: &str) {
    client
        .query_client()
        .exec(JOIN)
        .param("$c", connection)
        .param("$u", user)
        .await
        .unwrap();
}

async fn connections(client: &Client, user: &str) -> Vec<String> {
    let rows = client
        .query_client()
        .query_result_set(OF_USER)
        .param("$u", user)
        .await
        .unwrap();
    rows.into_iter()
        .map(|mut row| row.remove_field(0).unwrap().try_into().unwrap())
        .collect()
}

/// Takes a user over, as the chat's handler does: reads, waits for the other
/// one, deletes what it read and writes its own row.
async fn take_over(
    tx: &mut Transaction,
    connection: &str,
    attempts: &AtomicUsize,
    both_have_read: &Barrier,
) -> YdbResult<()> {
    let rows = tx.query_result_set(OF_USER).param("$u", "alice").await?;
    if attempts.fetch_add(1, Ordering::SeqCst) < 2 {
        both_have_read.wait().await;
    }
    for mut row in rows {
        let old: String = row.remove_field(0)?.try_into()?;
        tx.exec(DELETE).param("$c", old).await?;
    }
    tx.exec(JOIN)
        .param("$c", connection)
        .param("$u", "alice")
        .with_commit(true)
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_racing_transactions_one_is_aborted_and_repeated() {
    let world = World::new().await;
    let client = world.migrated().await;
    join(&client, "old", "alice").await;
    let attempts = Arc::new(AtomicUsize::new(0));
    let both_have_read = Arc::new(Barrier::new(2));
    let racers = ["first", "second"].map(|connection| {
        let queries = client.query_client();
        let attempts = Arc::clone(&attempts);
        let barrier = Arc::clone(&both_have_read);
        tokio::spawn(async move {
            queries
                .retry_tx(closure!(
                    [&attempts, &barrier, &connection],
                    async |tx: &mut Transaction| {
                        take_over(tx, connection, attempts, barrier).await?;
                        Ok(())
                    }
                ))
                .idempotent(true)
                .await
                .unwrap();
        })
    });
    for racer in racers {
        racer.await.unwrap();
    }
    assert_eq!(attempts.load(Ordering::SeqCst), 3, "one of them, once more");
    let left = connections(&client, "alice").await;
    assert_eq!(left.len(), 1, "{left:?}");
    assert_ne!(left, ["old"]);
}

#[tokio::test]
async fn a_row_that_is_deleted_comes_back_once() {
    let world = World::new().await;
    let client = world.migrated().await;
    join(&client, "c", "alice").await;
    let leave = format!("{DELETE} RETURNING user_id");
    let mut users = Vec::new();
    for _ in 0..2 {
        let mut queries = client.query_client();
        let rows = queries
            .query_result_set(leave.as_str())
            .param("$c", "c")
            .await
            .unwrap();
        users.push(rows.into_iter().count());
    }
    assert_eq!(users, [1, 0]);
}

#[tokio::test]
async fn columns_are_optional_unless_they_are_not_null() {
    let world = World::new().await;
    let client = world.migrated().await;
    join(&client, "c", "alice").await;
    let all = "SELECT connection_id, user_id, connected_at FROM connections";
    let mut row = client.query_client().query_row(all).await.unwrap();
    let _: String = row
        .remove_field_by_name("connection_id")
        .unwrap()
        .try_into()
        .unwrap();
    let user: Option<String> = row
        .remove_field_by_name("user_id")
        .unwrap()
        .try_into()
        .unwrap();
    assert_eq!(user.as_deref(), Some("alice"));
    let at = row.remove_field_by_name("connected_at").unwrap();
    let at: Option<std::time::SystemTime> = at.try_into().unwrap();
    assert!(at.unwrap().elapsed().unwrap() < Duration::from_mins(1));
}

#[tokio::test]
async fn a_table_is_described_and_listed() {
    let world = World::new().await;
    let client = world.migrated().await;
    let tables = client.table_client();
    let table = tables.describe_table(format!("{DATABASE}/connections"));
    let table = table.await.unwrap();
    assert_eq!(table.primary_key, ["connection_id"]);
    let names: Vec<_> = table
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    assert_eq!(names, ["connection_id", "user_id", "connected_at"]);
    assert_eq!(table.indexes[0].name, "idx_user_id");
    let mut scheme = client.scheme_client();
    scheme
        .make_directory(format!("{DATABASE}/below"))
        .await
        .unwrap();
    let found = scheme.list_directory(DATABASE.to_owned()).await.unwrap();
    let is = |name: &str, kind: fn(&SchemeEntryType) -> bool| {
        found
            .iter()
            .any(|entry| entry.name == name && kind(&entry.r#type))
    };
    assert!(
        is("connections", |kind| matches!(kind, SchemeEntryType::Table)),
        "{found:?}"
    );
    assert!(
        is("below", |kind| matches!(kind, SchemeEntryType::Directory)),
        "{found:?}"
    );
}

#[tokio::test]
async fn failures_have_their_status_and_place() {
    let world = World::new().await;
    let client = world.migrated().await;
    join(&client, "c", "alice").await;
    for (text, expected, part) in [
        ("SELECT 1 FROM nowhere", SCHEME_ERROR, "Cannot find table"),
        (
            "SELECT 1 FROM connections\nLEFT SEMI JOIN other ON true",
            GENERIC_ERROR,
            "SEMI",
        ),
        (
            "ALTER TABLE connections ADD CHANGEFEED x",
            GENERIC_ERROR,
            "CHANGEFEED",
        ),
        ("SELECT Digest::Md5('a')", GENERIC_ERROR, "Digest"),
        (
            "INSERT INTO connections (connection_id) VALUES ('c')",
            PRECONDITION_FAILED,
            "key",
        ),
        (
            "UPSERT INTO connections (connection_id, user_id) VALUES ('d', 7)",
            GENERIC_ERROR,
            "Failed to convert",
        ),
    ] {
        let error = client.query_client().exec(text).await.expect_err(text);
        assert_eq!(status(&error), expected, "{text}: {error}");
        let YdbError::YdbStatusError(error) = error else {
            unreachable!()
        };
        let message = format!("{error:?}");
        assert!(message.contains(part), "{text}: {message}");
    }
}

#[tokio::test]
async fn a_row_outlives_its_time_until_it_is_swept() {
    let world = World::new().await;
    let client = world.migrated().await;
    join(&client, "c", "alice").await;
    // A day is the table's, an hour the sweeper's.
    world.clock.advance(Duration::from_hours(26));
    until(async || connections(&client, "alice").await.is_empty()).await;
    join(&client, "d", "alice").await;
    world.clock.advance(Duration::from_hours(23));
    tokio::task::yield_now().await;
    assert_eq!(connections(&client, "alice").await, ["d"]);
}
