use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use super::seams::{Sockets, Topics};
use super::{TriggerDefinition, Triggers};
use crate::clock::Clock;
use crate::error::Status;
use crate::iam::{Delta, DeltaAction, Iam, IamSettings, Resource};
use crate::ids::Ids;
use crate::inspect::Inspector;
use crate::traffic::{Seen, Traffic};
use crate::ydb::{Record, YdbFailure};

const FOLDER: &str = "b1gemulator000000000";
const TOPIC: &str = "broadcast-topic";
const DATABASE: &str = "/ru-central1/b1gcloud/etn1";

/// A topic in memory.
#[derive(Debug, Clone)]
struct Tape {
    records: Arc<Mutex<Vec<Vec<u8>>>>,
    end: watch::Sender<u64>,
}

impl Tape {
    fn new() -> Self {
        Self {
            records: Arc::default(),
            end: watch::Sender::new(0),
        }
    }

    fn write(&self, record: &str) {
        self.records
            .lock()
            .unwrap()
            .push(record.as_bytes().to_vec());
        self.end.send_modify(|end| *end += 1);
    }
}

#[async_trait]
impl Topics for Tape {
    fn watch(&self, database: &str, topic: &str) -> Result<watch::Receiver<u64>, YdbFailure> {
        assert_eq!((database, topic), (DATABASE, TOPIC));
        Ok(self.end.subscribe())
    }

    async fn read(
        &self,
        _: &str,
        _: &str,
        from: u64,
        most: usize,
    ) -> Result<Vec<Record>, YdbFailure> {
        let records = self.records.lock().unwrap();
        let numbered = (0..)
            .zip(records.iter())
            .filter(|(offset, _)| *offset >= from)
            .take(most);
        let record = |(offset, data): (u64, &Vec<u8>)| Record {
            offset,
            data: data.clone(),
            written_at: Timestamp::UNIX_EPOCH,
        };
        Ok(numbered.map(record).collect())
    }
}

/// Hears what is broadcast.
#[derive(Debug)]
struct Ear(mpsc::UnboundedSender<String>);

impl Sockets for Ear {
    fn broadcast(
        &self,
        gateway: &str,
        path: &str,
        account: &str,
        payload: String,
    ) -> Result<usize, Status> {
        assert_eq!((gateway, path, account), ("d5d1", "/ws", "caster"));
        self.0.send(payload).unwrap();
        Ok(1)
    }
}

struct Stage {
    iam: Iam,
    inspector: Inspector,
    tape: Tape,
    triggers: Triggers,
    heard: mpsc::UnboundedReceiver<String>,
    definition: TriggerDefinition,
}

impl Stage {
    fn new(batch_size_bytes: u64, cutoff: Duration) -> Self {
        let iam = Iam::new(IamSettings::default(), Clock::default(), Ids::new(7));
        let reader = iam.add_account(FOLDER, "reader", &["yds.admin"]).unwrap();
        let (ear, heard) = mpsc::unbounded_channel();
        let tape = Tape::new();
        let inspector = Inspector::new(iam.clone());
        let triggers = Triggers::between(
            inspector.clone(),
            Box::new(tape.clone()),
            Box::new(Ear(ear)),
            Duration::ZERO,
            Traffic::default(),
        );
        let definition = TriggerDefinition {
            trigger_id: "a1s1".to_owned(),
            folder_id: FOLDER.to_owned(),
            database: DATABASE.to_owned(),
            stream: TOPIC.to_owned(),
            service_account_id: reader,
            batch_size_bytes,
            cutoff,
            gateway_id: "d5d1".to_owned(),
            path: "/ws".to_owned(),
            broadcaster_service_account_id: "caster".to_owned(),
        };
        Self {
            iam,
            inspector,
            tape,
            triggers,
            heard,
            definition,
        }
    }

    /// Starts, and returns when the trigger has its place in the topic.
    async fn start(&mut self) {
        let key = super::Key::of(&self.definition);
        self.triggers.start(self.definition.clone());
        wait_for(|| self.triggers.0.position(&key).is_some()).await;
    }

    async fn hear(&mut self) -> String {
        tokio::time::timeout(Duration::from_secs(30), self.heard.recv())
            .await
            .unwrap()
            .unwrap()
    }
}

async fn wait_for(condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting)
        .await
        .unwrap();
}

#[tokio::test]
async fn what_is_written_after_the_start_is_broadcast_record_by_record() {
    let mut stage = Stage::new(1, Duration::from_secs(1));
    stage.tape.write(r#"{"n":"before"}"#);
    stage.start().await;
    stage.tape.write(r#"{"n": 1}"#);
    stage.tape.write("no JSON");
    stage.tape.write(r#"{"n": 2}"#);
    assert_eq!(stage.hear().await, r#"{"messages":[{"n": 1}]}"#);
    assert_eq!(stage.hear().await, r#"{"messages":[{"n": 2}]}"#);
}

#[tokio::test]
async fn a_batch_waits_until_it_is_full_or_due() {
    let mut stage = Stage::new(5, Duration::from_hours(1));
    stage.start().await;
    for record in ["11", "22", "3333"] {
        stage.tape.write(record);
    }
    assert_eq!(
        stage.hear().await,
        r#"{"messages":[11,22]}"#,
        "a third would not fit"
    );
    stage.triggers.stop("a1s1");
    stage.definition.cutoff = Duration::from_millis(20);
    stage.start().await;
    assert_eq!(
        stage.hear().await,
        r#"{"messages":[3333]}"#,
        "due, and not lost by the stop"
    );
}

#[tokio::test]
async fn a_paused_trigger_goes_on_where_it_was() {
    let mut stage = Stage::new(1, Duration::from_secs(1));
    stage.start().await;
    stage.tape.write("1");
    assert_eq!(stage.hear().await, r#"{"messages":[1]}"#);
    stage.triggers.stop("a1s1");
    stage.tape.write("2");
    stage.start().await;
    stage.start().await;
    stage.tape.write("3");
    assert_eq!(stage.hear().await, r#"{"messages":[2]}"#);
    assert_eq!(
        stage.hear().await,
        r#"{"messages":[3]}"#,
        "once, though it was started twice"
    );
}

#[tokio::test]
async fn nothing_is_read_without_the_role() {
    let mut stage = Stage::new(1, Duration::from_secs(1));
    let folder = Resource::folder(FOLDER);
    let bindings = stage.iam.bindings(&folder);
    let revoke = |binding| Delta {
        action: DeltaAction::Remove,
        binding,
    };
    let revoked = stage
        .iam
        .update_bindings(&folder, bindings.into_iter().map(revoke).collect());
    assert_eq!(revoked.len(), 1);
    stage.start().await;
    stage.tape.write("1");
    stage
        .iam
        .grant(&folder, "yds.admin", &stage.definition.service_account_id);
    assert_eq!(
        stage.hear().await,
        r#"{"messages":[1]}"#,
        "read late, not lost"
    );
}

#[tokio::test]
async fn a_batch_is_lost_doubled_or_late_as_a_rule_says() {
    let mut stage = Stage::new(1, Duration::from_secs(1));
    stage.start().await;
    let rule = |when: &str, action: &Value| {
        let when = json!({ "json": { "pointer": "/messages/0", "equals": when } });
        json!({ "method": "DELIVER", "path": "/a1s1", "when": when, "action": action })
    };
    let rules = json!([
        rule("lost", &json!({ "drop": {} })),
        rule("failed", &json!({ "status": 503 })),
        rule("twice", &json!({ "duplicate": {} })),
        rule("late", &json!({ "delayMs": 1 })),
    ]);
    let rules = serde_json::from_value(rules).unwrap();
    stage.inspector.set_faults(rules).unwrap();
    for record in ["lost", "failed", "twice", "late", "last"] {
        stage.tape.write(&format!("{record:?}"));
    }
    let mut heard = Vec::new();
    for _ in 0..4 {
        heard.push(stage.hear().await);
    }
    let batches =
        ["twice", "twice", "late", "last"].map(|text| format!(r#"{{"messages":["{text}"]}}"#));
    assert_eq!(heard, batches);
    let hits = stage.inspector.list_faults().into_iter();
    assert_eq!(hits.map(|rule| rule.hits).collect::<Vec<_>>(), [1, 1, 1, 1]);
    let traffic = stage.triggers.0.traffic.all();
    let lost = traffic
        .iter()
        .filter(|sighting| matches!(sighting.seen, Seen::Lost { .. }));
    assert_eq!(lost.count(), 2);
}

#[tokio::test]
async fn a_trigger_that_is_held_delivers_nothing_until_the_rules_go() {
    let mut stage = Stage::new(1, Duration::from_secs(1));
    stage.start().await;
    let hang = json!([{ "method": "DELIVER", "path": "*", "action": { "hang": {} } }]);
    let rules = serde_json::from_value(hang).unwrap();
    stage.inspector.set_faults(rules).unwrap();
    stage.tape.write("1");
    let inspector = stage.inspector.clone();
    wait_for(|| inspector.list_faults()[0].hits == 1).await;
    stage.tape.write("2");
    stage.inspector.clear_faults();
    assert_eq!(
        stage.hear().await,
        r#"{"messages":[2]}"#,
        "the batch that was held is lost"
    );
}
