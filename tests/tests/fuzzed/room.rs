//! A cloud, a Kubernetes with one chat, and an operator between them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use wschat_crds::{Reason, WsChat};
use wschat_operator::embedded::{Embedded, Start};
use wschat_tests::custom_resource::newest_is_ready;
use yandex_cloud_rest::auth::{AuthorizedKey, Credentials};
use yc_emulator::server::Emulator;

use crate::chat::OneChat;
use crate::liar::{Liar, Lies};

/// What is wrong, in words.
pub(crate) type Problem = String;

/// How long a chat may take to become as wished: more than it needs on a busy
/// machine, whatever it was before.
const PATIENCE: Duration = Duration::from_secs(90);
/// More calls than one look makes.
const CALLS_OF_A_LOOK: u64 = 80;
/// More looks than follow each other without a pause: a chat has fewer parts.
const HURRIES: usize = 15;
/// The longest that one waits for the next look, whatever the operator asks for.
const NAP: Duration = Duration::from_millis(20);
/// Quotas are another test's.
const QUOTAS: [&str; 2] = [
    "ydb.serverless-databases=500",
    "serverless.functions.count=500",
];

/// Where one case comes after the other.
pub(crate) struct Room {
    pub(crate) kube: OneChat,
    pub(crate) liar: Liar,
    emulator: Emulator,
    serving: JoinHandle<()>,
    operator: Mutex<Embedded>,
    /// Looks in a row that want another one at once.
    hurries: AtomicUsize,
    key: AuthorizedKey,
    handler_zip: Vec<u8>,
    _folder: TempDir,
}

fn told(error: &dyn std::fmt::Display) -> Problem {
    error.to_string()
}

impl Room {
    /// With a chat that is Ready.
    pub(crate) async fn open(seed: u64) -> Result<Self, Problem> {
        let folder = TempDir::new().map_err(|error| told(&error))?;
        let file = folder.path().join("operator-key.json");
        let mut arguments = vec![
            "yc-emulator".to_owned(),
            "--listen=127.0.0.1:0".to_owned(),
            format!("--operator-key={}", file.display()),
            "--operation-delay=0s".to_owned(),
            format!("--seed={seed}"),
        ];
        arguments.extend(QUOTAS.map(|quota| format!("--quota={quota}")));
        if let Some(node) = wschat_tests::binaries::node() {
            arguments.push(format!("--node={}", node.display()));
        }
        let arguments = yc_emulator::args::Args::try_parse_from(arguments);
        let arguments = arguments.map_err(|error| told(&error))?;
        let emulator = Emulator::start(arguments).await;
        let emulator = emulator.map_err(|error| told(&error))?;
        let cloud = emulator.ready().api.replace("http://", "");
        let (liar, serving) = Liar::listen(&cloud).await.map_err(|error| told(&error))?;
        let key = AuthorizedKey::read(&file).map_err(|error| told(&error))?;
        let zip = wschat_tests::operator::handler_zip().map_err(|error| told(&error))?;
        let handler_zip = std::fs::read(zip).map_err(|error| told(&error))?;
        let kube = OneChat::default();
        kube.create();
        let start = start(&emulator, handler_zip.clone());
        let operator = Mutex::new(operator(&kube, &liar, key.clone(), start)?);
        let room = Self {
            kube,
            liar,
            emulator,
            serving,
            operator,
            hurries: AtomicUsize::new(0),
            key,
            handler_zip,
            _folder: folder,
        };
        room.settle().await?;
        Ok(room)
    }

    /// Ends what was started.
    pub(crate) async fn leave(room: Arc<Self>) -> Result<(), Problem> {
        let room = Arc::into_inner(room).ok_or("somebody is still in the room")?;
        room.serving.abort();
        room.emulator.stop().await;
        Ok(())
    }

    /// Another operator takes over, which remembers nothing.
    pub(crate) async fn replace_operator(&self) -> Result<(), Problem> {
        let start = start(&self.emulator, self.handler_zip.clone());
        let next = operator(&self.kube, &self.liar, self.key.clone(), start)?;
        *self.operator.lock().await = next;
        Ok(())
    }

    /// Looks so often while answers are spoilt, or until the chat is gone.
    pub(crate) async fn look_at_lies(&self, lies: Lies, times: usize) -> Result<(), Problem> {
        self.liar.lie(Some(lies));
        for _ in 0..times {
            if self.kube.chat().is_none() {
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
        self.look_until(|chat| chat.is_none()).await
    }

    async fn look_until(&self, done: fn(Option<&WsChat>) -> bool) -> Result<(), Problem> {
        let before = self.liar.spoilt();
        self.liar.lie(None);
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if done(self.kube.chat().as_ref()) {
                return Ok(());
            }
            let wait = self.look().await?;
            tokio::time::sleep(wait.min(NAP)).await;
        }
        let status = self.kube.chat().map(|chat| chat.status);
        Err(format!(
            "it doesn't become as wished after {before:#?}: {status:#?}"
        ))
    }

    /// One look, which asks a bounded number of times, and then says what is the
    /// case and waits. Answers how long.
    pub(crate) async fn look(&self) -> Result<Duration, Problem> {
        let Some(chat) = self.kube.chat() else {
            return Ok(Duration::ZERO);
        };
        let before = self.liar.calls();
        let wait = self.operator.lock().await.look(chat).await?;
        let calls = self.liar.calls() - before;
        if calls > CALLS_OF_A_LOOK {
            return Err(format!("a look made {calls} calls"));
        }
        let Some(chat) = self.kube.chat() else {
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

fn start(emulator: &Emulator, handler_zip: Vec<u8>) -> Start {
    Start {
        folder_id: emulator.ready().folder_id.clone(),
        installation_id: "here".to_owned(),
        handler_zip,
        showing_up: NAP,
    }
}

fn operator(
    kube: &OneChat,
    liar: &Liar,
    key: AuthorizedKey,
    start: Start,
) -> Result<Embedded, Problem> {
    let mut config = yandex_cloud_rest::Config::new(Credentials::AuthorizedKey(Box::new(key)));
    config.api_endpoint = liar.url();
    // Another try would only take time.
    config.attempts = 1;
    let cloud = yandex_cloud_rest::Client::new(config).map_err(|error| told(&error))?;
    Ok(Embedded::new(kube.client(), cloud, start))
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
