//! What keeps an operator from a chat's cloud is told in one line of the chat's
//! status that says what to do; the chat goes on by itself when it was done.

use std::path::Path;
use std::time::Duration;

use kube::api::PostParams;
use libtest_mimic::{Failed, Trial};
use wschat_crds::WsChat;
use wschat_tests::cloud::AccessBindingAction::{Add, Remove};
use wschat_tests::cloud::Cloud;
use wschat_tests::custom_resource::smallest_chat;
use wschat_tests::emulator::{self, Emulator};
use wschat_tests::operator::{Operator, Options, handler_zip};
use wschat_tests::wait::wait_for;

use crate::stage::Stage;
use crate::suite::{Handle, Scene};

const TOLD_LIMIT: Duration = Duration::from_secs(45);
const UNKNOWN_FOLDER: &str = "b1gunknown0000000000";

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![
        suite.trial("a key that the cloud doesn't know is told", strange_key),
        suite.trial("a folder that is not there is told", no_folder),
        suite.trial("a folder that is not allowed is told", forbidden_folder),
        suite.trial(
            "a role that is missing is told until it is given",
            missing_role,
        ),
    ]
}

async fn strange_key(scene: Scene) -> Result<(), Failed> {
    let other = emulator::Options::default().name("other");
    let other = Emulator::start(&scene.folder, &other).await?;
    let key = other.addresses().operator_key.clone();
    let account = Account {
        key: key.as_deref(),
        ..Account::default()
    };
    account
        .is_told(&scene, &["InvalidCredentials", "new authorized key"])
        .await?;
    other.stop().await?;
    Ok(())
}

async fn no_folder(scene: Scene) -> Result<(), Failed> {
    let account = Account {
        folder: Some(UNKNOWN_FOLDER),
        ..Account::default()
    };
    account.is_told(&scene, &["NotFound", "--folder-id"]).await
}

async fn forbidden_folder(scene: Scene) -> Result<(), Failed> {
    let account = Account {
        spec_folder: Some(UNKNOWN_FOLDER),
        ..Account::default()
    };
    account
        .is_told(&scene, &["--allow-folder", UNKNOWN_FOLDER])
        .await
}

async fn missing_role(scene: Scene) -> Result<(), Failed> {
    let stage = Stage::set(scene).await?;
    let cloud = Cloud::of(stage.emulator.addresses())?;
    let operator = cloud.account();
    let role = "api-gateway.editor";
    let owner = cloud
        .another("owner", &["resource-manager.admin", role])
        .await?;
    cloud.bind(Remove, role, operator).await?;
    stage.apply("lobby", "{}").await?;
    let words = ["PermissionDenied", "docs/permissions.md", role];
    told(&stage.chats(), &words).await?;
    owner.bind(Add, role, operator).await?;
    stage.ready("lobby").await?;
    stage.clear().await
}

/// What is odd about the account that an operator works with.
#[derive(Default)]
struct Account<'a> {
    /// Key file of another cloud.
    key: Option<&'a Path>,
    /// The operator's `--folder-id`.
    folder: Option<&'a str>,
    /// The chat's `spec.folderId`.
    spec_folder: Option<&'a str>,
}

impl Account<'_> {
    /// An operator with this account tells a chat of its trouble.
    async fn is_told(&self, scene: &Scene, words: &[&str]) -> Result<(), Failed> {
        let options = emulator::Options::default();
        let emulator = Box::pin(Emulator::start(&scene.folder, &options)).await?;
        let cloud = emulator.addresses();
        let key = self.key.or(cloud.operator_key.as_deref());
        let key = key.ok_or("no operator key")?.to_string_lossy();
        let options = Options::new(scene.control_plane().administrator())
            .only_in(scene.namespace.name())
            .argument("--folder-id", self.folder.unwrap_or(&cloud.folder_id))
            .argument("--api-endpoint", &cloud.api)
            .argument("--service-account-key-file", &key)
            .argument("--handler-zip", &handler_zip()?.to_string_lossy());
        let operator = Operator::start(&scene.folder, &options)?;
        let chats = scene.namespace.api();
        let mut lobby = smallest_chat("lobby")?;
        lobby.spec.folder_id = self.spec_folder.map(str::to_owned);
        chats.create(&PostParams::default(), &lobby).await?;
        // Each of these is large, and so would be all that await them.
        Box::pin(told(&chats, words)).await?;
        operator.stop().await?;
        emulator.stop().await?;
        Ok(())
    }
}

/// Waits until one condition says all these words in its reason and message,
/// which is one line.
async fn told(chats: &kube::Api<WsChat>, words: &[&str]) -> Result<(), Failed> {
    let what = format!("a condition with {words:?}");
    wait_for(chats, "lobby", what, TOLD_LIMIT, |chat| {
        let status = chat.and_then(|chat| chat.status.as_ref());
        let conditions = status.into_iter().flat_map(|status| &status.conditions);
        let mut texts =
            conditions.map(|condition| format!("{}: {}", condition.reason, condition.message));
        texts.any(|text| !text.contains('\n') && words.iter().all(|word| text.contains(word)))
    })
    .await?;
    Ok(())
}
