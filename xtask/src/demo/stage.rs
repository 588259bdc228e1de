//! Everything that the demo stands on, started in order and stopped whatever
//! happens.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kube::Api;
use wschat_crds::{ConditionStatus, ConditionType, WsChat};
use wschat_tests::control_plane::{ControlPlane, Source};
use wschat_tests::emulator::{Emulator, Options as EmulatorOptions};
use wschat_tests::namespace::Namespace;
use wschat_tests::operator::{Operator, Options as OperatorOptions};
use wschat_tests::program::Program;
use wschat_tests::run_folder::RunFolder;
use wschat_tests::wait::wait_for;
use wschat_tests::{binaries, custom_resource};

use super::{CHAT, Clock, failed};
use crate::chore::ChoreError;
use crate::workspace;

/// How long a chat may take: a new trigger of the cloud may need five minutes,
/// the emulator's needs none.
const READY_LIMIT: Duration = Duration::from_mins(2);

/// The running demo.
pub(super) struct Stage {
    pub(super) url: String,
    pub(super) emulator: Emulator,
    pub(super) namespace: Namespace,
    operator: Operator,
    control_plane: ControlPlane,
    folder: RunFolder,
}

impl Stage {
    /// Starts all of it and waits for the chat.
    pub(super) async fn set(clock: &Clock) -> Result<Self, ChoreError> {
        let folder = RunFolder::create(&binaries::target_folder().join("run"), "demo");
        let folder = folder.map_err(failed)?;
        let source = Source::from_environment().map_err(failed)?;
        let options = EmulatorOptions::default().operation_delay("300ms..1500ms");
        let (control_plane, emulator) = tokio::join!(
            ControlPlane::start(&source, folder.path()),
            Emulator::start(folder.path(), &options)
        );
        let (control_plane, emulator) = (control_plane.map_err(failed)?, emulator.map_err(failed)?);
        clock.say("kubernetes", control_plane.server());
        let page = format!("{}/_emulator/ (look inside)", emulator.addresses().api);
        clock.say("cloud", &page);
        custom_resource::install(control_plane.client())
            .await
            .map_err(failed)?;
        let namespace = Namespace::create(control_plane.client(), "demo")
            .await
            .map_err(failed)?;
        let kubeconfig = control_plane.administrator();
        let options = OperatorOptions::for_emulator(kubeconfig, emulator.addresses())
            .map_err(failed)?
            .only_in(namespace.name());
        let mut operator = Operator::start(folder.path(), &options).map_err(failed)?;
        operator.ready().await.map_err(failed)?;
        clock.say("operator", operator.http());
        let mut stage = Self {
            url: String::new(),
            emulator,
            namespace,
            operator,
            control_plane,
            folder,
        };
        stage.url = stage.apply(clock).await?;
        Ok(stage)
    }

    /// Applies the example and waits until the chat serves.
    async fn apply(&self, clock: &Clock) -> Result<String, ChoreError> {
        let manifest = workspace::root().join("examples/lobby.yaml");
        let manifest = manifest.to_string_lossy().into_owned();
        self.kubectl()
            .run(["apply", "-n", self.namespace.name(), "-f", &manifest])
            .await
            .map_err(failed)?;
        clock.say("apply", "examples/lobby.yaml");
        let chats: Api<WsChat> = self.namespace.api();
        let ready = wait_for(&chats, CHAT, "the chat to be Ready", READY_LIMIT, |chat| {
            chat.is_some_and(|chat| url_of_ready(chat).is_some())
        });
        let chat = ready.await.map_err(failed)?;
        let url = chat.as_ref().and_then(url_of_ready);
        let url = url.ok_or_else(|| ChoreError::refused("the chat went away"))?;
        clock.say("ready", &url);
        Ok(url)
    }

    /// kubectl of this demo's cluster.
    pub(super) fn kubectl(&self) -> Program {
        Program::new(self.kubectl_program()).environment("KUBECONFIG", self.kubeconfig())
    }

    /// Where that is.
    pub(super) fn kubectl_program(&self) -> PathBuf {
        match self.control_plane.programs() {
            Some(folder) => folder.join("kubectl"),
            None => PathBuf::from("kubectl"),
        }
    }

    /// The cluster's administrator.
    pub(super) fn kubeconfig(&self) -> &Path {
        self.control_plane.administrator()
    }

    /// Stops everything; logs stay when something failed.
    pub(super) async fn strike(
        self,
        outcome: Result<(), ChoreError>,
        clock: &Clock,
    ) -> Result<(), ChoreError> {
        let own_cluster = self.control_plane.is_own();
        if !own_cluster {
            self.namespace.delete().await.map_err(failed)?;
        }
        let stopped = async {
            self.operator.stop().await.map_err(failed)?;
            self.emulator.stop().await.map_err(failed)?;
            self.control_plane.stop().await.map_err(failed)
        };
        let stopped = stopped.await;
        if outcome.is_err() || stopped.is_err() {
            eprintln!("logs are in {}", self.folder.path().display());
            return outcome.and(stopped);
        }
        self.folder.remove().map_err(failed)?;
        clock.say("stopped", "nothing is left running");
        Ok(())
    }
}

/// The URL, once `Ready` is true.
fn url_of_ready(chat: &WsChat) -> Option<String> {
    let status = chat.status.as_ref()?;
    let ready = status
        .conditions
        .iter()
        .find(|own| own.type_ == ConditionType::Ready.as_str())?;
    (ready.status == ConditionStatus::True).then(|| status.url.clone())?
}
