//! Chats to measure, each in an emulated cloud of its own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kube::Api;
use kube::api::PostParams;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;
use wschat_crds::WsChat;
use wschat_tests::binaries::{Binary, target_folder};
use wschat_tests::cloud::Cloud;
use wschat_tests::control_plane::{ControlPlane, KUBECONFIG_VARIABLE, Source};
use wschat_tests::custom_resource::{self, newest_is_ready, smallest_chat};
use wschat_tests::emulator::{self, Emulator};
use wschat_tests::measure::processes::only_child;
use wschat_tests::namespace::Namespace;
use wschat_tests::operator::{Operator, Options};
use wschat_tests::process::Launch;
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
    /// Its function's version.
    version: String,
    /// The cloud.
    pub(crate) emulator: Emulator,
}

impl Chat {
    /// The process whose children are the functions' instances.
    pub(crate) fn cloud_process(&mut self) -> Result<u32, Failure> {
        Ok(only_child(self.emulator.process().guard_id())?)
    }
}

/// Where a function's process finds YDB, and as whom.
pub(crate) struct Place {
    /// The version's variables.
    pub(crate) environment: BTreeMap<String, String>,
    /// Of an account that may use the chat's database.
    pub(crate) token: String,
}

const CONNECTION_STRING: &str = "YDB_CONNECTION_STRING";

impl Place {
    /// What the chat's own function has.
    pub(crate) async fn of(chat: &Chat) -> Result<Self, Failure> {
        let cloud = Cloud::of(chat.emulator.addresses())?;
        let version = cloud.client().versions().get(&chat.version).await?;
        Ok(Self {
            environment: version.environment,
            token: cloud.client().tokens().get().await?.value,
        })
    }

    /// Where YDB listens.
    pub(crate) fn ydb(&self) -> Result<SocketAddr, Failure> {
        let sockets = self.connection_string()?.socket_addrs(|| None)?;
        Ok(*sockets.first().ok_or("YDB has no address")?)
    }

    /// The same by way of another listener.
    pub(crate) fn through(&self, address: SocketAddr) -> Result<Self, Failure> {
        let mut connection_string = self.connection_string()?;
        let changed = connection_string.set_ip_host(address.ip());
        let changed = changed.and_then(|()| connection_string.set_port(Some(address.port())));
        changed.map_err(|()| "YDB's address can't be changed")?;
        let mut environment = self.environment.clone();
        environment.insert(CONNECTION_STRING.to_owned(), connection_string.into());
        Ok(Self {
            environment,
            token: self.token.clone(),
        })
    }

    fn connection_string(&self) -> Result<Url, Failure> {
        let found = self.environment.get(CONNECTION_STRING);
        Ok(found
            .ok_or("the version doesn't know where YDB is")?
            .parse()?)
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
pub(crate) async fn chats(
    folder: &Path,
    archives: [&Path; 2],
    options: &emulator::Options,
) -> Result<[Chat; 2], Failure> {
    let control_plane = control_plane(folder).await?;
    let [one, other] = archives;
    let of = |name: &str| options.clone().name(format!("emulator-{name}"));
    let (one, other) = tokio::try_join!(
        Box::pin(chat(folder, &control_plane, ("one", one), of("one"))),
        Box::pin(chat(folder, &control_plane, ("other", other), of("other")))
    )?;
    control_plane.stop().await?;
    Ok([one, other])
}

/// Makes one chat of the deployed handler, in a cloud with these options.
pub(crate) async fn single_chat(
    folder: &Path,
    options: emulator::Options,
) -> Result<Chat, Failure> {
    let control_plane = control_plane(folder).await?;
    let archive = archive("handler.zip")?;
    let making = chat(folder, &control_plane, ("single", &archive), options);
    let chat = Box::pin(making).await?;
    control_plane.stop().await?;
    Ok(chat)
}

/// Has a crowd carry out a plan in a process of its own; what it tells.
pub(crate) async fn crowd<Outcome: DeserializeOwned>(
    folder: &Path,
    what: &str,
    plan: &impl Serialize,
    limit: Duration,
) -> Result<Outcome, Failure> {
    let launch = Launch::new("crowd", Binary::Crowd.path()?)
        .argument(what)
        .argument(serde_json::to_string(plan)?);
    let line = launch.start(folder)?.first_line(limit).await?;
    Ok(serde_json::from_str(&line)?)
}

/// A chat whose handler is called directly, not by its gateway.
pub(crate) struct Site {
    pub(crate) chat: Chat,
    pub(crate) place: Place,
}

impl Site {
    pub(crate) async fn start(folder: &Path) -> Result<Self, Failure> {
        let options = emulator::Options::default().name("emulator-site");
        let chat = single_chat(folder, options).await?;
        let place = Place::of(&chat).await?;
        Ok(Self { chat, place })
    }
}

pub(crate) async fn control_plane(folder: &Path) -> Result<ControlPlane, Failure> {
    let source = Source::from_environment()?;
    if matches!(source, Source::Kubeconfig { .. }) {
        let words = "benchmarks start a Kubernetes of their own; unset";
        return Err(format!("{words} {KUBECONFIG_VARIABLE}").into());
    }
    let control_plane = Box::pin(ControlPlane::start(&source, folder)).await?;
    custom_resource::install(control_plane.client()).await?;
    Ok(control_plane)
}

/// An operator of the namespace's chats, whose handler is in the archive.
pub(crate) async fn operator(
    folder: &Path,
    (control_plane, namespace): (&ControlPlane, &Namespace),
    emulator: &Emulator,
    (name, archive): (&str, &Path),
) -> Result<Operator, Failure> {
    let kubeconfig = control_plane.administrator();
    let options = Options::with_handler(kubeconfig, emulator.addresses(), archive)?
        .only_in(namespace.name())
        .name(format!("operator-{name}"));
    let mut operator = Operator::start(folder, &options)?;
    operator.ready().await?;
    Ok(operator)
}

async fn chat(
    folder: &Path,
    control_plane: &ControlPlane,
    (name, archive): (&str, &Path),
    options: emulator::Options,
) -> Result<Chat, Failure> {
    let namespace = Namespace::create(control_plane.client(), "bench").await?;
    let emulator = Emulator::start(folder, &options).await?;
    let cluster = (control_plane, &namespace);
    let operator = operator(folder, cluster, &emulator, (name, archive)).await?;
    let chats: Api<WsChat> = namespace.api();
    let creation = PostParams::default();
    chats.create(&creation, &smallest_chat(NAME)?).await?;
    let is_ready = |chat: Option<&WsChat>| chat.is_some_and(newest_is_ready);
    let chat = wait_for(&chats, NAME, "the chat to be Ready", READY_LIMIT, is_ready).await?;
    operator.stop().await?;
    let status = chat.and_then(|chat| chat.status);
    let status = status.ok_or("a chat is Ready and has no status")?;
    let missing = |what| format!("a chat is Ready and has no {what}");
    let resources = status.resources;
    Ok(Chat {
        url: status.url.ok_or_else(|| missing("URL"))?,
        service_account: resources
            .service_account
            .id
            .ok_or_else(|| missing("service account"))?,
        version: resources.version.id.ok_or_else(|| missing("version"))?,
        emulator,
    })
}
