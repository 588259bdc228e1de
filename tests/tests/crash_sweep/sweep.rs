//! Lives side by side, each lane in a world of its own.

use std::num::ParseIntError;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::life::{self, Deaths, Lived, Stage};
use crate::plan;
use crate::world::{Problem, Setting, World};

/// Worlds that live side by side: most of a life is waiting.
pub(crate) const LANES: u64 = 4;
/// How many lives an ordinary run has.
const LIVES: usize = 12;
/// How many lives a world sees before another takes its place.
const LIVES_OF_A_WORLD: usize = 16;
/// After how many lives there is something to tell.
const PROGRESS: usize = 48;
/// One in so many deaths may not happen: an operator that is given less to wait for
/// makes fewer calls than the one of the undisturbed life.
const SELDOM: usize = 5;
/// How long the cloud's operations take, unless they end at once.
pub(crate) const DELAY: &str = "0ms..40ms";

/// What to try.
struct Wish {
    seed: u64,
    seeds: u64,
    /// Everything when absent.
    lives: Option<usize>,
}

impl Wish {
    fn of_the_environment() -> Result<Self, Problem> {
        let lives = match std::env::var("WSCHAT_SWEEP_LIVES").as_deref() {
            Ok("all") => None,
            _ => Some(number("WSCHAT_SWEEP_LIVES")?.unwrap_or(LIVES)),
        };
        Ok(Self {
            seed: number("WSCHAT_SWEEP_SEED")?.unwrap_or_else(|| rand::random_range(0..1_000_000)),
            seeds: number("WSCHAT_SWEEP_SEEDS")?.unwrap_or(1),
            lives,
        })
    }
}

/// What came of a seed.
pub(crate) struct Tried {
    /// How many deaths, or whatever was to happen, there were to be.
    pub(crate) planned: usize,
    /// How many there were, where nothing went wrong.
    pub(crate) happened: usize,
    /// What went wrong.
    pub(crate) problems: Vec<Problem>,
}

/// A number that the environment may hold.
pub(crate) fn number<T: FromStr<Err = ParseIntError>>(name: &str) -> Result<Option<T>, Problem> {
    let Ok(text) = std::env::var(name) else {
        return Ok(None);
    };
    let number = text.parse();
    number
        .map(Some)
        .map_err(|error| format!("{name}={text}: {error}"))
}

/// Tries so many `lives` as the environment wishes, of each seed that it wishes.
/// Fails when anything went wrong.
pub(crate) async fn of_each_seed<Trying>(
    lives: &str,
    tried: impl Fn(u64, Option<usize>) -> Trying,
) -> Result<(), Problem>
where
    Trying: Future<Output = Result<Tried, Problem>>,
{
    wschat_tests::crypto::use_ring();
    let wish = Wish::of_the_environment()?;
    for seed in wish.seed..wish.seed + wish.seeds {
        let told = |problem| format!("WSCHAT_SWEEP_SEED={seed}: {problem}");
        let tried = tried(seed, wish.lives).await.map_err(told)?;
        let problems = tried.problems;
        if !problems.is_empty() {
            let failed = problems.len();
            return Err(format!(
                "WSCHAT_SWEEP_SEED={seed}: {failed} {lives} failed: {problems:#?}"
            ));
        }
        enough(tried.happened, tried.planned).map_err(told)?;
    }
    Ok(())
}

/// Fails when too few of what was planned happened, or nothing was planned: then it
/// wasn't tried. What failed isn't counted, so only when nothing did.
pub(crate) fn enough(happened: usize, planned: usize) -> Result<(), Problem> {
    let missing = planned.saturating_sub(happened);
    if planned > 0 && missing * SELDOM <= planned {
        return Ok(());
    }
    Err(format!("only {happened} of {planned} planned happened"))
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_dies_at_any_call_is_not_missed() {
    of_each_seed("lives", sweep).await.unwrap();
}

/// All lives of a seed, or so many of them. Answers what went wrong.
async fn sweep(seed: u64, lives: Option<usize>) -> Result<Tried, Problem> {
    let begun = Instant::now();
    // Every other seed's operations end at once, as the order of calls is then
    // the most regular.
    let delay = if seed.is_multiple_of(2) { "0ms" } else { DELAY };
    let world = World::make(setting(seed, delay)).await?;
    let undisturbed = life::live(&world, [None; Stage::ALL.len()]).await?;
    world.end().await;
    let calls: Vec<_> = undisturbed
        .iter()
        .map(|lived| lived.passed.clone())
        .collect();
    let mut plan = plan::all(&calls, seed);
    let all = plan.len();
    plan.truncate(lives.unwrap_or(all));
    let planned = plan.iter().flatten().flatten().count();
    eprintln!(
        "seed {seed}: {} of {all} lives; calls {:?}",
        plan.len(),
        calls
            .iter()
            .map(|calls| calls.come.len())
            .collect::<Vec<_>>()
    );
    let (happened, problems) = run(seed, delay, plan, undisturbed).await?;
    eprintln!(
        "seed {seed}: {happened} of {planned} deaths, {} problems, {} s",
        problems.len(),
        begun.elapsed().as_secs()
    );
    Ok(Tried {
        planned,
        happened,
        problems,
    })
}

async fn run(
    seed: u64,
    delay: &'static str,
    plan: Vec<Deaths>,
    undisturbed: Vec<Lived>,
) -> Result<(usize, Vec<Problem>), Problem> {
    let common = Arc::new(Common {
        seed,
        delay,
        plan,
        undisturbed,
        next: AtomicUsize::new(0),
        begun: Instant::now(),
    });
    let mut lanes = JoinSet::new();
    for lane in 0..LANES {
        lanes.spawn(live_on(Arc::clone(&common), lane));
    }
    let (mut died, mut problems) = (0, Vec::new());
    while let Some(lane) = lanes.join_next().await {
        let (deaths, more) = lane.map_err(|error| error.to_string())??;
        died += deaths;
        problems.extend(more);
    }
    Ok((died, problems))
}

/// What all lanes share.
struct Common {
    seed: u64,
    delay: &'static str,
    plan: Vec<Deaths>,
    undisturbed: Vec<Lived>,
    /// The first life that nobody began.
    next: AtomicUsize,
    begun: Instant,
}

/// One life after another, until all are lived. Answers how many deaths there
/// were, and what went wrong.
async fn live_on(common: Arc<Common>, lane: u64) -> Result<(usize, Vec<Problem>), Problem> {
    let seed = common.seed;
    let (mut died, mut problems) = (0, Vec::new());
    let mut world = World::make(setting(seed + lane, common.delay)).await?;
    let mut count = 0;
    loop {
        let number = common.next.fetch_add(1, Ordering::Relaxed);
        let Some(deaths) = common.plan.get(number) else {
            break;
        };
        count += 1;
        let lived = life::compare(&world, *deaths, &common.undisturbed).await;
        // What went wrong here may not harm the next life, and a cloud that saw
        // many of them remembers much.
        if lived.is_err() || count % LIVES_OF_A_WORLD == 0 {
            let next = World::make(setting(seed + lane, common.delay)).await?;
            std::mem::replace(&mut world, next).end().await;
        }
        match lived {
            Ok(deaths) => died += deaths,
            Err(problem) => {
                // At once: all lives may take hours.
                eprintln!("seed {seed}: {problem}");
                problems.push(problem);
            }
        }
        if number > 0 && number.is_multiple_of(PROGRESS) {
            let seconds = common.begun.elapsed().as_secs();
            eprintln!("seed {seed}: {number} lives, {seconds} s, {}", memory());
        }
    }
    world.end().await;
    Ok((died, problems))
}

/// How long the cloud may take to show what it was asked for: longer than its
/// operations take.
const SHOWING_UP: Duration = Duration::from_millis(100);

/// A world whose cloud shows at once what it made.
pub(crate) fn setting(seed: u64, delay: &str) -> Setting {
    Setting {
        seed,
        delay: delay.to_owned(),
        showing_up: SHOWING_UP,
        arguments: Vec::new(),
    }
}

/// How much memory this process takes.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.unwrap_or("unknown memory").trim().to_owned()
}
