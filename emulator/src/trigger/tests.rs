mod calls;
mod faults;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::{mpsc, watch};

use super::seams::{Source, Targets, Topics};
use super::{TriggerDefinition, Triggers};
use crate::clock::Clock;
use crate::cloud::plane::{BroadcastTarget, FunctionTarget, TriggerAction};
use crate::error::Status;
use crate::functions::InvokeError;
use crate::iam::{Delta, DeltaAction, Iam, IamSettings, Resource};
use crate::ids::Ids;
use crate::inspect::Inspector;
use crate::store::Records;
use crate::traffic::{Seen, Traffic};
use crate::ydb::{Record, YdbFailure};

const FOLDER: &str = "b1gemulator000000000";
const TOPIC: &str = "broadcast-topic";
const DATABASE: &str = "/ru-central1/b1gcloud/etn1";

/// A partition in memory.
#[derive(Debug)]
struct Log {
    records: Vec<Vec<u8>>,
    end: watch::Sender<u64>,
}

/// A topic in memory; without partitions it isn't there.
#[derive(Debug, Clone, Default)]
struct Tape(Arc<Mutex<Vec<Log>>>);

impl Tape {
    fn of(partitions: usize) -> Self {
        let tape = Self::default();
        tape.grow(partitions);
        tape
    }

    fn grow(&self, partitions: usize) {
        let empty = || Log {
            records: Vec::new(),
            end: watch::Sender::new(0),
        };
        self.0.lock().unwrap().resize_with(partitions, empty);
    }

    fn write(&self, record: &str) {
        self.write_to(0, record);
    }

    fn write_to(&self, partition: usize, record: &str) {
        let log = &mut self.0.lock().unwrap()[partition];
        log.records.push(record.as_bytes().to_vec());
        log.end.send_modify(|end| *end += 1);
    }
}

#[async_trait]
impl Topics for Tape {
    fn partitions(&self, database: &str, topic: &str) -> Result<usize, YdbFailure> {
        assert_eq!((database, topic), (DATABASE, TOPIC));
        match self.0.lock().unwrap().len() {
            0 => Err(YdbFailure::Refused("no such topic".to_owned())),
            partitions => Ok(partitions),
        }
    }

    fn watch(&self, source: &Source) -> Result<watch::Receiver<u64>, YdbFailure> {
        Ok(self.0.lock().unwrap()[source.partition].end.subscribe())
    }

    async fn read(
        &self,
        source: &Source,
        from: u64,
        most: usize,
    ) -> Result<Vec<Record>, YdbFailure> {
        let logs = self.0.lock().unwrap();
        let numbered = (0..)
            .zip(&logs[source.partition].records)
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

/// Hears what is sent, and what functions are called with: a call fails as
/// often as was said before.
#[derive(Debug)]
struct Ear {
    heard: mpsc::UnboundedSender<String>,
    failures: Arc<AtomicUsize>,
}

#[async_trait]
impl Targets for Ear {
    fn broadcast(
        &self,
        gateway: &str,
        path: &str,
        account: &str,
        payload: String,
    ) -> Result<usize, Status> {
        assert_eq!((gateway, path, account), ("d5d1", "/ws", "caster"));
        self.heard.send(payload).unwrap();
        Ok(1)
    }

    async fn invoke(&self, function: &FunctionTarget, event: Value) -> Result<(), InvokeError> {
        assert_eq!((&*function.function_id, &*function.tag), ("d4e1", "live"));
        self.heard.send(event.to_string()).unwrap();
        let failed = self
            .failures
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            });
        match failed {
            Ok(_) => Err(InvokeError::TooManyCalls("d4e1".to_owned())),
            Err(_) => Ok(()),
        }
    }
}

struct Stage {
    iam: Iam,
    inspector: Inspector,
    clock: Clock,
    tape: Tape,
    triggers: Triggers,
    traffic: Traffic,
    failures: Arc<AtomicUsize>,
    heard: mpsc::UnboundedReceiver<String>,
    definition: TriggerDefinition,
}

impl Stage {
    fn new(batch_size_bytes: u64, cutoff: Duration) -> Self {
        Self::on(Tape::of(1), Duration::ZERO, batch_size_bytes, cutoff)
    }

    fn on(tape: Tape, start_delay: Duration, batch_size_bytes: u64, cutoff: Duration) -> Self {
        let clock = Clock::default();
        let iam = Iam::new(IamSettings::default(), clock.clone(), Ids::new(7));
        let reader = iam.add_account(FOLDER, "reader", &["yds.admin"]).unwrap();
        let (heard_sender, heard) = mpsc::unbounded_channel();
        let (traffic, failures) = (Traffic::default(), Arc::new(AtomicUsize::new(0)));
        let ear = Ear {
            heard: heard_sender,
            failures: Arc::clone(&failures),
        };
        let inspector = Inspector::new(iam.clone());
        let triggers = Triggers::between(
            inspector.clone(),
            Box::new(tape.clone()),
            Box::new(ear),
            start_delay,
            traffic.clone(),
            Records::default(),
        );
        let definition = TriggerDefinition {
            trigger_id: "a1s1".to_owned(),
            folder_id: FOLDER.to_owned(),
            database: DATABASE.to_owned(),
            stream: TOPIC.to_owned(),
            service_account_id: reader,
            batch_size_bytes,
            cutoff,
            action: TriggerAction::Broadcast(BroadcastTarget {
                gateway_id: "d5d1".to_owned(),
                path: "/ws".to_owned(),
                service_account_id: "caster".to_owned(),
            }),
        };
        Self {
            iam,
            inspector,
            clock,
            tape,
            triggers,
            traffic,
            failures,
            heard,
            definition,
        }
    }

    /// Calls a function, which fails so often, instead.
    fn calls(mut self, retries: u32, failures: usize) -> Self {
        self.failures.store(failures, Ordering::Relaxed);
        self.definition.action = TriggerAction::Invoke(FunctionTarget {
            function_id: "d4e1".to_owned(),
            tag: "live".to_owned(),
            service_account_id: None,
            retries,
            interval: Duration::from_secs(10),
        });
        self
    }

    /// Starts, and returns when the trigger has its place in the topic.
    async fn start(&mut self) {
        self.triggers.start(self.definition.clone());
        self.begun().await;
    }

    async fn begun(&self) {
        let key = super::Key::of(&self.definition);
        wait_for(|| self.triggers.0.has_started(&key)).await;
    }

    async fn hear(&mut self) -> String {
        tokio::time::timeout(Duration::from_secs(30), self.heard.recv())
            .await
            .unwrap()
            .unwrap()
    }

    /// What the trigger did with batches, once it did so much.
    async fn did(&self, most: usize) -> Vec<Seen> {
        let done = || {
            let all = self.traffic.all().into_iter().map(|one| one.seen);
            let done = all.filter(|seen| !matches!(seen, Seen::Stuck { .. }));
            done.collect::<Vec<_>>()
        };
        wait_for(|| done().len() == most).await;
        done()
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
    assert_eq!(stage.did(0).await, []);
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
async fn a_missing_topic_heals_and_all_that_is_in_it_is_sent() {
    let (tape, second) = (Tape::default(), Duration::from_secs(1));
    let mut stage = Stage::on(tape, Duration::ZERO, 1, second);
    stage.start().await;
    let stuck = stage.traffic.all().into_iter().any(
        |one| matches!(one.seen, Seen::Stuck { error, .. } if error.contains("no such topic")),
    );
    assert!(stuck, "told to who looks");
    stage.tape.grow(1);
    stage.tape.write("1");
    assert_eq!(stage.hear().await, r#"{"messages":[1]}"#);
}

#[tokio::test]
async fn a_new_trigger_starts_late_by_the_emulated_clock() {
    let (delay, second) = (Duration::from_mins(5), Duration::from_secs(1));
    let mut stage = Stage::on(Tape::of(1), delay, 1, second);
    stage.triggers.start(stage.definition.clone());
    stage.tape.write(r#""too early""#);
    // Time enough to begin for one that doesn't wait.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    let key = super::Key::of(&stage.definition);
    assert!(!stage.triggers.0.has_started(&key), "it waits");
    stage.clock.advance(delay);
    stage.begun().await;
    stage.tape.write("1");
    assert_eq!(stage.hear().await, r#"{"messages":[1]}"#);
    stage.triggers.stop("a1s1");
    stage.start().await;
    stage.tape.write("2");
    assert_eq!(stage.hear().await, r#"{"messages":[2]}"#, "late only once");
}

#[tokio::test]
async fn all_partitions_are_sent_each_in_its_order_and_by_its_own_position() {
    let second = Duration::from_secs(1);
    let mut stage = Stage::on(Tape::of(2), Duration::ZERO, 1, second);
    stage.start().await;
    for (partition, record) in [(0, "1"), (1, "10"), (0, "2"), (1, "20")] {
        stage.tape.write_to(partition, record);
    }
    let mut heard = Vec::new();
    for _ in 0..4 {
        heard.push(stage.hear().await);
    }
    let of = |one: &str, two: &str| {
        let wanted = [one, two].map(|record| format!(r#"{{"messages":[{record}]}}"#));
        let own = heard.iter().filter(|text| wanted.contains(text));
        own.eq(wanted.iter())
    };
    assert!(of("1", "2") && of("10", "20"), "{heard:?}");
    stage.triggers.stop("a1s1");
    stage.tape.write_to(1, "30");
    stage.start().await;
    assert_eq!(stage.hear().await, r#"{"messages":[30]}"#);
    stage.tape.grow(3);
    stage.tape.write_to(2, "100");
    assert_eq!(
        stage.hear().await,
        r#"{"messages":[100]}"#,
        "a partition that was added is read from its beginning"
    );
}
