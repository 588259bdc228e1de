//! So many chats, with their cloud, their Kubernetes and the operator.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};
use kube::api::{ListParams, PostParams};
use kube::{Api, ResourceExt};
use wschat_crds::WsChat;
use wschat_tests::cloud::Cloud;
use wschat_tests::control_plane::ControlPlane;
use wschat_tests::custom_resource::smallest_chat;
use wschat_tests::emulator::{self, Emulator};
use wschat_tests::measure::processes::only_child;
use wschat_tests::namespace::Namespace;
use wschat_tests::operator::{Operator, Options};
use wschat_tests::wait::eventually;

use crate::Failure;
use crate::stage::archive;

/// Everything that has room for few chats only.
const QUOTAS: [&str; 9] = [
    "ydb.serverless-databases",
    "ydb.schema-operations-per-day",
    "serverless.functions.count",
    "serverless.functions.concurrent-calls",
    "serverless.functions.operations-of-folder",
    "serverless.functions.operations-of-cloud",
    "serverless.triggers.count",
    "serverless.gateways.count",
    "iam.serviceAccounts.count",
];
/// A resync may take so much longer on a busy machine.
const SLOW: Duration = Duration::from_secs(10);
/// For each chat.
const PATIENCE: Duration = Duration::from_mins(1);

/// One number of chats.
pub(super) struct Site {
    folder: PathBuf,
    emulator: Emulator,
    cloud: Cloud,
    kubeconfig: PathBuf,
    namespace: Namespace,
    operator: Operator,
    pub(super) chats: usize,
    /// How often the operator looks at a chat when nothing happens.
    resync: Duration,
}

/// What an operator tells of itself, since its start.
pub(super) struct Counters {
    pub(super) looks: u64,
    /// Calls that change the cloud.
    pub(super) mutations: u64,
    /// How often the folder was listed.
    lists: u64,
    /// How many chats are Ready.
    ready: u64,
}

impl Site {
    pub(super) async fn start(
        folder: &Path,
        control_plane: &ControlPlane,
        chats: usize,
        resync: Duration,
    ) -> Result<Self, Failure> {
        let room = QUOTAS
            .iter()
            .fold(emulator::Options::default(), |room, quota| {
                room.argument("--quota")
                    .argument(format!("{quota}=1000000"))
            });
        let namespace = Namespace::create(control_plane.client(), "bench").await?;
        let emulator = Emulator::start(folder, &room.name(format!("emulator-{chats}"))).await?;
        let kubeconfig = control_plane.administrator().to_path_buf();
        let operator = operator(folder, &kubeconfig, &emulator, &namespace, resync).await?;
        Ok(Self {
            folder: folder.to_path_buf(),
            cloud: Cloud::of(emulator.addresses())?,
            emulator,
            kubeconfig,
            namespace,
            operator,
            chats,
            resync,
        })
    }

    /// The operator's process.
    pub(super) fn process(&mut self) -> Result<u32, Failure> {
        Ok(only_child(self.operator.process().guard_id())?)
    }

    pub(super) async fn end(self) -> Result<(), Failure> {
        self.operator.stop().await?;
        self.emulator.stop().await?;
        Ok(())
    }

    fn api(&self) -> Api<WsChat> {
        self.namespace.api()
    }

    /// Makes all chats: until the last one is Ready.
    pub(super) async fn make(&self) -> Result<Duration, Failure> {
        let (api, creation) = (self.api(), PostParams::default());
        let begun = Instant::now();
        let create = |number: usize| {
            let (api, creation) = (api.clone(), creation.clone());
            async move {
                let chat = smallest_chat(&format!("lobby-{number}"))?;
                api.create(&creation, &chat).await?;
                Ok::<_, Failure>(())
            }
        };
        let all = stream::iter(0..self.chats).map(create).buffer_unordered(16);
        all.try_collect::<Vec<()>>().await?;
        let ready = async || {
            let ready = self
                .counters()
                .await
                .map_err(|error| error.to_string())?
                .ready;
            if ready == self.chats as u64 {
                Ok(())
            } else {
                Err(format!("{ready} are"))
            }
        };
        let patience = PATIENCE * u32::try_from(self.chats)?;
        eventually("all to be Ready", patience, ready).await?;
        Ok(begun.elapsed())
    }

    /// Waits for so many resyncs.
    pub(super) async fn resyncs(&self, number: u32) -> Result<(), Failure> {
        let until = self.counters().await?.lists + u64::from(number);
        let enough = async || {
            let lists = self
                .counters()
                .await
                .map_err(|error| error.to_string())?
                .lists;
            if lists >= until {
                Ok(())
            } else {
                Err(format!("{lists} of {until} are"))
            }
        };
        eventually(
            "resyncs to be over",
            (self.resync * 3 + SLOW) * number,
            enough,
        )
        .await?;
        Ok(())
    }

    /// The operator's calls since that one, and those of YDB among them.
    pub(super) async fn calls(&self, from: u64) -> Result<(u32, u32), Failure> {
        let calls = self.emulator.requests(Some(self.cloud.account())).await?;
        if calls.first().is_some_and(|first| first.sequence > from + 1) && calls.len() > 9_000 {
            return Err("there were more calls than the emulator remembers".into());
        }
        let ours = calls.iter().filter(|call| call.sequence > from);
        let (ydb, rest): (Vec<_>, Vec<_>) = ours.partition(|call| call.grpc);
        let ydb = u32::try_from(ydb.len())?;
        Ok((ydb + u32::try_from(rest.len())?, ydb))
    }

    pub(super) async fn last_call(&self) -> Result<u64, Failure> {
        let calls = self.emulator.requests(None).await?;
        Ok(calls.last().map_or(0, |call| call.sequence))
    }

    /// Each chat's version, which grows with every write.
    pub(super) async fn versions(&self) -> Result<BTreeMap<String, Option<String>>, Failure> {
        let chats = self.api().list(&ListParams::default()).await?.items;
        let version = |chat: WsChat| (chat.name_any(), chat.resource_version());
        Ok(chats.into_iter().map(version).collect())
    }

    /// Another operator: how long it takes to look at all chats.
    pub(super) async fn restart(&mut self) -> Result<Duration, Failure> {
        self.operator.process().terminate(PATIENCE).await?;
        let begun = Instant::now();
        let (folder, kubeconfig) = (&self.folder, &self.kubeconfig);
        self.operator = operator(
            folder,
            kubeconfig,
            &self.emulator,
            &self.namespace,
            self.resync,
        )
        .await?;
        let looked = async || {
            let looks = self
                .counters()
                .await
                .map_err(|error| error.to_string())?
                .looks;
            if looks >= self.chats as u64 {
                Ok(())
            } else {
                Err(format!("{looks} are"))
            }
        };
        let patience = PATIENCE * u32::try_from(self.chats)?;
        eventually("all to be looked at", patience, looked).await?;
        Ok(begun.elapsed())
    }

    pub(super) async fn counters(&self) -> Result<Counters, Failure> {
        let url = format!("{}/metrics", self.operator.http());
        let page = reqwest::get(url).await?.text().await?;
        let sum = |name: &str| -> u64 {
            let lines = page.lines().filter(|line| line.starts_with(name));
            let values = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
            values.sum()
        };
        Ok(Counters {
            looks: sum("wschat_reconciliations_total{"),
            mutations: sum("wschat_cloud_mutations_total{"),
            lists: sum(r#"wschat_cloud_calls_total{service="databases",method="list""#),
            ready: sum(r#"wschat_chats{condition="Ready",status="True""#),
        })
    }
}

async fn operator(
    folder: &Path,
    kubeconfig: &Path,
    emulator: &Emulator,
    namespace: &Namespace,
    resync: Duration,
) -> Result<Operator, Failure> {
    let options =
        Options::with_handler(kubeconfig, emulator.addresses(), &archive("handler.zip")?)?
            .only_in(namespace.name())
            .argument("--resync", &format!("{}s", resync.as_secs()));
    let mut operator = Operator::start(folder, &options)?;
    operator.ready().await?;
    Ok(operator)
}
