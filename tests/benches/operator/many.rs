//! What do very many chats cost, once they are there? They are copies of one
//! (`tests/tests/crash_sweep/quiet_day/copies.rs`), which `cargo xtask bench many`
//! makes before, since making each takes a second.

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::json;
use wschat_crds::WsChat;
use wschat_tests::measure::processes::{Usage, resident_memory};
use wschat_tests::measure::table::{Table, milliseconds};

use super::mebibytes;
use super::site::Site;
use crate::Failure;
use crate::stage::control_plane;

/// Folders with copies, separated by colons.
const SEEDS: &str = "WSCHAT_BENCH_SEEDS";
/// So many looks a second take some 20 calls over REST, spread over services of which
/// each takes 30 of an account in a second.
const LOOKS_A_SECOND: usize = 20;
const SHORTEST: usize = 60;
/// Of ten minutes, as operators have unless told otherwise.
const RESYNCS_OF_AN_HOUR: f64 = 6.0;

/// Copies of a chat, and the cloud that they are in.
pub(super) struct Seed {
    pub(super) cloud: PathBuf,
    pub(super) chats: Vec<WsChat>,
}

impl Seed {
    fn read(folder: &Path) -> Result<Self, Failure> {
        let chats = std::fs::read(folder.join("chats.json"))?;
        Ok(Self {
            cloud: folder.join("cloud"),
            chats: serde_json::from_slice(&chats)?,
        })
    }

    fn first(&self) -> Result<&WsChat, Failure> {
        Ok(self.chats.first().ok_or("there are no chats")?)
    }

    pub(super) fn namespace(&self) -> Result<String, Failure> {
        let namespace = self.first()?.metadata.namespace.clone();
        Ok(namespace.ok_or("the chats have no namespace")?)
    }

    pub(super) fn installation(&self) -> Result<String, Failure> {
        let status = self.first()?.status.clone().unwrap_or_default();
        Ok(status.installation_id.ok_or("no operator had the chats")?)
    }

    /// Makes the chats, with their statuses.
    pub(super) async fn store(&self, api: &Api<WsChat>) -> Result<(), Failure> {
        let all = stream::iter(&self.chats).map(|chat| store(api, chat.clone()));
        let all = all.buffer_unordered(16);
        all.try_for_each(|()| async { Ok(()) }).await
    }
}

async fn store(api: &Api<WsChat>, mut chat: WsChat) -> Result<(), Failure> {
    let name = chat.metadata.name.clone().unwrap_or_default();
    let status = json!({ "status": chat.status.take() });
    (chat.metadata.uid, chat.metadata.resource_version) = (None, None);
    api.create(&PostParams::default(), &chat).await?;
    let parameters = PatchParams::default();
    api.patch_status(&name, &parameters, &Patch::Merge(status))
        .await?;
    Ok(())
}

/// Numbers of chats, a row for each.
pub(crate) async fn table(folder: &Path) -> Result<Table, Failure> {
    let seeds = std::env::var(SEEDS)
        .map_err(|_| "no copies of chats; ask for it by `cargo xtask bench many`")?;
    let header = [
        "chats",
        "resync",
        "restart",
        "writes",
        "memory",
        "in the end",
        "calls",
        "of YDB",
        "CPU by look",
        "by chat and hour",
    ];
    let title = "many: chats that are there; from a restart until all are looked at; what is \
                 written then and within two resyncs; the operator's memory after the restart and \
                 in the end; calls of the cloud's REST API, and of YDB, by look, of which a chat has \
                 one in each resync; the operator's processor time of a look, and of a chat in an \
                 hour with a resync of ten minutes; times in ms";
    let mut table = Table::new(title, &header);
    for seed in seeds.split(':') {
        let folder = folder.join(Path::new(seed).file_name().ok_or("no folder")?);
        std::fs::create_dir_all(&folder)?;
        table = table.row(Box::pin(row(&folder, Seed::read(Path::new(seed))?)).await?);
    }
    Ok(table)
}

async fn row(folder: &Path, seed: Seed) -> Result<Vec<String>, Failure> {
    let control_plane = control_plane(folder).await?;
    let chats = seed.chats.len();
    let resync = Duration::from_secs((chats / LOOKS_A_SECOND).max(SHORTEST) as u64);
    let mut site = Site::seeded(folder, &control_plane, seed, resync).await?;
    site.round().await?;
    let versions = site.versions().await?;
    let restarted = site.restart().await?;
    let process = site.process()?;
    let memory = resident_memory(process)?;
    site.round().await?;
    let (from, before) = (site.last_call().await?, site.counters().await?);
    let used = Usage::of(process)?;
    site.round().await?;
    let used = Usage::of(process)?.since(&used)?;
    let counters = site.counters().await?;
    let looks = u32::try_from((counters.looks - before.looks).max(1))?;
    let rest = counters.calls - before.calls;
    // Nobody else calls: functions of copies have no code, and there is nobody in
    // these chats.
    let ydb = (site.last_call().await? - from).saturating_sub(rest);
    let written = site.versions().await? != versions;
    let late = resident_memory(process)?;
    site.end().await?;
    control_plane.stop().await?;
    Ok(vec![
        chats.to_string(),
        format!("{} s", resync.as_secs()),
        milliseconds(restarted),
        (counters.mutations + u64::from(written)).to_string(),
        mebibytes(memory),
        mebibytes(late),
        by_look(rest, looks),
        by_look(ydb, looks),
        milliseconds(used / looks),
        milliseconds((used / looks).mul_f64(RESYNCS_OF_AN_HOUR)),
    ])
}

/// With two digits.
fn by_look(calls: u64, looks: u32) -> String {
    let hundredths = calls * 100 / u64::from(looks);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
