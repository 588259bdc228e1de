//! What does an operator cost with many chats? The real program, on a real
//! Kubernetes and the emulated cloud, whose operations end at once and whose
//! quotas have room: so all of the time is the operator's and the emulator's.
//!
//! `WSCHAT_BENCH_CHATS=1000 cargo xtask bench operator` asks for another number;
//! a thousand take a quarter of an hour to make.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};
use kube::api::{ListParams, PostParams};
use kube::{Api, ResourceExt};
use wschat_crds::WsChat;
use wschat_tests::cloud::Cloud;
use wschat_tests::control_plane::ControlPlane;
use wschat_tests::custom_resource::smallest_chat;
use wschat_tests::emulator::{self, Emulator};
use wschat_tests::measure::processes::{Usage, only_child, resident_memory};
use wschat_tests::measure::table::{Table, milliseconds};
use wschat_tests::namespace::Namespace;
use wschat_tests::operator::{Operator, Options};
use wschat_tests::wait::eventually;

use crate::Failure;
use crate::stage::{archive, control_plane};

/// How many chats, unless somebody asks for another number.
const CHATS: [usize; 2] = [10, 100];
const CHOICE: &str = "WSCHAT_BENCH_CHATS";
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
/// Instead of ten minutes.
const RESYNC: Duration = Duration::from_secs(10);
/// For so many, everything that an operator does when nothing happens is
/// counted: each part of a chat that lists leave out has its turn.
const RESYNCS: u32 = 5;
/// For each chat.
const PATIENCE: Duration = Duration::from_mins(1);

/// One number of chats.
struct Site {
    folder: std::path::PathBuf,
    emulator: Emulator,
    cloud: Cloud,
    kubeconfig: std::path::PathBuf,
    namespace: Namespace,
    operator: Operator,
    chats: usize,
}

/// What an operator tells of itself, since its start.
struct Counters {
    looks: u64,
    /// Calls that change the cloud.
    mutations: u64,
    /// How often the folder was listed.
    lists: u64,
    /// How many chats are Ready.
    ready: u64,
}

pub(crate) async fn table(folder: &Path) -> Result<Table, Failure> {
    let numbers = match std::env::var(CHOICE) {
        Ok(number) => vec![number.parse()?],
        Err(_) => CHATS.to_vec(),
    };
    let control_plane = control_plane(folder).await?;
    let header = [
        "chats",
        "made in",
        "each",
        "memory",
        "calls",
        "of these YDB",
        "CPU",
        "restart",
        "writes",
    ];
    let title = format!(
        "operator: chats made at once; then, with a resync of {} s, calls of the cloud by chat \
         and resync, and processor time by chat and look; then a restart until all are looked \
         at, and what it wrote; times in ms",
        RESYNC.as_secs()
    );
    let mut table = Table::new(title, &header);
    for chats in numbers {
        let site = Site::start(folder, &control_plane, chats).await?;
        table = table.row(Box::pin(site.row()).await?);
    }
    control_plane.stop().await?;
    Ok(table)
}

impl Site {
    async fn start(
        folder: &Path,
        control_plane: &ControlPlane,
        chats: usize,
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
        let operator = operator(folder, &kubeconfig, &emulator, &namespace, chats).await?;
        Ok(Self {
            folder: folder.to_path_buf(),
            cloud: Cloud::of(emulator.addresses())?,
            emulator,
            kubeconfig,
            namespace,
            operator,
            chats,
        })
    }

    async fn row(mut self) -> Result<Vec<String>, Failure> {
        let made = self.make().await?;
        let process = only_child(self.operator.process().guard_id())?;
        let number = u32::try_from(self.chats)?;

        // From one resync to another, so that each is whole.
        self.resyncs().await?;
        let (from, before) = (self.last_call().await?, Usage::of(process)?);
        let looks_before = self.counters().await?.looks;
        self.resyncs().await?;
        let used = Usage::of(process)?.since(&before)?;
        let looks = self.counters().await?.looks - looks_before;
        let (calls, ydb) = self.calls(from).await?;
        let memory = resident_memory(process)?;

        let versions = self.versions().await?;
        let restarted = self.restart().await?;
        let changed = self.versions().await? != versions;
        let writes = self.counters().await?.mutations + u64::from(changed);
        self.operator.stop().await?;
        self.emulator.stop().await?;
        let by_chat = |calls: u32| f64::from(calls) / (f64::from(number) * f64::from(RESYNCS));
        Ok(vec![
            self.chats.to_string(),
            milliseconds(made),
            milliseconds(made / number),
            format!("{} MiB", memory.div_ceil(1 << 20)),
            format!("{:.2}", by_chat(calls)),
            format!("{:.2}", by_chat(ydb)),
            milliseconds(used / u32::try_from(looks.max(1))?),
            milliseconds(restarted),
            writes.to_string(),
        ])
    }

    fn api(&self) -> Api<WsChat> {
        self.namespace.api()
    }

    /// Makes all chats: until the last one is Ready.
    async fn make(&self) -> Result<Duration, Failure> {
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
    async fn resyncs(&self) -> Result<(), Failure> {
        let until = self.counters().await?.lists + u64::from(RESYNCS);
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
        eventually("resyncs to be over", RESYNC * 3 * RESYNCS, enough).await?;
        Ok(())
    }

    /// The operator's calls since that one, and those of YDB among them.
    async fn calls(&self, from: u64) -> Result<(u32, u32), Failure> {
        let calls = self.emulator.requests(Some(self.cloud.account())).await?;
        if calls.first().is_some_and(|first| first.sequence > from + 1) && calls.len() > 9_000 {
            return Err("there were more calls than the emulator remembers".into());
        }
        let ours = calls.iter().filter(|call| call.sequence > from);
        let (ydb, rest): (Vec<_>, Vec<_>) = ours.partition(|call| call.grpc);
        let ydb = u32::try_from(ydb.len())?;
        Ok((ydb + u32::try_from(rest.len())?, ydb))
    }

    async fn last_call(&self) -> Result<u64, Failure> {
        let calls = self.emulator.requests(None).await?;
        Ok(calls.last().map_or(0, |call| call.sequence))
    }

    /// Each chat's version, which grows with every write.
    async fn versions(&self) -> Result<BTreeMap<String, Option<String>>, Failure> {
        let chats = self.api().list(&ListParams::default()).await?.items;
        let version = |chat: WsChat| (chat.name_any(), chat.resource_version());
        Ok(chats.into_iter().map(version).collect())
    }

    /// Another operator: how long it takes to look at all chats.
    async fn restart(&mut self) -> Result<Duration, Failure> {
        self.operator.process().terminate(PATIENCE).await?;
        let begun = Instant::now();
        let (folder, kubeconfig) = (&self.folder, &self.kubeconfig);
        self.operator = operator(
            folder,
            kubeconfig,
            &self.emulator,
            &self.namespace,
            self.chats,
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

    async fn counters(&self) -> Result<Counters, Failure> {
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
    chats: usize,
) -> Result<Operator, Failure> {
    let options =
        Options::with_handler(kubeconfig, emulator.addresses(), &archive("handler.zip")?)?
            .only_in(namespace.name())
            .name(format!("operator-{chats}"))
            .argument("--resync", &format!("{}s", RESYNC.as_secs()));
    let mut operator = Operator::start(folder, &options)?;
    operator.ready().await?;
    Ok(operator)
}
