//! One create, undisturbed or with a crash in it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kube::Api;
use kube::api::PostParams;
use libtest_mimic::Failed;
use serde_json::Value;
use wschat_crds::WsChat;
use wschat_tests::chat_socket::ChatSocket;
use wschat_tests::custom_resource::{newest_is_ready, smallest_chat};
use wschat_tests::emulator::{self, Emulator, Phase};
use wschat_tests::namespace::Namespace;
use wschat_tests::operator::{Operator, Options};
use wschat_tests::process::tail;
use wschat_tests::wait::{eventually, wait_for};

use super::calls::{self, Call};
use super::inventory;
use crate::suite::Scene;

/// A create takes seconds, and the killed operator's Lease has to run out.
const READY_LIMIT: Duration = Duration::from_secs(75);
/// How long the call that is to be the last may be in coming.
const STRUCK_LIMIT: Duration = Duration::from_secs(45);
/// How long a participant may have to wait.
const JOIN_LIMIT: Duration = Duration::from_secs(15);
/// The shortest that the operator accepts.
const LEASE: &str = "3s";
const LOG_LINES: usize = 30;

/// Which call is the operator's last, and whether it has its effect.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) call: Call,
    pub(super) phase: Phase,
}

impl fmt::Display for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when = match self.phase {
            Phase::Before => "without effect",
            Phase::After => "with effect, and no reply",
        };
        write!(formatter, "{}, {when}", self.call)
    }
}

/// A cloud, a namespace with a chat that was asked for, and how to start the
/// operator.
struct Setting {
    emulator: Emulator,
    chats: Api<WsChat>,
    options: Options,
    folder: PathBuf,
    /// The operator's service account.
    account: String,
}

impl Setting {
    async fn make(scene: &Scene, folder: &Path) -> Result<Self, Failed> {
        std::fs::create_dir_all(folder)?;
        let emulator = Emulator::start(folder, &emulator::Options::default()).await?;
        let namespace = Namespace::create(scene.client(), "crash").await?;
        let administrator = scene.control_plane().administrator();
        let options = Options::for_emulator(administrator, emulator.addresses())?
            .only_in(namespace.name())
            .argument("--lease-duration", LEASE);
        let chats: Api<WsChat> = namespace.api();
        let lobby = smallest_chat("lobby")?;
        chats.create(&PostParams::default(), &lobby).await?;
        let key = emulator.addresses().operator_key.as_deref();
        let key: Value = serde_json::from_slice(&std::fs::read(key.ok_or("no operator key")?)?)?;
        let account = key["service_account_id"].as_str().ok_or("no account")?;
        Ok(Self {
            account: account.to_owned(),
            emulator,
            chats,
            options,
            folder: folder.to_path_buf(),
        })
    }

    fn operator(&self) -> Result<Operator, Failed> {
        Ok(Operator::start(&self.folder, &self.options)?)
    }

    /// Waits until the chat is Ready, and demands exactly one of each of its
    /// parts and a URL that lets people in.
    async fn served_once(&self) -> Result<(), Failed> {
        let is_ready = |chat: Option<&WsChat>| chat.is_some_and(newest_is_ready);
        let chat = wait_for(
            &self.chats,
            "lobby",
            "the chat to be Ready",
            READY_LIMIT,
            is_ready,
        );
        let url = chat.await?.and_then(|chat| chat.status?.url);
        let state = self.emulator.state().await?;
        let (found, wanted) = (
            inventory::of(&state, &self.account),
            inventory::of_one_chat(),
        );
        if found != wanted {
            return Err(format!("the cloud has {found:#?}\nand should have {wanted:#?}").into());
        }
        let mut alice = ChatSocket::join(&url.ok_or("no URL")?, "alice").await?;
        alice.send(&serde_json::json!({ "type": "PING" })).await?;
        alice.expect_type("PONG", JOIN_LIMIT).await?;
        Ok(())
    }

    async fn end(self, operator: Operator) -> Result<(), Failed> {
        operator.kill().await?;
        self.emulator.stop().await?;
        Ok(())
    }
}

/// The calls of a create in which nothing happens.
pub(super) async fn record(scene: &Scene) -> Result<Vec<Call>, Failed> {
    let setting = Setting::make(scene, &scene.folder.join("undisturbed")).await?;
    let operator = setting.operator()?;
    Box::pin(setting.served_once()).await?;
    let requests = setting.emulator.requests(Some(&setting.account)).await?;
    setting.end(operator).await?;
    let calls = calls::mutating(&requests);
    // At least one for each of the chat's eleven parts.
    if calls.len() < inventory::of_one_chat().len() {
        return Err(format!("too few calls were recorded: {calls:#?}").into());
    }
    Ok(calls)
}

/// A create with a crash: what is wrong with it, if anything.
pub(super) async fn run(scene: &Scene, case: Case) -> Option<String> {
    let name = case
        .to_string()
        .replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let folder = scene.folder.join(name);
    let failed = Box::pin(crash(scene, &folder, &case)).await.err()?;
    Some(format!(
        "{case}: {}\n{}:\n{}",
        failed.message().unwrap_or("failed"),
        folder.display(),
        tail(&folder.join("operator.log"), LOG_LINES),
    ))
}

async fn crash(scene: &Scene, folder: &Path, case: &Case) -> Result<(), Failed> {
    let setting = Setting::make(scene, folder).await?;
    let fault = case.call.hang(&setting.account, case.phase);
    setting.emulator.set_faults(&[fault]).await?;
    let operator = setting.operator()?;
    eventually("the call to come", STRUCK_LIMIT, || async {
        let hits = setting.emulator.fault_hits().await;
        let hits = hits.map_err(|error| error.to_string())?;
        let struck = hits.iter().any(|hits| *hits > 0);
        struck
            .then_some(())
            .ok_or_else(|| format!("hits: {hits:?}"))
    })
    .await?;
    operator.kill().await?;
    setting.emulator.clear_faults().await?;
    let again = setting.operator()?;
    Box::pin(setting.served_once()).await?;
    setting.end(again).await
}
