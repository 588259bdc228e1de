//! A cloud, a namespace with one chat, and the operators that live and die there.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use libtest_mimic::Failed;
use serde_json::{Value, json};
use wschat_crds::WsChat;
use wschat_tests::chat_socket::ChatSocket;
use wschat_tests::cloud::{Cloud, Thing};
use wschat_tests::emulator::{self, Emulator, Request};
use wschat_tests::life::Outcome;
use wschat_tests::namespace::Namespace;
use wschat_tests::operator::{Operator, Options, handler_zip};
use wschat_tests::wait::{eventually, wait_for, wait_gone};

use super::points::Point;
use super::stages::Stage;
use crate::suite::Scene;
use crate::updates::looked_at_all;

const NAME: &str = "lobby";
/// What each part of the chat is called in the cloud: the same in all lives.
const CLOUD_NAME: &str = "given";
const INSTALLATION: &str = "here";
/// The shortest that the operator accepts: the next one waits until the Lease of
/// the killed one has run out.
const LEASE: &str = "3s";
/// What a stage takes is seconds, and the killed operator's Lease has to run out.
const DONE_LIMIT: Duration = Duration::from_secs(75);
/// How long the call that is to be the last may be in coming.
const STRUCK_LIMIT: Duration = Duration::from_secs(45);
/// How long a participant, or an operator that stops, may have to wait.
const SOON: Duration = Duration::from_secs(30);
/// How many looks may follow, for what may be done while a chat serves.
const REST: usize = 5;

/// One life's cloud and chat.
pub(super) struct World {
    emulator: Emulator,
    namespace: Namespace,
    chats: Api<WsChat>,
    /// What is made when the chat is.
    chat: WsChat,
    /// The handler that operators bring.
    handler: PathBuf,
    /// The administrator's kubeconfig.
    administrator: PathBuf,
    folder: PathBuf,
    /// The operator's service account.
    account: String,
    operator: Option<Operator>,
}

impl World {
    /// An empty one, with its files in `folder`, whose operations take so long.
    pub(super) async fn make(scene: &Scene, folder: &Path, delay: &str) -> Result<Self, Failed> {
        std::fs::create_dir_all(folder)?;
        let options = emulator::Options::default().operation_delay(delay);
        let emulator = Emulator::start(folder, &options).await?;
        let namespace = Namespace::create(scene.client(), "crash").await?;
        let parts = [
            "serviceAccount",
            "database",
            "function",
            "gateway",
            "trigger",
        ];
        let names: Value = parts
            .map(|part| (part, json!(CLOUD_NAME)))
            .into_iter()
            .collect();
        let spec = serde_json::from_value(json!({ "names": names }))?;
        Ok(Self {
            account: Cloud::of(emulator.addresses())?.account().to_owned(),
            emulator,
            chats: namespace.api(),
            namespace,
            chat: WsChat::new(NAME, spec),
            handler: handler_zip()?,
            administrator: scene.control_plane().administrator().to_owned(),
            folder: folder.to_owned(),
            operator: None,
        })
    }

    pub(super) async fn end(mut self) -> Result<(), Failed> {
        self.stop_operator().await?;
        self.emulator.stop().await?;
        Ok(())
    }

    /// Its file of what operators say.
    pub(super) fn log(folder: &Path) -> PathBuf {
        folder.join("operator.log")
    }

    /// Starts an operator, unless there is one.
    pub(super) fn start_operator(&mut self) -> Result<(), Failed> {
        if self.operator.is_none() {
            let addresses = self.emulator.addresses();
            let options = Options::with_handler(&self.administrator, addresses, &self.handler)?
                .only_in(self.namespace.name())
                .argument("--installation-id", INSTALLATION)
                .argument("--lease-duration", LEASE);
            self.operator = Some(Operator::start(&self.folder, &options)?);
        }
        Ok(())
    }

    /// Asks the operator to end, if there is one.
    async fn stop_operator(&mut self) -> Result<(), Failed> {
        let Some(operator) = self.operator.take() else {
            return Ok(());
        };
        let status = operator.stop().await?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("the operator ended with {status}").into())
        }
    }

    /// The next operator brings this handler.
    pub(super) async fn deploy(&mut self, name: &str, handler: &[u8]) -> Result<(), Failed> {
        self.stop_operator().await?;
        self.handler = self.folder.join(format!("{name}.zip"));
        std::fs::write(&self.handler, handler)?;
        Ok(())
    }

    pub(super) async fn create_chat(&self) -> Result<(), Failed> {
        self.chats
            .create(&PostParams::default(), &self.chat)
            .await?;
        Ok(())
    }

    /// Edits the chat's spec by a merge patch.
    pub(super) async fn edit_chat(&self, spec: &Value) -> Result<(), Failed> {
        let edit = Patch::Merge(json!({ "spec": spec }));
        self.chats
            .patch(NAME, &PatchParams::default(), &edit)
            .await?;
        Ok(())
    }

    pub(super) async fn delete_chat(&self) -> Result<(), Failed> {
        self.chats.delete(NAME, &DeleteParams::default()).await?;
        Ok(())
    }

    /// The chat goes as with a cluster that is lost: nobody cleans up behind it.
    /// What is left is its spec.
    pub(super) async fn lose_chat(&mut self) -> Result<(), Failed> {
        self.stop_operator().await?;
        self.chat = WsChat::new(NAME, self.chats.get(NAME).await?.spec);
        let bare = Patch::Merge(json!({ "metadata": { "finalizers": null } }));
        self.chats
            .patch(NAME, &PatchParams::default(), &bare)
            .await?;
        self.delete_chat().await?;
        wait_gone(&self.chats, NAME, SOON).await?;
        Ok(())
    }

    /// The chat that is made next doesn't protect its database.
    pub(super) fn unprotect(&mut self) {
        self.chat.spec.database.deletion_protection = false;
    }

    /// A person labels all that is in the cloud, so that it is nobody's, and given
    /// to whoever wants it.
    pub(super) async fn give_away(&self) -> Result<(), Failed> {
        let person = Cloud::of(self.emulator.addresses())?;
        let state = self.emulator.state().await?;
        let labels = json!({ "wschat-adopt": INSTALLATION });
        for thing in Thing::ALL {
            let mut all = thing.all_in(&state).iter();
            let found = all.find(|one| one["name"] == CLOUD_NAME);
            let found = found.ok_or_else(|| format!("there is no {thing:?}"))?;
            person.label(thing, found, &labels).await?;
        }
        Ok(())
    }

    /// The call of a point hangs, when it comes.
    pub(super) async fn lay_trap(&self, point: &Point) -> Result<(), Failed> {
        let fault = point.call.hang(&self.account, point.phase());
        Ok(self.emulator.set_faults(&[fault]).await?)
    }

    /// Waits until the trapped call hangs, and kills the operator. The next one
    /// meets no traps. Answers whether the call came: a stage that is done without
    /// it had fewer calls than the undisturbed one.
    pub(super) async fn kill_in_trap(&mut self, stage: Stage) -> Result<bool, Failed> {
        let struck = eventually("the call to come", STRUCK_LIMIT, || async {
            let hits = self.emulator.fault_hits().await;
            let hits = hits.map_err(|error| error.to_string())?;
            let struck = hits.iter().any(|hits| *hits > 0);
            struck
                .then_some(())
                .ok_or_else(|| format!("hits: {hits:?}"))
        })
        .await;
        match struck {
            Ok(()) => {
                let operator = self.operator.take().ok_or("there is no operator")?;
                operator.kill().await?;
                self.emulator.clear_faults().await?;
                Ok(true)
            }
            Err(_) if stage.is_done(self.chats.get_opt(NAME).await?.as_ref()) => {
                self.emulator.clear_faults().await?;
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until the operator has done what a stage is about.
    pub(super) async fn done(&self, stage: Stage) -> Result<(), Failed> {
        let what = format!("the end of {stage}");
        let is_done = |chat: Option<&WsChat>| stage.is_done(chat);
        wait_for(&self.chats, NAME, what, DONE_LIMIT, is_done).await?;
        Ok(())
    }

    /// One operator after another looks at the chat until such a look changes
    /// nothing, neither in the cloud nor in Kubernetes.
    pub(super) async fn come_to_rest(&mut self) -> Result<(), Failed> {
        for _ in 0..REST {
            let Some(before) = self.chats.get_opt(NAME).await? else {
                return Ok(());
            };
            let mutations = self.mutations_since(0).await?.len();
            self.stop_operator().await?;
            self.start_operator()?;
            if let Some(operator) = &self.operator {
                looked_at_all(operator).await?;
            }
            let now = self.chats.get(NAME).await?;
            if now.resource_version() == before.resource_version()
                && self.mutations_since(0).await?.len() == mutations
            {
                return Ok(());
            }
        }
        Err("looks at what is as wished change something, again and again".into())
    }

    /// The number of the last call that the cloud got.
    pub(super) async fn last_call(&self) -> Result<u64, Failed> {
        let calls = self.emulator.requests(None).await?;
        Ok(calls.last().map_or(0, |call| call.sequence))
    }

    /// What the operator changed in the cloud after that call.
    pub(super) async fn mutations_since(&self, call: u64) -> Result<Vec<Request>, Failed> {
        let mut calls = self.emulator.requests(Some(&self.account)).await?;
        calls.retain(|one| one.mutating && one.sequence > call);
        Ok(calls)
    }

    /// Everything that is in the cloud.
    pub(super) async fn state(&self) -> Result<emulator::State, Failed> {
        Ok(self.emulator.state().await?)
    }

    /// The version that clients talk to.
    pub(super) async fn serving(&self) -> Result<Option<String>, Failed> {
        let chat = self.chats.get_opt(NAME).await?;
        Ok(chat.and_then(|chat| chat.status?.resources.live.id))
    }

    /// What may be compared with another life.
    pub(super) async fn outcome(&self) -> Result<Outcome, Failed> {
        let made = self.state().await?.lasting();
        let namespace = self.namespace.name();
        let made: Vec<String> = made
            .iter()
            .map(|line| line.replace(namespace, "NAMESPACE"))
            .collect();
        Ok(Outcome::of(&made, self.chats.get_opt(NAME).await?.as_ref()))
    }

    /// Waits until nothing tells this life from another one.
    pub(super) async fn is_as(&self, wanted: &Outcome) -> Result<(), Failed> {
        eventually("nothing to be different", SOON, || async {
            let outcome = self.outcome().await.map_err(|failed| text(&failed))?;
            let differences = outcome.differences(wanted);
            differences.is_empty().then_some(()).ok_or(differences)
        })
        .await?;
        Ok(())
    }

    /// The chat's URL, if there is one, lets people in.
    pub(super) async fn lets_people_in(&self) -> Result<(), Failed> {
        let chat = self.chats.get_opt(NAME).await?;
        if let Some(url) = chat.and_then(|chat| chat.status?.url) {
            let mut alice = ChatSocket::join(&url, "alice").await?;
            alice.send(&json!({ "type": "PING" })).await?;
            alice.expect_type("PONG", SOON).await?;
        }
        Ok(())
    }

    /// The operator's service account.
    pub(super) fn account(&self) -> &str {
        &self.account
    }
}

/// What failed, in words.
pub(super) fn text(failed: &Failed) -> String {
    failed.message().unwrap_or("failed").to_owned()
}
