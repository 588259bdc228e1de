//! Chats to measure, each in an emulated cloud of its own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kube::Api;
use kube::api::PostParams;
use wschat_crds::WsChat;
use wschat_tests::binaries::target_folder;
use wschat_tests::control_plane::{ControlPlane, KUBECONFIG_VARIABLE, Source};
use wschat_tests::custom_resource::{self, newest_is_ready, smallest_chat};
use wschat_tests::emulator::{self, Emulator};
use wschat_tests::measure::processes::only_child;
use wschat_tests::namespace::Namespace;
use wschat_tests::operator::{self, Operator};
use wschat_tests::wait::wait_for;

use crate::Failure;

const NAME: &str = "lobby";
const READY_LIMIT: Duration = Duration::from_mins(2);

/// A chat with the defaults of its spec, and its cloud.
pub(crate) struct Chat {
    /// What clients connect to.
    pub(crate) url: String,
    /// As whom its function runs and is called.
    pub(crate) service_account: String,
    /// The cloud.
    pub(crate) emulator: Emulator,
}

impl Chat {
    /// The process whose children are the functions' instances.
    pub(crate) fn cloud_process(&mut self) -> Result<u32, Failure> {
        Ok(only_child(self.emulator.process().guard_id())?)
    }
}

/// An archive of `cargo xtask bench`.
pub(crate) fn archive(name: &str) -> Result<PathBuf, Failure> {
    let path = target_folder().join("handler").join(name);
    if path.is_file() {
        return Ok(path);
    }
    let path = path.display();
    Err(format!("{path} is not there; `cargo xtask bench` builds it").into())
}

/// Makes a chat for each of two handler archives. Operators and Kubernetes have
/// done their part then, and are gone before anything is measured.
pub(crate) async fn chats(folder: &Path, archives: [&Path; 2]) -> Result<[Chat; 2], Failure> {
    let source = Source::from_environment()?;
    if matches!(source, Source::Kubeconfig { .. }) {
        let words = "benchmarks start a Kubernetes of their own; unset";
        return Err(format!("{words} {KUBECONFIG_VARIABLE}").into());
    }
    let control_plane = Box::pin(ControlPlane::start(&source, folder)).await?;
    custom_resource::install(control_plane.client()).await?;
    let [one, other] = archives;
    let (one, other) = tokio::try_join!(
        Box::pin(chat(folder, &control_plane, "one", one)),
        Box::pin(chat(folder, &control_plane, "other", other))
    )?;
    control_plane.stop().await?;
    Ok([one, other])
}

async fn chat(
    folder: &Path,
    control_plane: &ControlPlane,
    name: &str,
    archive: &Path,
) -> Result<Chat, Failure> {
    let namespace = Namespace::create(control_plane.client(), "bench").await?;
    let options = emulator::Options::default().name(format!("emulator-{name}"));
    let emulator = Emulator::start(folder, &options).await?;
    let kubeconfig = control_plane.administrator();
    let options = operator::Options::with_handler(kubeconfig, emulator.addresses(), archive)?
        .only_in(namespace.name())
        .name(format!("operator-{name}"));
    let mut operator = Operator::start(folder, &options)?;
    operator.ready().await?;

    let chats: Api<WsChat> = namespace.api();
    let creation = PostParams::default();
    chats.create(&creation, &smallest_chat(NAME)?).await?;
    let is_ready = |chat: Option<&WsChat>| chat.is_some_and(newest_is_ready);
    let chat = wait_for(&chats, NAME, "the chat to be Ready", READY_LIMIT, is_ready).await?;
    operator.stop().await?;
    let status = chat.and_then(|chat| chat.status);
    let status = status.ok_or("a chat is Ready and has no status")?;
    Ok(Chat {
        url: status.url.ok_or("a chat is Ready and has no URL")?,
        service_account: status
            .resources
            .service_account
            .id
            .ok_or("a chat is Ready and has no service account")?,
        emulator,
    })
}
