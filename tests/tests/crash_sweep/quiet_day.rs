//! A day in which nothing happens to many chats: the operator changes nothing,
//! writes nothing, asks little and doesn't grow.
//!
//! One chat is made; the others are copies of it and of its things in the cloud
//! (`copies`). The operator's time is moved by ten minutes, and it looks at all
//! of them: 144 times.
//!
//! `WSCHAT_QUIET_KEEP=DIR` keeps chats and cloud in that folder instead, for
//! benchmarks with the real programs.

mod copies;

use std::path::Path;
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use tempfile::TempDir;
use wschat_crds::WsChat;
use wschat_operator::embedded::Embedded;
use wschat_tests::measure::processes::resident_memory;

use crate::world::{NAP, Problem, Setting, World};

/// How many chats an ordinary run has.
const CHATS: usize = 4;
const CHOICE: &str = "WSCHAT_QUIET_CHATS";
const KEEP: &str = "WSCHAT_QUIET_KEEP";
/// A minute more than what the operator waits at most between two looks.
const RESYNC: Duration = Duration::from_mins(11);
/// In twenty-four hours.
const ROUNDS: usize = 144;
/// After so many the process is measured. Until the last but one it may grow: the
/// emulator, which is in it, remembers the last 10,000 calls, and SQLite pages.
const MEASURED: [usize; 4] = [12, 48, 96, 144];
/// From so many chats on, the process is large enough to see growth.
const MANY: usize = 1_000;
/// Growth of the whole process within the last third of the day, cloud and
/// Kubernetes included, in percent.
const MOST: u64 = 2;
/// How many lists there are of what a folder holds, and what is asked once beside:
/// for a token, and where things are.
const LISTS: usize = 6;
const AROUND: usize = 4;
/// What a chat has on its folder, and what a page of a list of these holds.
const ROLES: usize = 3;
const PAGE: usize = 1_000;
/// As many as an operator looks at at once.
const AT_ONCE: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn a_day_in_which_nothing_happens_changes_nothing() {
    wschat_tests::crypto::use_ring();
    let chats = std::env::var(CHOICE).map_or(CHATS, |chats| chats.parse().unwrap());
    if let Some(folder) = std::env::var_os(KEEP) {
        Box::pin(keep(chats, Path::new(&folder))).await.unwrap();
    } else {
        Box::pin(spend_the_day(chats)).await.unwrap();
    }
}

/// Many chats, and an operator that has looked at them. The cloud is kept in the
/// folder.
async fn many(chats: usize, folder: &Path) -> Result<(World, Embedded), Problem> {
    let cloud = folder.join("cloud");
    let setting = Setting {
        arguments: vec![format!("--state={}", cloud.display())],
        ..Setting::default()
    };
    let many = copies::make(&setting, &cloud, chats).await?;
    let world = World::make(setting).await?;
    for chat in many {
        world.kube().restore(chat);
    }
    let operator = world.operator()?;
    remember(&world, &operator).await?;
    Ok((world, operator))
}

/// Leaves the cloud in the folder, and beside it the chats, as JSON.
async fn keep(chats: usize, folder: &Path) -> Result<(), Problem> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    std::fs::create_dir_all(folder).map_err(failed)?;
    let (world, _operator) = many(chats, folder).await?;
    let chats = json!(world.kube().chats()).to_string();
    world.end().await;
    std::fs::write(folder.join("chats.json"), chats).map_err(failed)
}

async fn spend_the_day(chats: usize) -> Result<(), Problem> {
    let folder = TempDir::new().map_err(|error| error.to_string())?;
    let (world, operator) = many(chats, folder.path()).await?;
    let before = world.made().await?;
    restart(&world, chats).await?;

    let (begun, mut calls) = (Instant::now(), Calls::default());
    let mut sizes = Vec::new();
    for round in 1..=ROUNDS {
        calls.add(&round_of_looks(&world, &operator, chats).await?);
        if MEASURED.contains(&round) {
            sizes.push(memory()?);
        }
    }
    let looks = chats * ROUNDS;
    let seconds = begun.elapsed().as_secs();
    let (rest, ydb) = (calls.rest * 100 / looks, calls.ydb * 100 / looks);
    let sizes_in_mib: Vec<u64> = sizes.iter().map(|bytes| bytes >> 20).collect();
    println!(
        "{chats} chats, {looks} looks in {seconds} s: nothing was changed or written; calls by \
         100 looks: {rest} over REST, {ydb} of YDB; the process had {sizes_in_mib:?} MiB after \
         {MEASURED:?} rounds of {ROUNDS}",
    );
    let after = world.made().await?;
    world.end().await;
    if after != before {
        return Err(format!("{before:#?} came to be {after:#?}"));
    }
    match sizes.as_slice() {
        [.., early, late] if chats >= MANY && late * 100 > early * (100 + MOST) => {
            Err(format!("it grew from {early} bytes to {late}"))
        }
        _ => Ok(()),
    }
}

/// Another operator, which remembers nothing, looks at all: what the folder holds
/// is listed for all of them, and the cloud isn't asked about any one. So what an
/// account may call in a second doesn't hold up a restart.
async fn restart(world: &World, chats: usize) -> Result<(), Problem> {
    let (operator, begun) = (world.operator()?, Instant::now());
    let mut calls = Calls::default();
    calls.add(&round_of_looks(world, &operator, chats).await?);
    let Calls { rest, ydb } = calls;
    let milliseconds = begun.elapsed().as_millis();
    println!(
        "another operator looked at all in {milliseconds} ms: {rest} calls over REST, {ydb} of YDB"
    );
    let lists = LISTS * (1 + chats / PAGE) + ROLES * chats / PAGE;
    if rest > AROUND + lists || ydb > 0 {
        return Err(format!(
            "another operator made {rest} calls over REST, {ydb} of YDB"
        ));
    }
    Ok(())
}

/// Calls that the operator made.
#[derive(Default)]
struct Calls {
    rest: usize,
    ydb: usize,
}

impl Calls {
    /// Those of the cloud among these.
    fn add(&mut self, come: &[String]) {
        for call in come {
            match call.split_once(' ') {
                Some(("GRPC", _)) => self.ydb += 1,
                Some((_, path)) if !path.starts_with("/api") => self.rest += 1,
                _ => {}
            }
        }
    }
}

/// The operator looks at all chats, until their statuses know what copies can't:
/// the hashes of what was asked for. The cloud isn't changed, and one list of who
/// has which roles on the folder does for all of them. (Of many, one may not be
/// reached in time on a busy machine, and need a newer list.)
async fn remember(world: &World, operator: &Embedded) -> Result<(), Problem> {
    let mut listed = 0;
    for _ in 0..ROUNDS {
        world.gate().arm(None);
        let chats = look_at_all(world, operator).await?;
        let passed = world.passed();
        listed += passed.come.iter().filter(|call| lists_roles(call)).count();
        let written = passed.certain_mutations();
        if written.is_empty() {
            let most = (1 + chats / MANY) * (1 + chats * ROLES / PAGE);
            return if listed <= most {
                Ok(())
            } else {
                Err(format!("{listed} calls instead of {most} listed the roles"))
            };
        }
        if let Some(change) = written.iter().find(|call| !call.contains(" /api")) {
            return Err(format!("a copy isn't as its chat is wished: {change}"));
        }
        tokio::time::sleep(NAP).await;
    }
    Err("the statuses of copies don't come to rest".to_owned())
}

/// Whether it lists who has which roles on a folder.
fn lists_roles(call: &str) -> bool {
    call.contains("/folders/") && call.ends_with(":listAccessBindings")
}

/// Ten minutes pass, and the operator looks at all. Answers its calls.
async fn round_of_looks(
    world: &World,
    operator: &Embedded,
    chats: usize,
) -> Result<Vec<String>, Problem> {
    world.gate().arm(None);
    operator.advance(RESYNC);
    let before = world.kube().chats();
    let looked = look_at_all(world, operator).await?;
    if looked != chats {
        return Err(format!("{looked} of {chats} chats are there"));
    }
    let passed = world.passed();
    match passed.certain_mutations().first() {
        Some(change) => Err(format!(
            "nothing happened, and the operator did {change}; {}",
            first_difference(&before, &world.kube().chats())
        )),
        None => Ok(passed.come),
    }
}

/// Of the first chat that isn't as it was: what its status said, and what it says.
fn first_difference(before: &[WsChat], after: &[WsChat]) -> String {
    let mut pairs = before.iter().zip(after);
    match pairs.find(|(before, after)| json!(before) != json!(after)) {
        Some((before, after)) => {
            format!("{:#} came to be {:#}", json!(before), json!(after))
        }
        None => "all chats are as they were".to_owned(),
    }
}

async fn look_at_all(world: &World, operator: &Embedded) -> Result<usize, Problem> {
    let chats = world.kube().chats();
    let number = chats.len();
    let looks = stream::iter(chats).map(|chat| operator.look(chat));
    let looks = looks.buffer_unordered(AT_ONCE);
    looks.try_for_each(|_wait| async { Ok(()) }).await?;
    Ok(number)
}

/// Of this process.
fn memory() -> Result<u64, Problem> {
    resident_memory(std::process::id()).map_err(|error| error.to_string())
}
