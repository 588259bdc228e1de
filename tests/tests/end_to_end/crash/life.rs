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

/// A life in which nothing happens.
pub(super) async fn record(scene: &Scene, path: Path) -> Result<Vec<Undisturbed>, Failed> {
    let mut world = World::make(scene, &scene.folder.join(format!("{path:?}"))).await?;
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

/// A life with points: what is wrong with it, if anything.
pub(super) async fn run(
    scene: &Scene,
    number: usize,
    life: &Life,
    undisturbed: &[Undisturbed],
) -> Option<String> {
    let folder = scene.folder.join(format!("{number}-{:?}", life.path));
    let failed = Box::pin(live(scene, &folder, life, undisturbed)).await;
    let failed = failed.err()?;
    let problem = format!(
        "life {number}, {}\n{}:\n{}",
        text(&failed),
        folder.display(),
        tail(&World::log(&folder), LOG_LINES),
    );
    // At once: all lives take minutes.
    eprintln!("{problem}");
    Some(problem)
}

async fn live(
    scene: &Scene,
    folder: &std::path::Path,
    life: &Life,
    undisturbed: &[Undisturbed],
) -> Result<(), Failed> {
    let mut world = World::make(scene, folder).await?;
    let last = life.points.keys().next_back();
    for wanted in undisturbed {
        if last.is_some_and(|last| wanted.stage > *last) {
            break;
        }
        let point = life.points.get(&wanted.stage);
        let lived = live_stage(&mut world, wanted, point).await;
        lived.map_err(|failed| {
            let killed = point.map_or_else(|| "nobody was killed".to_owned(), Point::to_string);
            format!("{}, {killed}: {}", wanted.stage, text(&failed))
        })?;
    }
    world.end().await
}

async fn live_stage(
    world: &mut World,
    wanted: &Undisturbed,
    point: Option<&Point>,
) -> Result<(), Failed> {
    let stage = wanted.stage;
    let before = Before::of(world).await?;
    stage.prepare(world).await?;
    if let Some(point) = point {
        world.lay_trap(point).await?;
    }
    world.start_operator()?;
    stage.begin(world).await?;
    if point.is_some() {
        world.kill_in_trap().await?;
        world.start_operator()?;
    }
    world.done(stage).await?;
    world.is_as(&wanted.outcome).await?;
    before.became(stage, world).await
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
