//! YDB: tables and topics behind its gRPC API, kept in SQLite.
//!
//! * `service`: the gRPC services, one file each; they parse requests and shape
//!   answers.
//! * `sessions`: sessions and their open transactions.
//! * `yql`: text to statements.
//! * `engine`: databases, tables, transactions, topics.

mod caller;
mod engine;
#[cfg(any(test, fuzzing))]
#[expect(clippy::expect_used, reason = "a panic is how a target fails")]
pub(crate) mod fuzzing;
mod parameters;
mod proto;
mod service;
mod sessions;
mod status;
mod types;
mod values;
mod yql;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, Weak};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::iam::Iam;
use crate::inspect::Inspector;
use crate::security::Security;
use engine::{Database, IdleConnections, PartitionKey};
use service::Sockets;
use sessions::Sessions;

pub use service::Cut;

/// How often expired rows and records are deleted. YDB does it in the
/// background too, hourly unless a table says otherwise.
const SWEEP_INTERVAL: Duration = Duration::from_hours(1);
/// How often the emulated clock, which may jump, is asked whether it is time.
const SWEEPER_TICK: Duration = Duration::from_secs(1);
/// When a session that nobody uses ends.
const IDLE_LIMIT: Duration = Duration::from_mins(10);

/// A database or topic doesn't do what is asked.
#[derive(Debug, thiserror::Error)]
pub enum YdbFailure {
    /// There is no such database.
    #[error("unknown database {0}")]
    NoDatabase(String),
    /// Anything else, in YDB's words.
    #[error("{0}")]
    Refused(String),
    /// The server ended.
    #[error("the YDB server ended: {0}")]
    Server(#[from] tonic::transport::Error),
}

impl From<status::YdbError> for YdbFailure {
    fn from(error: status::YdbError) -> Self {
        Self::Refused(error.to_string())
    }
}

/// What tells databases apart.
#[derive(Debug, Clone)]
pub struct DatabaseIdentity {
    /// `/ru-central1/<cloud>/<database>`.
    pub path: String,
    /// Whose roles count.
    pub folder_id: String,
    /// The control plane's id.
    pub database_id: String,
}

/// A topic, for a person who looks.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TopicDescription {
    /// Absolute.
    pub path: String,
    /// Where the next record goes.
    pub end: u64,
    /// As its creator set them.
    pub attributes: BTreeMap<String, String>,
}

/// A record of a topic.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its place in the log.
    pub offset: u64,
    /// As it was sent.
    pub data: Vec<u8>,
    /// When it was taken.
    pub written_at: Timestamp,
}

/// All databases; clones share them.
#[derive(Clone)]
pub struct Ydb(Arc<Inner>);

struct Inner {
    iam: Iam,
    clock: Clock,
    folder: PathBuf,
    schema_operations_a_day: u64,
    databases: RwLock<BTreeMap<String, Arc<Database>>>,
    idle: IdleConnections,
    sessions: Sessions,
    sockets: Sockets,
}

impl std::fmt::Debug for Ydb {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_list()
            .entries(self.databases().keys())
            .finish()
    }
}

impl Ydb {
    /// No databases are open; they are files in `folder`. Each allows so many
    /// operations on its schema a day.
    #[must_use]
    pub fn new(iam: Iam, folder: &Path, clock: Clock, schema_operations_a_day: u64) -> Self {
        Self(Arc::new(Inner {
            iam,
            clock,
            folder: folder.to_path_buf(),
            schema_operations_a_day,
            databases: RwLock::default(),
            idle: IdleConnections::default(),
            sessions: Sessions::default(),
            sockets: Sockets::default(),
        }))
    }

    fn iam(&self) -> &Iam {
        &self.0.iam
    }

    fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    fn databases(&self) -> RwLockReadGuard<'_, BTreeMap<String, Arc<Database>>> {
        self.0
            .databases
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn database(&self, path: &str) -> Option<Arc<Database>> {
        self.databases().get(path).cloned()
    }

    fn must_have(&self, path: &str) -> Result<Arc<Database>, YdbFailure> {
        self.database(path)
            .ok_or_else(|| YdbFailure::NoDatabase(path.to_owned()))
    }

    /// Opens a database that must be there.
    ///
    /// # Errors
    /// When it isn't, or can't be read.
    pub async fn open_database(&self, identity: DatabaseIdentity) -> Result<(), YdbFailure> {
        if Database::exists(&self.0.folder, &identity.database_id) {
            return self.create_database(identity).await;
        }
        Err(YdbFailure::Refused("its file is missing".to_owned()))
    }

    /// Makes an empty database, or opens the one that is there.
    ///
    /// # Errors
    /// When its file can't be made or read.
    pub async fn create_database(&self, identity: DatabaseIdentity) -> Result<(), YdbFailure> {
        let inner = Arc::clone(&self.0);
        let work = move || {
            let DatabaseIdentity {
                path,
                folder_id,
                database_id,
            } = identity;
            let folder = &inner.folder;
            let clock = inner.clock.clone();
            let a_day = inner.schema_operations_a_day;
            let idle = inner.idle.clone();
            let database =
                Database::create(&path, &folder_id, &database_id, folder, clock, idle, a_day)?;
            let mut all = inner
                .databases
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            all.insert(path, Arc::new(database));
            Ok::<_, YdbFailure>(())
        };
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|error| YdbFailure::Refused(error.to_string()))?
    }

    /// Removes a database with its sessions, streams and files, whether it is
    /// open or not.
    pub fn delete_database(&self, path: &str) {
        let all = &self.0.databases;
        let removed = {
            let mut all = all.write().unwrap_or_else(PoisonError::into_inner);
            all.remove(path)
        };
        self.0.sessions.delete_all(path);
        match removed {
            Some(database) => database.close(),
            None => Database::remove(&self.0.folder, path.rsplit('/').next().unwrap_or(path)),
        }
    }

    /// Cuts the connections of all clients that are there now.
    pub fn cut_connections(&self, how: Cut) {
        self.0.sockets.cut(how);
    }

    fn sockets(&self) -> &Sockets {
        &self.0.sockets
    }

    /// Serves gRPC until `stop` is done.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        security: &Security,
        inspector: Inspector,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<(), YdbFailure> {
        let sweeper = tokio::spawn(sweep(Arc::downgrade(&self.0)));
        let served = service::serve(self, listener, security, inspector, stop).await;
        sweeper.abort();
        Ok(served?)
    }

    /// All topics of a database; none when it isn't there.
    #[must_use]
    pub fn topics(&self, database: &str) -> Vec<TopicDescription> {
        let Some(database) = self.database(database) else {
            return Vec::new();
        };
        let describe = |topic: engine::Topic| TopicDescription {
            end: ends(&database, &topic),
            path: topic.path,
            attributes: topic.settings.attributes,
        };
        database.topics.all().into_iter().map(describe).collect()
    }

    /// How many partitions a topic has.
    ///
    /// # Errors
    /// When there is no such database or topic.
    pub fn topic_partitions(&self, database: &str, topic: &str) -> Result<usize, YdbFailure> {
        let database = self.must_have(database)?;
        let path = topic_path(&database, topic);
        Ok(database.topics.get(&path)?.settings.partitions)
    }

    /// Where the next record of a topic's partition goes, now and whenever it
    /// changes.
    ///
    /// # Errors
    /// When there is no such database, topic or partition.
    pub fn watch_topic(
        &self,
        database: &str,
        topic: &str,
        partition: usize,
    ) -> Result<watch::Receiver<u64>, YdbFailure> {
        let database = self.must_have(database)?;
        let path = topic_path(&database, topic);
        Ok(database
            .topics
            .watch(&PartitionKey::new(&path, partition))?)
    }

    /// Where a trigger is in a topic's partition; none when it never was in it.
    ///
    /// # Errors
    /// When there is no such database.
    pub fn trigger_place(
        &self,
        database: &str,
        (topic, partition): (&str, usize),
        trigger_id: &str,
    ) -> Result<Option<u64>, YdbFailure> {
        let database = self.must_have(database)?;
        let key = PartitionKey::new(&topic_path(&database, topic), partition);
        Ok(database.topics.trigger_place(&key, trigger_id)?)
    }

    /// Keeps where a trigger is in a topic's partition.
    ///
    /// # Errors
    /// When there is no such database, or it can't be written.
    pub fn keep_trigger_place(
        &self,
        database: &str,
        (topic, partition): (&str, usize),
        trigger_id: &str,
        place: u64,
    ) -> Result<(), YdbFailure> {
        let database = self.must_have(database)?;
        let key = PartitionKey::new(&topic_path(&database, topic), partition);
        Ok(database
            .topics
            .keep_trigger_place(&key, trigger_id, place)?)
    }

    /// Records of a topic's partition from an offset on, at most `most`.
    ///
    /// # Errors
    /// When there is no such database, topic or partition.
    pub async fn read_topic(
        &self,
        database: &str,
        (topic, partition): (&str, usize),
        from: u64,
        most: usize,
    ) -> Result<Vec<Record>, YdbFailure> {
        let database = self.must_have(database)?;
        let key = PartitionKey::new(&topic_path(&database, topic), partition);
        let work = move || database.topics.read(&key, from, most);
        let stored = tokio::task::spawn_blocking(work).await;
        let stored = stored.map_err(|error| YdbFailure::Refused(error.to_string()))??;
        let record = |stored: engine::Stored| Record {
            offset: stored.offset,
            data: stored.message.data,
            written_at: stored.written,
        };
        Ok(stored.into_iter().map(record).collect())
    }
}

/// Where the next records of all partitions go, together.
fn ends(database: &Database, topic: &engine::Topic) -> u64 {
    let keys = (0..topic.settings.partitions).map(|number| PartitionKey::new(&topic.path, number));
    keys.filter_map(|key| database.topics.watch(&key).ok())
        .map(|end| *end.borrow())
        .sum()
}

fn topic_path(database: &Database, topic: &str) -> String {
    if topic.starts_with('/') {
        topic.to_owned()
    } else {
        format!("{}/{topic}", database.path)
    }
}

/// Sweeps when the emulated clock says so, and ends sessions that are idle.
async fn sweep(inner: Weak<Inner>) {
    let mut ticks = tokio::time::interval(SWEEPER_TICK);
    let mut due = None;
    loop {
        ticks.tick().await;
        let Some(inner) = inner.upgrade() else { return };
        inner.sessions.reap(IDLE_LIMIT);
        let ydb = Ydb(inner);
        let now = ydb.0.clock.now();
        if due.is_some_and(|due| now < due) {
            continue;
        }
        due = now.checked_add(SWEEP_INTERVAL).ok();
        let databases: Vec<Arc<Database>> = ydb.databases().values().cloned().collect();
        let work = move || databases.iter().for_each(|database| sweep_one(database));
        if let Err(error) = tokio::task::spawn_blocking(work).await {
            tracing::warn!(%error, "sweeping failed");
        }
    }
}

fn sweep_one(database: &Database) {
    let swept = database.sweep().and_then(|_| database.topics.sweep());
    if let Err(error) = swept
        && !database.closed.is_cancelled()
    {
        tracing::warn!(database = database.path, %error, "rows that expired stay");
    }
}
