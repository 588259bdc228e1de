//! So many chats, with their cloud, their Kubernetes and the operator.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use wschat_crds::WsChat;
use wschat_tests::cloud::Cloud;
use wschat_tests::control_plane::ControlPlane;
use wschat_tests::custom_resource::{newest_is_ready, smallest_chat};
use wschat_tests::emulator::{self, Emulator};
use wschat_tests::measure::processes::only_child;
use wschat_tests::namespace::Namespace;
use wschat_tests::operator::{Operator, Options};
use wschat_tests::wait::eventually;

use super::many::Seed;
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
    place: Place,
    emulator: Emulator,
    cloud: Cloud,
    operator: Operator,
    pub(super) chats: usize,
    /// How often the operator looks at a chat when nothing happens.
    resync: Duration,
}

/// Where operators start, and how.
struct Place {
    /// Of their logs.
    folder: PathBuf,
    kubeconfig: PathBuf,
    namespace: Namespace,
    arguments: Vec<String>,
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
    /// How many are Stalled.
    pub(super) stalled: u64,
    /// Calls of the cloud's REST API.
    pub(super) calls: u64,
}

impl Site {
    pub(super) async fn start(
        folder: &Path,
        control_plane: &ControlPlane,
        chats: usize,
        resync: Duration,
    ) -> Result<Self, Failure> {
        let namespace = Namespace::create(control_plane.client(), "bench").await?;
        let emulator = Emulator::start(folder, &roomy(chats)).await?;
        let place = Place {
            folder: folder.to_path_buf(),
            kubeconfig: control_plane.administrator().to_path_buf(),
            namespace,
            arguments: vec![resync_argument(resync)],
        };
        Self::of(place, emulator, chats, resync).await
    }

    /// With chats that are there already, before the operator is.
    pub(super) async fn seeded(
        folder: &Path,
        control_plane: &ControlPlane,
        seed: Seed,
        resync: Duration,
    ) -> Result<Self, Failure> {
        let chats = seed.chats.len();
        let options = roomy(chats).argument(format!("--state={}", seed.cloud.display()));
        let emulator = Emulator::start(folder, &options).await?;
        let namespace = Namespace::named(control_plane.client(), &seed.namespace()?).await?;
        seed.store(&namespace.api()).await?;
        let place = Place {
            folder: folder.to_path_buf(),
            kubeconfig: control_plane.administrator().to_path_buf(),
            namespace,
            arguments: vec![
                resync_argument(resync),
                format!("--installation-id={}", seed.installation()?),
                // The copies' functions have no code.
                "--probe-interval=0s".to_owned(),
            ],
        };
        Self::of(place, emulator, chats, resync).await
    }

    async fn of(
        place: Place,
        emulator: Emulator,
        chats: usize,
        resync: Duration,
    ) -> Result<Self, Failure> {
        let operator = operator(&place, &emulator).await?;
        Ok(Self {
            cloud: Cloud::of(emulator.addresses())?,
            emulator,
            place,
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
        self.place.namespace.api()
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
        self.all("Ready", |counters| counters.ready).await?;
        Ok(begun.elapsed())
    }

    /// Edits all chats.
    pub(super) async fn edit(&self, spec: &Value) -> Result<(), Failure> {
        let (api, patch) = (self.api(), json!({ "spec": spec }));
        for number in 0..self.chats {
            let (name, patch) = (format!("lobby-{number}"), Patch::Merge(&patch));
            api.patch(&name, &PatchParams::default(), &patch).await?;
        }
        Ok(())
    }

    /// Until all are as wished.
    pub(super) async fn all_as_wished(&self) -> Result<(), Failure> {
        let as_wished = async || match self.is_settled().await {
            Ok(true) => Ok(()),
            Ok(false) => Err("some aren't".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        eventually("all to be as wished", self.patience()?, as_wished).await?;
        Ok(())
    }

    /// Whether all are as wished.
    pub(super) async fn is_settled(&self) -> Result<bool, Failure> {
        let chats = self.api().list(&ListParams::default()).await?.items;
        Ok(chats.iter().all(newest_is_ready))
    }

    /// The cloud of the chats.
    pub(super) fn emulator(&self) -> &Emulator {
        &self.emulator
    }

    /// The operator's account in that.
    pub(super) fn account(&self) -> &str {
        self.cloud.account()
    }

    /// Waits until the operator has looked at as many chats as there are, since now.
    /// Of many chats, looks go on for most of a resync after the lists were made.
    pub(super) async fn round(&self) -> Result<(), Failure> {
        let least = self.counters().await?.looks + self.chats as u64;
        let limit = self.resync * 3 + SLOW;
        let looks = |counters: &Counters| counters.looks;
        self.until("all to be looked at", limit, least, looks).await
    }

    /// Waits for so many resyncs: until the lists are made.
    pub(super) async fn resyncs(&self, number: u32) -> Result<(), Failure> {
        let least = self.counters().await?.lists + u64::from(number);
        let limit = (self.resync * 3 + SLOW) * number;
        self.until("resyncs to be over", limit, least, |counters| {
            counters.lists
        })
        .await
    }

    /// Waits until so many chats are as many as there are.
    async fn all(&self, what: &str, count: impl Fn(&Counters) -> u64) -> Result<(), Failure> {
        let (what, chats) = (format!("all to be {what}"), self.chats as u64);
        self.until(&what, self.patience()?, chats, count).await
    }

    /// Waits until the operator has counted as much.
    async fn until(
        &self,
        what: &str,
        limit: Duration,
        least: u64,
        count: impl Fn(&Counters) -> u64,
    ) -> Result<(), Failure> {
        let enough = async || match self.counters().await.map(|all| count(&all)) {
            Ok(counted) if counted >= least => Ok(()),
            Ok(counted) => Err(format!("{counted} of {least} are")),
            Err(error) => Err(error.to_string()),
        };
        Ok(eventually(what, limit, enough).await?)
    }

    fn patience(&self) -> Result<Duration, Failure> {
        Ok(PATIENCE * u32::try_from(self.chats)?)
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
        self.operator = operator(&self.place, &self.emulator).await?;
        self.all("looked at", |counters| counters.looks).await?;
        Ok(begun.elapsed())
    }

    pub(super) async fn counters(&self) -> Result<Counters, Failure> {
        let page = self.operator.metrics().await?;
        let sum = |name: &str| -> u64 {
            let lines = page.lines().filter(|line| line.starts_with(name));
            let values = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
            values.sum()
        };
        Ok(Counters {
            looks: sum("wschat_reconciliations_total{"),
            mutations: sum("wschat_cloud_mutations_total{"),
            lists: sum(r#"wschat_cloud_calls_total{service="databases",method="list""#),
            stalled: sum(r#"wschat_chats{condition="Stalled",status="True""#),
            calls: sum("wschat_cloud_calls_total{"),
            ready: sum(r#"wschat_chats{condition="Ready",status="True""#),
        })
    }
}

/// An emulator with room for so many chats.
fn roomy(chats: usize) -> emulator::Options {
    let options = emulator::Options::default().name(format!("emulator-{chats}"));
    QUOTAS.iter().fold(options, |options, quota| {
        let quota = format!("{quota}=1000000");
        options.argument("--quota").argument(quota)
    })
}

fn resync_argument(resync: Duration) -> String {
    format!("--resync={}s", resync.as_secs())
}

async fn operator(place: &Place, emulator: &Emulator) -> Result<Operator, Failure> {
    let (handler, cloud) = (archive("handler.zip")?, emulator.addresses());
    let options = Options::with_handler(&place.kubeconfig, cloud, &handler)?
        .only_in(place.namespace.name())
        .arguments(place.arguments.clone());
    let mut operator = Operator::start(&place.folder, &options)?;
    operator.ready().await?;
    Ok(operator)
}
