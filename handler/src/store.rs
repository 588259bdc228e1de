//! The table `connections` in YDB (`migrations/001_create_connections.sql`).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use tokio::time::Instant;
use ydb::{Row, Transaction, YdbError, YdbResult, closure};

use crate::call::Token;
use crate::cloud::Cloud;
use crate::environment::Environment;
use crate::ports::{ConnectionStore, OldConnection, Unavailable};
use crate::ydb_errors::{is_aborted, plain};

const OLD: &str = "\
    SELECT connection_id, connected_at FROM connections VIEW idx_user_id \
    WHERE user_id = $user_id AND connection_id != $connection_id";
const DELETE: &str = "DELETE FROM connections WHERE connection_id = $connection_id";
const INSERT: &str = "\
    UPSERT INTO connections (connection_id, user_id, connected_at) \
    VALUES ($connection_id, $user_id, CurrentUtcTimestamp())";
const USER_OF: &str = "SELECT user_id FROM connections WHERE connection_id = $connection_id";
const ANY_OF: &str = "\
    SELECT connection_id FROM connections VIEW idx_user_id WHERE user_id = $user_id LIMIT 1";
const CHECK: &str = "SELECT connection_id FROM connections LIMIT 1";

/// The store with one call's rights.
pub(crate) struct Store<'a> {
    pub(crate) cloud: &'a Cloud<Environment>,
    pub(crate) token: &'a Token,
}

#[async_trait]
impl ConnectionStore for Store<'_> {
    async fn join(
        &self,
        connection_id: &str,
        user_id: &str,
        deadline: Instant,
    ) -> Result<Vec<OldConnection>, Unavailable> {
        // Kept over attempts: one that was carried out and whose answer got
        // lost has deleted rows that the next one doesn't see any more.
        let old = Arc::new(Mutex::new(Vec::new()));
        self.cloud
            .with_link(
                "cannot write who is connected",
                self.token,
                deadline,
                |link, deadline| {
                    let old = Arc::clone(&old);
                    let (connection_id, user_id) = (connection_id.to_owned(), user_id.to_owned());
                    async move {
                        link.queries()
                            .retry_tx(closure!(
                                [&old, &connection_id, &user_id],
                                async |tx: &mut Transaction| {
                                    replace(tx, connection_id, user_id, old).await?;
                                    Ok(())
                                }
                            ))
                            .idempotent(true)
                            .timeout(left(deadline))
                            .await
                            .map_err(plain)
                    }
                },
            )
            .await?;
        let mut old = old.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(std::mem::take(&mut *old))
    }

    async fn user_of(
        &self,
        connection_id: &str,
        deadline: Instant,
    ) -> Result<Option<String>, Unavailable> {
        let parameter = ("$connection_id", connection_id);
        let row = self.row(USER_OF, parameter, deadline, user_id).await?;
        Ok(row.flatten())
    }

    async fn leave(
        &self,
        connection_id: &str,
        deadline: Instant,
    ) -> Result<Option<String>, Unavailable> {
        // Kept over attempts, as in `join`.
        let seen = Arc::new(Mutex::new(None));
        let deleted = self
            .cloud
            .with_link(
                "cannot delete who left",
                self.token,
                deadline,
                |link, deadline| {
                    let (seen, connection_id) = (Arc::clone(&seen), connection_id.to_owned());
                    async move {
                        link.queries()
                            .retry_tx(closure!(
                                [&seen, &connection_id],
                                async |tx: &mut Transaction| {
                                    Ok(delete(tx, connection_id, seen).await?)
                                }
                            ))
                            .idempotent(true)
                            .timeout(left(deadline))
                            .await
                            .map_err(plain)
                    }
                },
            )
            .await?;
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
        match seen {
            // An attempt whose answer got lost deleted it, or somebody else did:
            // a connection that replaced it, whose row is there now.
            Some(user_id) if !deleted => {
                let parameter = ("$user_id", user_id.as_str());
                let other = self.row(ANY_OF, parameter, deadline, |_| Ok(())).await?;
                Ok(other.is_none().then_some(user_id))
            }
            seen => Ok(seen),
        }
    }

    async fn check(&self, deadline: Instant) -> Result<(), Unavailable> {
        self.cloud
            .with_link(
                "cannot read the table connections",
                self.token,
                deadline,
                |link, deadline| async move {
                    link.queries()
                        .query_result_set(CHECK)
                        .idempotent(true)
                        .timeout(left(deadline))
                        .await
                        .map(|_rows| ())
                },
            )
            .await
    }
}

impl Store<'_> {
    /// What is read from the row that a query finds, if it finds one.
    async fn row<T>(
        &self,
        query: &'static str,
        (name, value): (&'static str, &str),
        deadline: Instant,
        read: impl Fn(Row) -> YdbResult<T>,
    ) -> Result<Option<T>, Unavailable> {
        self.cloud
            .with_link(
                "cannot read who is connected",
                self.token,
                deadline,
                |link, deadline| {
                    let (value, read) = (value.to_owned(), &read);
                    async move {
                        link.queries()
                            .query_row(query)
                            .param(name, value)
                            .optional()
                            .idempotent(true)
                            .timeout(left(deadline))
                            .await?
                            .map(read)
                            .transpose()
                    }
                },
            )
            .await
    }
}

/// One attempt of the transaction in which a connection leaves: whether it
/// deleted the row. Its user stays noted, unless the transaction lost a race.
async fn delete(
    tx: &mut Transaction,
    connection_id: &str,
    seen: &Mutex<Option<String>>,
) -> YdbResult<bool> {
    let row = tx
        .query_row(USER_OF)
        .param("$connection_id", connection_id)
        .optional()
        .await?;
    let Some(row) = row else { return Ok(false) };
    let user_id = user_id(row)?;
    let note = |user_id| *seen.lock().unwrap_or_else(PoisonError::into_inner) = user_id;
    note(user_id);
    let deleted = tx
        .exec(DELETE)
        .param("$connection_id", connection_id)
        .with_commit(true)
        .await;
    // If another call about the same end won it, that one tells others.
    if deleted.as_ref().is_err_and(is_aborted) {
        note(None);
    }
    deleted.map(|()| true)
}

/// One attempt of the transaction in which a connection takes its user over.
async fn replace(
    tx: &mut Transaction,
    connection_id: &str,
    user_id: &str,
    old: &Mutex<Vec<OldConnection>>,
) -> YdbResult<()> {
    let rows = tx
        .query_result_set(OLD)
        .param("$user_id", user_id)
        .param("$connection_id", connection_id)
        .await?;
    for row in rows {
        let found = old_connection(row)?;
        tx.exec(DELETE)
            .param("$connection_id", found.connection_id.as_str())
            .await?;
        let mut old = old.lock().unwrap_or_else(PoisonError::into_inner);
        if !old.contains(&found) {
            old.push(found);
        }
    }
    tx.exec(INSERT)
        .param("$connection_id", connection_id)
        .param("$user_id", user_id)
        .with_commit(true)
        .await
}

fn old_connection(mut row: Row) -> Result<OldConnection, YdbError> {
    let connection_id: Option<String> = row.remove_field_by_name("connection_id")?.try_into()?;
    let connected_at: Option<SystemTime> = row.remove_field_by_name("connected_at")?.try_into()?;
    Ok(OldConnection {
        connection_id: connection_id.unwrap_or_default(),
        connected_at,
    })
}

fn user_id(mut row: Row) -> Result<Option<String>, YdbError> {
    row.remove_field_by_name("user_id")?.try_into()
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}
