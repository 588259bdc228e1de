//! A cloud, a Kubernetes and the operators that live and die in them.

mod callers;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Parser;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::sleep;
use wschat_crds::{ConditionStatus, ConditionType, WsChat, condition};
use wschat_operator::embedded::Embedded;
use wschat_tests::custom_resource::newest_is_ready;
use wschat_tests::emulator::State;
use wschat_tests::life::unprotected;
use yc_emulator::server::Emulator;

use crate::api_server::ApiServer;
use crate::gate::{Death, Gate, Passed};

pub(crate) const NAMESPACE: &str = "team";
pub(crate) const NAME: &str = "lobby";
/// What chats are made by.
pub(crate) const INSTALLATION: &str = "here";

/// How long a chat may take to become as wished: far more than it needs on a
/// busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);
/// The longest that one waits for the next look, whatever the operator asks
/// for: nothing here needs more time.
pub(crate) const NAP: Duration = Duration::from_millis(20);

/// Whether a chat is as wished.
pub(crate) type Done = fn(Option<&WsChat>) -> bool;

/// What is wrong, in words.
pub(crate) type Problem = String;

/// What kind of world it is.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// Chooses the order of what takes how long.
    pub(crate) seed: u64,
    /// How long the cloud's operations take.
    pub(crate) delay: String,
    /// How long operators wait for what the cloud made to show.
    pub(crate) showing_up: Duration,
    /// More arguments of the emulator.
    pub(crate) arguments: Vec<String>,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            seed: 0,
            delay: "0ms".to_owned(),
            showing_up: Duration::from_mins(1),
            arguments: Vec::new(),
        }
    }
}

/// A cloud with one folder and a Kubernetes with one chat at most.
pub(crate) struct World {
    emulator: Emulator,
    kube: ApiServer,
    gate: Gate,
    key: PathBuf,
    handler_zip: Vec<u8>,
    /// The handler that operators bring.
    deployed: Mutex<Vec<u8>>,
    showing_up: Duration,
    http: reqwest::Client,
    _folder: TempDir,
}

impl World {
    /// An empty one.
    pub(crate) async fn make(setting: Setting) -> Result<Self, Problem> {
        let folder = TempDir::new().map_err(|error| error.to_string())?;
        let key = folder.path().join("operator-key.json");
        let mut arguments = vec![
            "yc-emulator".to_owned(),
            "--listen=127.0.0.1:0".to_owned(),
            format!("--operator-key={}", key.display()),
            format!("--operation-delay={}", setting.delay),
            format!("--seed={}", setting.seed),
        ];
        arguments.extend(setting.arguments);
        if let Some(node) = wschat_tests::binaries::node() {
            arguments.push(format!("--node={}", node.display()));
        }
        let arguments = yc_emulator::args::Args::try_parse_from(arguments)
            .map_err(|error| error.to_string())?;
        let emulator = Emulator::start(arguments)
            .await
            .map_err(|error| error.to_string())?;
        let gate = Gate::new(callers::account(&key)?);
        emulator
            .inspector()
            .watch(std::sync::Arc::new(gate.clone()));
        let handler_zip =
            wschat_tests::operator::handler_zip().map_err(|error| error.to_string())?;
        let handler_zip = std::fs::read(handler_zip).map_err(|error| error.to_string())?;
        Ok(Self {
            emulator,
            kube: ApiServer::new(gate.clone()),
            gate,
            key,
            deployed: Mutex::new(handler_zip.clone()),
            handler_zip,
            showing_up: setting.showing_up,
            http: reqwest::Client::new(),
            _folder: folder,
        })
    }

    pub(crate) async fn end(self) {
        self.emulator.stop().await;
    }

    /// What Kubernetes has.
    pub(crate) fn kube(&self) -> &ApiServer {
        &self.kube
    }

    /// What all calls of operators pass.
    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Changes whatever Kubernetes stores of the chat.
    pub(crate) fn change_chat(&self, change: impl FnOnce(&mut Value)) {
        self.kube.change(NAMESPACE, NAME, change);
    }

    /// Which calls were made since the last operator began.
    pub(crate) fn passed(&self) -> Passed {
        self.gate.passed()
    }

    /// The next operators bring this handler.
    pub(crate) fn deploy(&self, handler_zip: Vec<u8>) {
        let mut current = self.deployed.lock().unwrap_or_else(PoisonError::into_inner);
        *current = handler_zip;
    }

    /// The handler of this workspace.
    pub(crate) fn handler(&self) -> &[u8] {
        &self.handler_zip
    }

    /// Breaks the cloud by these rules, and by no others.
    pub(crate) fn break_by(&self, rules: Value) -> Result<(), Problem> {
        let rules = serde_json::from_value(rules).map_err(|error| error.to_string())?;
        let set = self.emulator.inspector().set_faults(rules);
        set.map_err(|error| error.to_string())
    }

    /// Time passes in the cloud.
    pub(crate) async fn advance(&self, seconds: u64) -> Result<(), Problem> {
        let url = format!("{}/_emulator/clock", self.emulator.ready().api);
        let advance = json!({ "advance": format!("{seconds}s") });
        let answer = self.http.put(url).json(&advance).send().await;
        let answer = answer.and_then(reqwest::Response::error_for_status);
        answer.map(drop).map_err(|error| error.to_string())
    }

    pub(crate) fn create_chat(&self) {
        self.kube.create(NAMESPACE, NAME, &json!({}));
    }

    pub(crate) fn delete_chat(&self) {
        self.kube.delete(NAMESPACE, NAME);
    }

    /// Edits the chat's spec by a merge patch.
    pub(crate) fn edit_chat(&self, spec: &Value) {
        self.kube.edit(NAMESPACE, NAME, spec);
    }

    pub(crate) fn lose_status(&self) {
        self.kube.lose_status(NAMESPACE, NAME);
    }

    /// The folder of all chats.
    pub(crate) fn folder_id(&self) -> &str {
        &self.emulator.ready().folder_id
    }

    /// Makes a Secret with the operator's key, which is as good as any.
    pub(crate) fn create_key(&self, name: &str) -> Result<(), Problem> {
        let key = std::fs::read(&self.key).map_err(|error| error.to_string())?;
        let key = STANDARD.encode(key);
        self.kube.create_secret(NAMESPACE, name, "key.json", &key);
        Ok(())
    }

    pub(crate) fn delete_key(&self, name: &str) {
        self.kube.delete_secret(NAMESPACE, name);
    }

    /// By how many a Secret is held; nothing when it is gone.
    pub(crate) fn holders_of_key(&self, name: &str) -> Option<usize> {
        let finalizers = self.kube.secret_finalizers(NAMESPACE, name);
        finalizers.map(|all| all.len())
    }

    pub(crate) fn chat(&self) -> Option<WsChat> {
        self.kube.chat(NAMESPACE, NAME)
    }

    /// What chats have in the cloud, a line for each; without sockets and
    /// without how many messages a topic has: as many as probes needed.
    pub(crate) async fn made(&self) -> Result<Vec<String>, Problem> {
        Ok(self.state().await?.lasting())
    }

    /// The ids of all that chats have in the cloud.
    pub(crate) async fn ids(&self) -> Result<BTreeSet<String>, Problem> {
        Ok(self.state().await?.ids())
    }

    /// All that is in the cloud.
    pub(crate) async fn state(&self) -> Result<State, Problem> {
        let url = format!("{}/_emulator/state", self.emulator.ready().api);
        let answer = self.http.get(url).send().await;
        let answer = answer.map_err(|error| error.to_string())?;
        answer.json().await.map_err(|error| error.to_string())
    }

    /// An operator looks at the chat until it is `done`, or dies before. Answers
    /// with the calls that it made.
    pub(crate) async fn look_until(
        &self,
        done: Done,
        death: Option<Death>,
    ) -> Result<Passed, Problem> {
        self.gate.arm(death);
        let operator = self.operator()?;
        // In this order: a dead operator's last look isn't polled any more.
        tokio::select! {
            biased;
            () = self.gate.died() => {
                drop(operator);
                self.gate.revive();
                Ok(self.gate.passed())
            }
            outcome = self.look(&operator, done) => outcome.map(|()| self.gate.passed()),
        }
    }

    /// An operator looks at the chat until it is gone. Somebody deletes it when
    /// the operator makes the call `at`, or when there is no such call and it is
    /// ready. The first look after that must tell that it is leaving. Answers whether
    /// there was such a call.
    pub(crate) async fn look_until_gone(&self, at: Death) -> Result<bool, Problem> {
        let kube = self.kube.clone();
        let delete = move || {
            // What is protected isn't deleted.
            kube.edit(NAMESPACE, NAME, &unprotected());
            kube.delete(NAMESPACE, NAME);
        };
        self.gate.arm_with(at, delete.clone());
        let operator = self.operator()?;
        let (begun, mut struck) = (Instant::now(), true);
        while begun.elapsed() < PATIENCE {
            let Some(chat) = self.chat() else {
                return Ok(struck);
            };
            let leaving = chat.metadata.deletion_timestamp.is_some();
            if !leaving && newest_is_ready(&chat) {
                // Once: this run had fewer calls.
                self.gate.arm(None);
                delete();
                struck = false;
                continue;
            }
            // What fails meanwhile is looked at again, and so is what a deletion
            // came in between of.
            let looked = operator.look(chat).await;
            if leaving && looked.is_ok() {
                self.chat().as_ref().map_or(Ok(()), tells_that_it_leaves)?;
            }
            sleep(looked.unwrap_or(NAP).min(NAP)).await;
        }
        let status = self.chat().map(|chat| chat.status);
        Err(format!("it isn't gone: {status:#?}"))
    }

    /// One look of an operator that remembers nothing and reads everything: which of
    /// its calls change something. What queries did is to be seen in the tables.
    pub(crate) async fn idle_look(&self) -> Result<Vec<String>, Problem> {
        self.gate.arm(None);
        if let Some(chat) = self.chat() {
            let operator = self.operator()?;
            operator.doubt(&chat);
            Box::pin(operator.look(chat)).await?;
        }
        let passed = self.gate.passed();
        let changes = passed.certain_mutations().into_iter();
        Ok(changes.map(str::to_owned).collect())
    }

    async fn look(&self, operator: &Embedded, done: Done) -> Result<(), Problem> {
        let begun = Instant::now();
        let mut trouble = String::new();
        while begun.elapsed() < PATIENCE {
            let chat = self.chat();
            if done(chat.as_ref()) {
                return Ok(());
            }
            let Some(chat) = chat else { break };
            let wait = operator.look(chat).await.unwrap_or_else(|error| {
                trouble = error;
                NAP
            });
            sleep(wait.min(NAP)).await;
        }
        let status = self.chat().map(|chat| chat.status);
        Err(format!(
            "it isn't as wished after {} s; {trouble}; {status:#?}",
            begun.elapsed().as_secs()
        ))
    }
}

/// Whether a chat that is being deleted says so, and why it is still there.
fn tells_that_it_leaves(chat: &WsChat) -> Result<(), Problem> {
    let status = chat.status.clone().unwrap_or_default();
    let ready = condition::find(&status.conditions, ConditionType::Ready);
    let told = ready.is_some_and(|ready| {
        ready.status == ConditionStatus::False
            && ready.observed_generation == chat.metadata.generation
            && !ready.message.is_empty()
    });
    if told {
        return Ok(());
    }
    Err(format!("it doesn't tell that it leaves: {ready:#?}"))
}
