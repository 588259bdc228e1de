//! A chat is deleted at some call by which it is being made or changed, and the
//! operator, which doesn't die, leaves nothing of it, and tells at once that it
//! is leaving.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use tokio::task::JoinSet;
use wschat_tests::custom_resource::newest_is_ready;

use crate::gate::Death;
use crate::life::Stage;
use crate::plan::deaths_of;
use crate::sweep::{DELAY, LANES, Tried, of_each_seed, setting};
use crate::world::{Done, Problem, World};

/// When it is deleted: at a call of which stage.
#[derive(Clone, Copy, Debug)]
struct Leave {
    stage: Stage,
    at: Death,
}

const READY: Done = |chat| chat.is_some_and(newest_is_ready);

#[tokio::test(flavor = "multi_thread")]
async fn whoever_deletes_a_chat_at_any_call_leaves_nothing_behind() {
    of_each_seed("deletes", try_all).await.unwrap();
}

/// All deletes, or so many of them.
async fn try_all(seed: u64, count: Option<usize>) -> Result<Tried, Problem> {
    let mut plan = leaves(seed).await?;
    let all = plan.len();
    plan.shuffle(&mut StdRng::seed_from_u64(seed));
    // Half as many as in the sweep itself, or all.
    plan.truncate(count.map_or(all, |count| count / 2));
    let planned = plan.len();
    // Operations take their time, so that it is also deleted while one runs.
    let attempt = |world: Arc<World>, leave: Leave| async move {
        let tried = try_one(&world, leave).await;
        tried.map_err(|problem| format!("{leave:?}: {problem}"))
    };
    let (happened, problems) = side_by_side(plan, seed, attempt).await?;
    eprintln!("seed {seed}: {planned} of {all} deletes, {happened} at their call");
    Ok(Tried {
        planned,
        happened,
        problems,
    })
}

/// Tries all of a plan, each in a world of its own, some at a time. Answers how many
/// of the planned deaths, or whatever, happened, and what went wrong.
pub(crate) async fn side_by_side<T, F, Trying>(
    plan: Vec<T>,
    seed: u64,
    attempt: F,
) -> Result<(usize, Vec<Problem>), Problem>
where
    T: Clone + Send + Sync + 'static,
    F: Fn(Arc<World>, T) -> Trying + Copy + Send + 'static,
    Trying: Future<Output = Result<usize, Problem>> + Send,
{
    let (plan, next) = (Arc::new(plan), Arc::new(AtomicUsize::new(0)));
    let mut lanes = JoinSet::new();
    for lane in 0..LANES {
        let (plan, next) = (Arc::clone(&plan), Arc::clone(&next));
        lanes.spawn(async move {
            let (mut happened, mut problems) = (0, Vec::new());
            while let Some(one) = plan.get(next.fetch_add(1, Ordering::Relaxed)) {
                let world = Arc::new(World::make(setting(seed + lane, DELAY)).await?);
                match attempt(Arc::clone(&world), one.clone()).await {
                    Ok(times) => happened += times,
                    Err(problem) => problems.push(problem),
                }
                if let Some(world) = Arc::into_inner(world) {
                    world.end().await;
                }
            }
            Ok::<_, Problem>((happened, problems))
        });
    }
    let (mut happened, mut problems) = (0, Vec::new());
    while let Some(lane) = lanes.join_next().await {
        let (times, more) = lane.map_err(|error| error.to_string())??;
        happened += times;
        problems.extend(more);
    }
    Ok((happened, problems))
}

/// Every moment at which it can be deleted.
async fn leaves(seed: u64) -> Result<Vec<Leave>, Problem> {
    let world = World::make(setting(seed, "0ms")).await?;
    let mut all = Vec::new();
    for stage in [Stage::Create, Stage::Update] {
        stage.begin(&world)?;
        let passed = world.look_until(READY, None).await?;
        let moments = deaths_of(&passed).into_iter();
        all.extend(moments.map(|at| Leave { stage, at }));
    }
    world.end().await;
    Ok(all)
}

/// Answers how often it was deleted at its call: once, or it had fewer calls.
async fn try_one(world: &World, leave: Leave) -> Result<usize, Problem> {
    Stage::Create.begin(world)?;
    if leave.stage == Stage::Update {
        world.look_until(READY, None).await?;
        leave.stage.begin(world)?;
    }
    let struck = world.look_until_gone(leave.at).await?;
    let left = world.made().await?;
    if left.is_empty() {
        return Ok(usize::from(struck));
    }
    Err(format!("left behind: {left:#?}"))
}
