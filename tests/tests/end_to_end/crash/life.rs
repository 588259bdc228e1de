//! One life, undisturbed or with operators that are killed.

use std::collections::BTreeSet;

use libtest_mimic::Failed;
use wschat_tests::emulator::Request;
use wschat_tests::life::Outcome;
use wschat_tests::process::tail;

use super::calls::{self, Call};
use super::inventory;
use super::points::{Life, Point};
use super::stages::{Path, Stage};
use super::world::{World, text};
use crate::suite::Scene;

const LOG_LINES: usize = 30;

/// A stage that came to its end, and nobody was killed.
#[derive(Debug)]
pub(super) struct Undisturbed {
    pub(super) stage: Stage,
    /// The calls that changed something.
    pub(super) calls: Vec<Call>,
    outcome: Outcome,
}

/// A life in which nothing happens, in a cloud whose operations take so long.
pub(super) async fn record(
    scene: &Scene,
    delay: &str,
    path: Path,
) -> Result<Vec<Undisturbed>, Failed> {
    let folder = scene.folder.join(format!("{path:?}"));
    let mut world = World::make(scene, &folder, delay).await?;
    let mut lived = Vec::new();
    for stage in path.stages() {
        let undisturbed = record_stage(&mut world, *stage).await;
        lived.push(undisturbed.map_err(|failed| format!("{stage}: {}", text(&failed)))?);
    }
    world.end().await?;
    Ok(lived)
}

async fn record_stage(world: &mut World, stage: Stage) -> Result<Undisturbed, Failed> {
    let before = Before::of(world).await?;
    stage.prepare(world).await?;
    let last_call = world.last_call().await?;
    world.start_operator()?;
    stage.begin(world).await?;
    world.done(stage).await?;
    let done_at = world.last_call().await?;
    world.come_to_rest().await?;
    before.became(stage, world).await?;
    let mut mutations = world.mutations_since(last_call).await?;
    // What looks at the schema counts as a change, too: nobody knows what a query
    // does. It is one only where the schema is made.
    let is_change =
        |one: &Request| !calls::is_query(one) || stage == Stage::Create && one.sequence <= done_at;
    mutations.retain(is_change);
    Ok(Undisturbed {
        stage,
        calls: calls::mutating(&mutations),
        outcome: world.outcome().await?,
    })
}

/// A life with points, in such a cloud: how many operators were killed, or what is
/// wrong.
pub(super) async fn run(
    scene: &Scene,
    delay: &str,
    number: usize,
    life: &Life,
    undisturbed: &[Undisturbed],
) -> Result<usize, String> {
    let folder = scene.folder.join(format!("{number}-{:?}", life.path));
    let lived = async {
        let mut world = World::make(scene, &folder, delay).await?;
        let killed = live(&mut world, life, undisturbed).await?;
        world.end().await?;
        Ok(killed)
    };
    Box::pin(lived).await.map_err(|failed: Failed| {
        let problem = format!(
            "life {number}, {}\n{}:\n{}",
            text(&failed),
            folder.display(),
            tail(&World::log(&folder), LOG_LINES),
        );
        // At once: all lives take minutes.
        eprintln!("{problem}");
        problem
    })
}

async fn live(
    world: &mut World,
    life: &Life,
    undisturbed: &[Undisturbed],
) -> Result<usize, Failed> {
    let last = life.points.keys().next_back();
    let mut killed = 0;
    for wanted in undisturbed {
        if last.is_some_and(|last| wanted.stage > *last) {
            break;
        }
        let point = life.points.get(&wanted.stage);
        let lived = live_stage(world, wanted, point).await;
        let was_killed = lived.map_err(|failed| {
            let point = point.map_or_else(|| "nobody was killed".to_owned(), Point::to_string);
            format!("{}, {point}: {}", wanted.stage, text(&failed))
        })?;
        killed += usize::from(was_killed);
    }
    Ok(killed)
}

/// Answers whether the operator was killed.
async fn live_stage(
    world: &mut World,
    wanted: &Undisturbed,
    point: Option<&Point>,
) -> Result<bool, Failed> {
    let stage = wanted.stage;
    let before = Before::of(world).await?;
    stage.prepare(world).await?;
    if let Some(point) = point {
        world.lay_trap(point).await?;
    }
    world.start_operator()?;
    stage.begin(world).await?;
    let killed = match point {
        Some(_) => world.kill_in_trap(stage).await?,
        None => false,
    };
    world.start_operator()?;
    world.done(stage).await?;
    world.is_as(&wanted.outcome).await?;
    before.became(stage, world).await?;
    Ok(killed)
}

/// What there was before a stage.
struct Before {
    ids: BTreeSet<String>,
    serving: Option<String>,
}

impl Before {
    async fn of(world: &World) -> Result<Self, Failed> {
        Ok(Self {
            ids: world.state().await?.ids(),
            serving: world.serving().await?,
        })
    }

    /// Compares that with what there is after the stage.
    async fn became(&self, stage: Stage, world: &World) -> Result<(), Failed> {
        let now = Self::of(world).await?;
        if stage.keeps_all() && now.ids != self.ids {
            return Err(format!("instead of {:?} there is {:?}", self.ids, now.ids).into());
        }
        if let Some(moves) = stage.moves_traffic()
            && moves != (now.serving != self.serving)
        {
            return Err(format!("{:?} served, and {:?} does", self.serving, now.serving).into());
        }
        // What nobody is to compare with: this much must be in the first life too.
        let found = inventory::of(&world.state().await?, world.account());
        let wanted = match stage {
            Stage::Create => Some(inventory::of_one_chat()),
            Stage::Delete => Some(inventory::Inventory::new()),
            _ => None,
        };
        if let Some(wanted) = wanted
            && wanted != found
        {
            return Err(format!("the cloud has {found:#?}\nand should have {wanted:#?}").into());
        }
        world.lets_people_in().await
    }
}
