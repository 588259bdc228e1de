//! Sessions and their open transactions. The query and the table service share
//! them, since clients make a session at one and use it at the other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use ydb_grpc::ydb_proto as ydb;

use super::engine::{Database, Mode, Query, Transaction};
use super::status::YdbError;

/// The node that all sessions are on.
pub(crate) const NODE: u32 = 1;

/// Which transaction a query belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    /// One of its own, ended with the query.
    Alone,
    /// A new one.
    Begin { mode: Mode, commit: bool },
    /// An open one.
    Within { id: String, commit: bool },
}

/// What a query gave: results, and the transaction that is still open.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) results: Vec<ydb::ResultSet>,
    pub(crate) transaction: Option<String>,
}

struct Session {
    database: Arc<Database>,
    busy: bool,
    used: Instant,
    /// Whether a stream keeps it alive.
    attached: bool,
    ended: CancellationToken,
    transactions: HashMap<String, Transaction>,
}

impl Session {
    fn end(self) {
        self.ended.cancel();
        for transaction in self.transactions.into_values() {
            self.database.roll_back(transaction);
        }
    }
}

/// All sessions.
#[derive(Clone, Default)]
pub(crate) struct Sessions(Arc<Mutex<HashMap<String, Session>>>);

/// One query at a time: the session is free again when this goes.
struct Turn {
    sessions: Sessions,
    id: String,
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(session) = self.sessions.lock().get_mut(&self.id) {
            session.busy = false;
        }
    }
}

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new session. Clients read the node from its id.
    pub(crate) fn create(&self, database: Arc<Database>) -> String {
        let id = format!("ydb://session/3?node_id={NODE}&id={}", Uuid::new_v4());
        let session = Session {
            ended: database.closed.child_token(),
            database,
            busy: false,
            used: Instant::now(),
            attached: false,
            transactions: HashMap::new(),
        };
        self.lock().insert(id.clone(), session);
        id
    }

    pub(crate) fn check(&self, id: &str) -> Result<(), YdbError> {
        if self.lock().contains_key(id) {
            Ok(())
        } else {
            Err(YdbError::bad_session(id))
        }
    }

    /// A stream now keeps the session alive. What this returns is cancelled when
    /// the session ends otherwise.
    pub(crate) fn attach(&self, id: &str) -> Result<CancellationToken, YdbError> {
        let mut all = self.lock();
        let session = all.get_mut(id).ok_or_else(|| YdbError::bad_session(id))?;
        session.attached = true;
        Ok(session.ended.clone())
    }

    /// Ends a session; its open transactions are rolled back.
    pub(crate) fn delete(&self, id: &str) -> Result<(), YdbError> {
        let removed = self.lock().remove(id);
        let session = removed.ok_or_else(|| YdbError::bad_session(id))?;
        session.end();
        Ok(())
    }

    /// Ends all sessions of a database.
    pub(crate) fn delete_all(&self, path: &str) {
        self.end_all(|session| session.database.path == path);
    }

    /// Ends sessions that nobody has used for so long and no stream holds.
    pub(crate) fn reap(&self, idle: Duration) {
        self.end_all(|session| {
            !session.attached && !session.busy && session.used.elapsed() >= idle
        });
    }

    fn end_all(&self, which: impl Fn(&Session) -> bool) {
        let ended: Vec<Session> = self
            .lock()
            .extract_if(|_, session| which(session))
            .map(|(_, session)| session)
            .collect();
        ended.into_iter().for_each(Session::end);
    }

    /// How many there are.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    fn turn(&self, id: &str) -> Result<(Turn, Arc<Database>), YdbError> {
        let mut all = self.lock();
        let session = all.get_mut(id).ok_or_else(|| YdbError::bad_session(id))?;
        if session.busy {
            return Err(YdbError::session_busy());
        }
        session.busy = true;
        session.used = Instant::now();
        let turn = Turn {
            sessions: self.clone(),
            id: id.to_owned(),
        };
        Ok((turn, Arc::clone(&session.database)))
    }

    fn take(&self, session: &str, id: &str) -> Result<Transaction, YdbError> {
        let mut all = self.lock();
        let session = all
            .get_mut(session)
            .ok_or_else(|| YdbError::bad_session(session))?;
        let found = session.transactions.remove(id);
        found.ok_or_else(|| YdbError::no_transaction(id))
    }

    fn put(&self, session: &str, id: &str, transaction: Transaction) {
        match self.lock().get_mut(session) {
            Some(session) => {
                session.transactions.insert(id.to_owned(), transaction);
            }
            // The session ended meanwhile, and its transactions with it.
            None => drop(transaction.roll_back()),
        }
    }

    /// Runs a query. After a failure its transaction is gone, as clients expect.
    pub(crate) async fn run(
        &self,
        session: String,
        query: Query,
        scope: Scope,
    ) -> Result<Answer, YdbError> {
        let (turn, database) = self.turn(&session)?;
        let sessions = self.clone();
        let work = move || {
            let _turn = turn;
            sessions.run_in_turn(&session, &database, &query, scope)
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(YdbError::internal)?
    }

    fn run_in_turn(
        &self,
        session: &str,
        database: &Database,
        query: &Query,
        scope: Scope,
    ) -> Result<Answer, YdbError> {
        let (id, mut transaction, commit) = match scope {
            Scope::Alone => {
                let results = database.run_alone(query)?;
                return Ok(Answer {
                    results,
                    transaction: None,
                });
            }
            Scope::Begin { mode, commit } => {
                (Uuid::new_v4().to_string(), database.begin(mode)?, commit)
            }
            Scope::Within { id, commit } => {
                let transaction = self.take(session, &id)?;
                (id, transaction, commit)
            }
        };
        let results = match database.run(query, &mut transaction, commit) {
            Ok(results) => results,
            Err(error) => {
                database.roll_back(transaction);
                return Err(error);
            }
        };
        if commit {
            database.commit(transaction)?;
            return Ok(Answer {
                results,
                transaction: None,
            });
        }
        self.put(session, &id, transaction);
        Ok(Answer {
            results,
            transaction: Some(id),
        })
    }

    /// Opens a transaction.
    pub(crate) fn begin(&self, session: &str, mode: Mode) -> Result<String, YdbError> {
        let (_turn, database) = self.turn(session)?;
        let id = Uuid::new_v4().to_string();
        self.put(session, &id, database.begin(mode)?);
        Ok(id)
    }

    pub(crate) async fn commit(&self, session: String, id: String) -> Result<(), YdbError> {
        let (turn, database) = self.turn(&session)?;
        let transaction = self.take(&session, &id)?;
        let work = move || {
            let _turn = turn;
            database.commit(transaction)
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(YdbError::internal)?
    }

    pub(crate) fn roll_back(&self, session: &str, id: &str) -> Result<(), YdbError> {
        let (_turn, database) = self.turn(session)?;
        database.roll_back(self.take(session, id)?);
        Ok(())
    }
}
