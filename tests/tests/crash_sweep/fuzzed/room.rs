//! A world with one chat, and an operator that may be lied to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use wschat_crds::{Reason, WsChat};
use wschat_operator::embedded::Embedded;
use wschat_tests::custom_resource::newest_is_ready;

use super::liar::{Liar, Lies};
use crate::life::is_gone;
use crate::sweep::setting;
use crate::world::{Done, NAP, PATIENCE, Problem, Setting, World};

/// More calls than one look makes.
const CALLS_OF_A_LOOK: u64 = 80;
/// More looks than follow each other without a pause: a chat has fewer parts.
const HURRIES: usize = 15;
/// Quotas are another test's.
const QUOTAS: [&str; 2] = [
    "--quota=ydb.serverless-databases=500",
    "--quota=serverless.functions.count=500",
];

/// Where one case comes after the other.
pub(crate) struct Room {
    world: World,
    pub(crate) liar: Liar,
    serving: JoinHandle<()>,
    operator: Mutex<Embedded>,
    /// Looks in a row that want another one at once.
    hurries: AtomicUsize,
}

impl Room {
    /// With a chat that is Ready.
    pub(crate) async fn open(seed: u64) -> Result<Self, Problem> {
        let world = World::make(Setting {
            arguments: QUOTAS.map(str::to_owned).to_vec(),
            ..setting(seed, "0s")
        })
        .await?;
        let liar = Liar::listen(&world.address().replace("http://", "")).await;
        let (liar, serving) = liar.map_err(|error| error.to_string())?;
        let operator = Mutex::new(world.operator_at(&liar.url())?);
        let room = Self {
            world,
            liar,
            serving,
            operator,
            hurries: AtomicUsize::new(0),
        };
        room.create();
        room.settle().await?;
        Ok(room)
    }

    /// Ends what was started.
    pub(crate) async fn leave(room: Arc<Self>) -> Result<(), Problem> {
        let room = Arc::into_inner(room).ok_or("somebody is still in the room")?;
        room.serving.abort();
        room.world.end().await;
        Ok(())
    }

    /// Another operator takes over, which remembers nothing.
    pub(crate) async fn replace_operator(&self) -> Result<(), Problem> {
        let next = self.world.operator_at(&self.liar.url())?;
        *self.operator.lock().await = next;
        Ok(())
    }

    /// The chat as it is stored; nothing also when it isn't of the right types.
    pub(crate) fn chat(&self) -> Option<WsChat> {
        self.world.kube().chats().into_iter().next()
    }

    /// Makes the usual chat.
    pub(crate) fn create(&self) {
        self.world.create_chat();
    }

    /// Makes another one.
    pub(crate) fn create_as(&self, namespace: &str, name: &str, spec: &Value) {
        self.world.kube().create(namespace, name, spec);
    }

    /// Replaces the spec.
    pub(crate) fn specify(&self, spec: Value) {
        let (namespace, name) = self.place();
        self.world.kube().specify(&namespace, &name, spec);
    }

    pub(crate) fn delete(&self) {
        let (namespace, name) = self.place();
        self.world.kube().delete(&namespace, &name);
    }

    pub(crate) fn lose_status(&self) {
        let (namespace, name) = self.place();
        self.world.kube().lose_status(&namespace, &name);
    }

    /// Namespace and name of the chat.
    fn place(&self) -> (String, String) {
        let metadata = self.chat().map(|chat| chat.metadata).unwrap_or_default();
        let (namespace, name) = (metadata.namespace, metadata.name);
        (namespace.unwrap_or_default(), name.unwrap_or_default())
    }

    /// Looks so often while answers are spoilt, or until the chat is gone.
    pub(crate) async fn look_at_lies(&self, lies: Lies, times: usize) -> Result<(), Problem> {
        self.liar.lie(Some(lies));
        for _ in 0..times {
            if self.chat().is_none() {
                break;
            }
            let looked = self.look().await;
            looked.map_err(|problem| format!("{problem}\nafter {:#?}", self.liar.spoilt()))?;
        }
        Ok(())
    }

    /// Looks with good answers until the chat is as wished.
    pub(crate) async fn settle(&self) -> Result<(), Problem> {
        self.look_until(|chat| chat.is_some_and(newest_is_ready))
            .await
    }

    /// The same until it is gone.
    pub(crate) async fn vanish(&self) -> Result<(), Problem> {
        self.look_until(is_gone).await
    }

    async fn look_until(&self, done: Done) -> Result<(), Problem> {
        let before = self.liar.spoilt();
        self.liar.lie(None);
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if done(self.chat().as_ref()) {
                return Ok(());
            }
            let wait = self.look().await?;
            tokio::time::sleep(wait.min(NAP)).await;
        }
        let status = self.chat().map(|chat| chat.status);
        Err(format!(
            "it doesn't become as wished after {before:#?}: {status:#?}"
        ))
    }

    /// One look, which asks a bounded number of times, and then says what is the
    /// case and waits. Answers how long.
    pub(crate) async fn look(&self) -> Result<Duration, Problem> {
        let Some(chat) = self.chat() else {
            return Ok(Duration::ZERO);
        };
        let before = self.liar.calls();
        let wait = self.operator.lock().await.look(chat).await?;
        let calls = self.liar.calls() - before;
        if calls > CALLS_OF_A_LOOK {
            return Err(format!("a look made {calls} calls"));
        }
        let Some(chat) = self.chat() else {
            return Ok(wait);
        };
        self.is_patient(wait, &chat)?;
        is_told(&chat)?;
        Ok(wait)
    }
}

impl Room {
    /// Something that ended may be followed by a look at once, but not for ever.
    fn is_patient(&self, wait: Duration, chat: &WsChat) -> Result<(), Problem> {
        if !wait.is_zero() {
            self.hurries.store(0, Ordering::Relaxed);
        } else if self.hurries.fetch_add(1, Ordering::Relaxed) >= HURRIES {
            return Err(format!("it looks again and again: {:#?}", chat.status));
        }
        Ok(())
    }
}

/// Whether the chat is Ready, under way or Stalled, and says why, in one line.
fn is_told(chat: &WsChat) -> Result<(), Problem> {
    let status = json!(chat.status);
    let conditions = status["conditions"].as_array();
    let conditions = conditions.ok_or("the status has no conditions")?;
    let is = |kind: &str| {
        let mut all = conditions.iter();
        all.any(|one| one["type"] == kind && one["status"] == "True")
    };
    if !(is("Ready") || is("Reconciling") || is("Stalled") || chat.spec.suspend) {
        return Err(format!(
            "it is neither Ready nor under way nor Stalled: {status:#}"
        ));
    }
    for one in conditions {
        let text = |field: &str| one[field].as_str().unwrap_or_default();
        let (reason, message) = (text("reason"), text("message"));
        let is_known = Reason::named(reason).is_some() || one["type"] == reason;
        // More isn't read by anybody, and an Event takes no more.
        let is_read = message.len() <= 1024 && !message.contains(char::is_control);
        if !is_known || !is_read {
            return Err(format!("it says {one:#}"));
        }
    }
    Ok(())
}
