//! What all trials share, and what each gets of its own.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::{Failed, Trial};
use tokio::runtime::Runtime;
use wschat_tests::binaries::target_folder;
use wschat_tests::control_plane::{ControlPlane, Source};
use wschat_tests::custom_resource;
use wschat_tests::namespace::Namespace;
use wschat_tests::process::tail;
use wschat_tests::program::Program;
use wschat_tests::run_folder::RunFolder;

/// A trial that hangs is a failed one.
const TRIAL_LIMIT: Duration = Duration::from_mins(3);
const LOG_LINES: usize = 40;

/// The suite's one API server and folder.
pub(crate) struct Suite {
    shared: Arc<Shared>,
}

struct Shared {
    runtime: Runtime,
    control_plane: ControlPlane,
    folder: RunFolder,
}

/// What trials are made with: nothing is started when they are only listed.
#[derive(Clone)]
pub(crate) struct Handle(Option<Arc<Shared>>);

impl Suite {
    /// For listing trials.
    pub(crate) fn idle() -> Handle {
        Handle(None)
    }

    /// Starts the API server and installs the `WsChat` definition.
    pub(crate) fn start() -> Result<Self, Failed> {
        let runtime = Runtime::new()?;
        let folder = RunFolder::create(&target_folder().join("run"), "end-to-end")?;
        let control_plane = runtime.block_on(async {
            let control_plane =
                ControlPlane::start(&Source::from_environment()?, folder.path()).await?;
            custom_resource::install(control_plane.client()).await?;
            Ok::<_, Failed>(control_plane)
        })?;
        Ok(Self {
            shared: Arc::new(Shared {
                runtime,
                control_plane,
                folder,
            }),
        })
    }

    pub(crate) fn handle(&self) -> Handle {
        Handle(Some(Arc::clone(&self.shared)))
    }

    /// Stops everything; the logs stay unless all went well.
    pub(crate) fn stop(self, success: bool) -> Result<(), Failed> {
        let shared = Arc::into_inner(self.shared).ok_or("a trial still runs")?;
        shared.runtime.block_on(shared.control_plane.stop())?;
        if success {
            shared.folder.remove()?;
        } else {
            eprintln!("logs are in {}", shared.folder.path().display());
        }
        Ok(())
    }
}

impl Handle {
    /// Where the trials' folders are.
    pub(crate) fn run_folder(&self) -> Option<&Path> {
        self.0.as_ref().map(|shared| shared.folder.path())
    }

    /// A trial: its own namespace and folder, a time limit, and the end of
    /// every log of its own when it fails.
    pub(crate) fn trial<Body, Outcome>(&self, name: &'static str, body: Body) -> Trial
    where
        Body: FnOnce(Scene) -> Outcome + Send + 'static,
        Outcome: Future<Output = Result<(), Failed>> + Send,
    {
        self.long_trial(name, TRIAL_LIMIT, body)
    }

    /// The same with another time limit.
    pub(crate) fn long_trial<Body, Outcome>(
        &self,
        name: &'static str,
        limit: Duration,
        body: Body,
    ) -> Trial
    where
        Body: FnOnce(Scene) -> Outcome + Send + 'static,
        Outcome: Future<Output = Result<(), Failed>> + Send,
    {
        let handle = self.clone();
        Trial::test(name, move || {
            let shared = handle.0.ok_or("the suite was not started")?;
            let scene = shared.runtime.block_on(Scene::set(&shared, name))?;
            let folder = scene.folder.clone();
            let namespace = scene.namespace.clone();
            let outcome = shared.runtime.block_on(async {
                tokio::time::timeout(limit, body(scene))
                    .await
                    .unwrap_or_else(|_| Err(format!("took longer than {limit:?}").into()))
            });
            // One of our own ends with all that is in it.
            if !shared.control_plane.is_own() {
                shared.runtime.block_on(namespace.delete())?;
            }
            outcome.map_err(|failed| with_logs(&failed, &folder))
        })
    }
}

/// What one trial has to itself, and its way to what is shared.
pub(crate) struct Scene {
    shared: Arc<Shared>,
    /// For the trial's logs and files.
    pub(crate) folder: PathBuf,
    /// Nobody else's.
    pub(crate) namespace: Namespace,
}

impl Scene {
    async fn set(shared: &Arc<Shared>, name: &str) -> Result<Self, Failed> {
        let folder = shared.folder.subfolder(&name.replace(' ', "-"))?;
        let namespace = Namespace::create(shared.control_plane.client(), "trial").await?;
        Ok(Self {
            shared: Arc::clone(shared),
            folder,
            namespace,
        })
    }

    /// The folder of the whole run, with those of all trials.
    pub(crate) fn run_folder(&self) -> &Path {
        self.shared.folder.path()
    }

    /// The API server.
    pub(crate) fn control_plane(&self) -> &ControlPlane {
        &self.shared.control_plane
    }

    /// The administrator's client.
    pub(crate) fn client(&self) -> kube::Client {
        self.shared.control_plane.client()
    }

    /// kubectl as administrator: this build's own, else the one in PATH.
    pub(crate) fn kubectl(&self) -> Program {
        let own = self.control_plane().programs();
        let path = own
            .map(|programs| programs.join("kubectl"))
            .filter(|path| path.is_file())
            .unwrap_or_else(|| PathBuf::from("kubectl"));
        Program::new(path)
            .environment("KUBECONFIG", self.control_plane().administrator())
            .environment("HOME", &self.folder)
    }

    /// Helm as administrator, as `cargo xtask tools` installs it.
    pub(crate) fn helm(&self) -> Program {
        helm(&self.folder).environment("KUBECONFIG", self.control_plane().administrator())
    }
}

/// Helm with its caches in a folder of the run.
pub(crate) fn helm(folder: &Path) -> Program {
    Program::new(target_folder().join("tools/helm")).environment("HOME", folder)
}

fn with_logs(failed: &Failed, folder: &Path) -> Failed {
    let mut text = failed.message().unwrap_or("failed").to_owned();
    let logs = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for log in logs.map(|entry| entry.path()) {
        if log.extension().is_some_and(|extension| extension == "log") {
            let _ = write!(text, "\n\n{}:\n{}", log.display(), tail(&log, LOG_LINES));
        }
    }
    text.into()
}
