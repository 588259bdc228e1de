//! A chat in an emulated cloud of its own.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Failed;
use rustix::process::{Pid, Signal, kill_process};
use wschat_tests::binaries::target_folder;
use wschat_tests::chaos::message::Message;
use wschat_tests::chaos::plan::Plan;
use wschat_tests::cloud::{Chat, ChatSettings, Cloud};
use wschat_tests::emulator::{Emulator, Options};
use wschat_tests::measure::processes::only_child;
use wschat_tests::wait::eventually;

/// How long calls that nobody waits for may go on: a call has 15 s.
const QUIET_LIMIT: Duration = Duration::from_secs(30);
/// More than a run writes.
const ALL: usize = 1_000_000;
/// The zone's own limit is 10, and a run has more callers.
const CALLS: &str = "serverless.functions.concurrent-calls=500";

/// A cloud and its chat.
pub(crate) struct Stage {
    pub(crate) emulator: Emulator,
    pub(crate) cloud: Cloud,
    pub(crate) chat: Chat,
}

impl Stage {
    pub(crate) async fn set(folder: &Path, plan: &Plan) -> Result<Self, Failed> {
        // Whatever lives by the clock outlives what a run moves it by.
        let options = Options::default()
            .argument("--quota")
            .argument(CALLS)
            .argument("--function-idle-limit")
            .argument("48h")
            .argument("--iam-token-lifetime")
            .argument("48h");
        let emulator = Emulator::start(folder, &options).await?;
        let cloud = Cloud::of(emulator.addresses())?;
        let settings = ChatSettings {
            handler: target_folder().join("handler/handler.zip"),
            concurrency: plan.concurrency,
            batch_bytes: plan.batch_bytes,
        };
        let chat = cloud.chat(settings, folder).await?;
        Ok(Self {
            emulator,
            cloud,
            chat,
        })
    }

    /// Waits until no call runs.
    pub(crate) async fn quiet(&self) -> Result<(), Failed> {
        self.runs(0).await
    }

    /// Waits until so many calls run.
    pub(crate) async fn runs(&self, wanted: usize) -> Result<(), Failed> {
        let running = async || {
            let calls = self.emulator.calls().await;
            let calls = calls.map_err(|error| error.to_string())?;
            match calls.iter().filter(|call| call.millis.is_none()).count() {
                running if running == wanted => Ok(()),
                running => Err(format!("{running} run")),
            }
        };
        Ok(eventually(format!("{wanted} calls to run"), QUIET_LIMIT, running).await?)
    }

    /// Sends a signal to one of the instances that were called lately and still
    /// are processes of this emulator. Returns its process id.
    pub(crate) async fn signal_an_instance(
        &self,
        signal: Signal,
        choice: u32,
    ) -> Result<Option<u32>, Failed> {
        let emulator = only_child(self.emulator.guard_id())?;
        let calls = self.emulator.calls().await?.into_iter();
        let mut processes: Vec<u32> = calls.filter_map(|call| call.process).collect();
        processes.sort_unstable();
        processes.dedup();
        processes.retain(|process| parent(*process) == Some(emulator));
        let choice = usize::try_from(choice)?.checked_rem(processes.len());
        let process = choice.map(|choice| processes[choice]);
        if let Some(pid) = process.and_then(|process| Pid::from_raw(i32::try_from(process).ok()?)) {
            // It may be gone by now.
            let _ = kill_process(pid, signal);
        }
        Ok(process)
    }

    /// Waits until a process is gone.
    pub(crate) async fn gone(&self, process: u32) -> Result<(), Failed> {
        let gone = async || match parent(process) {
            None => Ok(()),
            Some(_) => Err("it is there"),
        };
        Ok(eventually(format!("process {process} to end"), QUIET_LIMIT, gone).await?)
    }

    /// All records of the topic, by their offsets.
    pub(crate) async fn topic(&self) -> Result<Vec<Arc<Message>>, Failed> {
        let mut records = Vec::new();
        for record in self.emulator.topic_tail(ALL).await? {
            if record.offset != records.len() as u64 {
                return Err(format!("record {} isn't there", records.len()).into());
            }
            let messages = Message::all_in(&record.text);
            records.extend(messages.into_iter().map(Arc::new));
        }
        Ok(records)
    }

    /// The topic's newest record.
    pub(crate) async fn newest(&self) -> Result<Option<Message>, Failed> {
        match self.emulator.topic_tail(1).await?.as_slice() {
            [] => Ok(None),
            [record] => Ok(Message::all_in(&record.text).pop()),
            more => Err(format!("of one record, {} are shown", more.len()).into()),
        }
    }
}

fn parent(process: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    line.trim().parse().ok()
}
