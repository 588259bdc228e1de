//! A database that cases share as long as they leave it as it was.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::types::Value as Stored;
use tempfile::TempDir;
use tonic::service::Routes;

use crate::clock::Clock;
use crate::iam::{Iam, IamSettings};
use crate::ids::Ids;
use crate::server::OPERATOR_ROLES;
use crate::ydb::engine::{Database, Query, Rights, TopicSettings};
use crate::ydb::parameters::Parameter;
use crate::ydb::types::{ColumnType, Primitive};
use crate::ydb::{DatabaseIdentity, Ydb};

pub(super) const PATH: &str = "/ru-central1/b1gcloud/etn1";
pub(super) const TOPIC: &str = "broadcast-topic";
const FOLDER: &str = "b1gemulator000000000";
pub(super) const ALL_RIGHTS: Rights = Rights {
    write: true,
    schema: true,
};
/// What is there when a case begins.
const TABLES: &str = r#"
    CREATE TABLE connections (
        connection_id Utf8 NOT NULL, user_id Utf8, connected_at Timestamp,
        PRIMARY KEY (connection_id), INDEX idx_user_id GLOBAL ON (user_id));
    CREATE TABLE kinds (
        id Int64 NOT NULL, flag Bool, small Uint8, large Uint64, ratio Double, single Float,
        text Utf8, bytes String, document Json, day Date, moment Datetime, span Interval,
        PRIMARY KEY (id));
    UPSERT INTO connections (connection_id, user_id) VALUES ("c1", "ann"), ("c2", "bob");
    UPSERT INTO kinds (id, flag, small, large, ratio, text, bytes)
        VALUES (1, true, 1, 2, 0.5, "one", "eins"), (2, false, 3, 4, 1.5, "two", "zwei");"#;
/// What must still be found when it has ended, or the database isn't used again.
const CHECK: &str = "SELECT * FROM connections; SELECT * FROM kinds";
/// Cases that one database serves at most: what a leak holds on to is counted then.
const CASES: usize = 1000;

thread_local! {
    static SHARED: RefCell<Option<Bench>> = const { RefCell::new(None) };
}

/// A YDB with one database, and who may use it.
pub(super) struct Bench {
    pub(super) ydb: Ydb,
    pub(super) routes: Routes,
    pub(super) token: String,
    clean: Vec<ydb_grpc::ydb_proto::ResultSet>,
    cases: usize,
    _folder: TempDir,
}

impl Bench {
    /// Runs a case on a database that is as it was made.
    pub(super) fn with(case: impl FnOnce(&Self)) {
        SHARED.with_borrow_mut(|shared| {
            let mut bench = shared.take().unwrap_or_else(Self::new);
            case(&bench);
            bench.cases += 1;
            assert_eq!(bench.ydb.sessions().count(), 0, "sessions that nobody ends");
            // It answers, whatever happened to it.
            let found = bench.database().run_alone(&script(CHECK));
            let is_clean = found.is_ok_and(|found| found == bench.clean) && bench.is_bare();
            if is_clean && bench.cases < CASES {
                *shared = Some(bench);
            }
        });
    }

    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Clock::default();
        let iam = Iam::new(IamSettings::default(), clock.clone(), Ids::new(7));
        let account = iam.add_account(FOLDER, "operator", &OPERATOR_ROLES);
        let token = iam.issue_token(&account.expect("an account"));
        let ydb = Ydb::new(iam, folder.path(), clock, u64::MAX);
        let identity = DatabaseIdentity {
            path: PATH.to_owned(),
            folder_id: FOLDER.to_owned(),
            database_id: "etn1".to_owned(),
        };
        crate::fuzzing::alone(ydb.create_database(identity)).expect("a database");
        let mut bench = Self {
            routes: crate::ydb::service::routes(&ydb),
            ydb,
            token: token.expect("a token").token,
            clean: Vec::new(),
            cases: 0,
            _folder: folder,
        };
        let database = bench.database();
        database.run_alone(&script(TABLES)).expect("tables");
        let created = database.topics.create(&topic(), settings());
        assert!(created.expect("a topic"), "it was there");
        bench.clean = database.run_alone(&script(CHECK)).expect("rows");
        bench
    }

    pub(super) fn database(&self) -> Arc<Database> {
        self.ydb.must_have(PATH).expect("the database")
    }

    fn topic_is_new(&self) -> bool {
        let found = self.database().topics.all();
        let [only] = found.as_slice() else {
            return false;
        };
        let end = self.ydb.watch_topic(PATH, TOPIC, 0);
        let is_empty = end.is_ok_and(|end| *end.borrow() == 0);
        only.path == topic() && only.settings == settings() && is_empty
    }

    /// Whether nothing was added.
    fn is_bare(&self) -> bool {
        let database = self.database();
        database.tables().len() == 2 && database.directories().is_empty() && self.topic_is_new()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.ydb.delete_database(PATH);
    }
}

fn topic() -> String {
    format!("{PATH}/{TOPIC}")
}

fn settings() -> TopicSettings {
    TopicSettings {
        partitions: 1,
        retention: Duration::from_hours(1),
        codecs: Vec::new(),
        attributes: BTreeMap::new(),
        consumers: vec!["consumer".to_owned()],
        write_speed: 1 << 20,
        write_burst: 0,
        metering_mode: 0,
    }
}

fn script(text: &str) -> Query {
    Query {
        text: text.to_owned(),
        parameters: HashMap::new(),
        rights: ALL_RIGHTS,
    }
}

/// Parameters that scripts may use.
pub(super) fn parameters() -> HashMap<String, Parameter> {
    let utf8 = ColumnType::required(Primitive::Utf8);
    let number = ColumnType::optional(Primitive::Int64);
    let plain = |kind, value| Parameter::Plain { kind, value };
    let rows = Parameter::Rows {
        members: vec![
            ("connection_id".to_owned(), utf8),
            ("user_id".to_owned(), utf8),
        ],
        rows: vec![vec![
            Stored::Text("c3".to_owned()),
            Stored::Text("eve".to_owned()),
        ]],
    };
    let list = Parameter::List {
        kind: utf8,
        values: vec![Stored::Text("c1".to_owned())],
    };
    [
        ("c", plain(utf8, Stored::Text("c1".to_owned()))),
        ("n", plain(number, Stored::Integer(i64::MAX))),
        ("nothing", plain(number, Stored::Null)),
        ("list", list),
        ("rows", rows),
    ]
    .map(|(name, parameter)| (name.to_owned(), parameter))
    .into()
}
