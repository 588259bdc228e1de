//! A chat is made of what is there already, is nobody's, and was given to it by
//! the label `wschat-adopt`; then it is deleted. The operator dies at some call
//! of either. Nothing is made anew, and what was given stays.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};
use wschat_tests::cloud::Thing;
use wschat_tests::custom_resource::newest_is_ready;

use crate::gate::{Death, Passed};
use crate::leave::side_by_side;
use crate::life::{self, Deaths, Lived, Outcome, come_to_rest, edited, is_gone, outcome};
use crate::plan;
use crate::sweep::{DELAY, Tried, of_each_seed, setting};
use crate::world::{Done, INSTALLATION, Problem, World};

/// What happens to a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It is made, begins to adopt what it needs, and is deleted when the operator
    /// died.
    Abandon,
    /// It is made, and adopts all that it needs.
    Adopt,
    /// It is deleted, and lets all of that go.
    Release,
    /// Another one is made, which wants all of it otherwise.
    Change,
}

impl Stage {
    const ALL: [Self; 4] = [Self::Abandon, Self::Adopt, Self::Release, Self::Change];

    fn begin(self, world: &World) {
        match self {
            Self::Abandon | Self::Adopt => world.create_chat(),
            Self::Release => world.delete_chat(),
            Self::Change => {
                world.create_chat();
                world.edit_chat(&edited());
            }
        }
    }

    /// What the operator strives for until it dies.
    fn is_done(self) -> Done {
        match self {
            Self::Abandon | Self::Adopt | Self::Change => IS_READY,
            Self::Release => is_gone,
        }
    }

    /// What the next one strives for.
    fn is_over(self) -> Done {
        match self {
            Self::Abandon => is_gone,
            _ => self.is_done(),
        }
    }

    /// What is wrong with what is there after this stage.
    async fn is_right(
        self,
        world: &World,
        outcome: &Outcome,
        given: &Given,
    ) -> Result<(), Problem> {
        let now = world.ids().await?;
        // Versions can't be changed: what is wished otherwise is another one.
        let more = usize::from(self == Self::Change);
        if !now.is_superset(&given.ids) || now.len() != given.ids.len() + more {
            return Err(format!("instead of {:#?} there is {now:#?}", given.ids));
        }
        let differences = outcome.differences(&given.outcome);
        let must_be_as_given = matches!(self, Self::Abandon | Self::Release);
        if must_be_as_given && !differences.is_empty() {
            return Err(format!("what was given isn't as it was:{differences}"));
        }
        Ok(())
    }
}

/// What is there before anybody adopts it.
struct Given {
    ids: BTreeSet<String>,
    outcome: Outcome,
}

const IS_READY: Done = |chat| chat.is_some_and(newest_is_ready);

/// What things are labelled with by who gives them away.
fn given() -> Value {
    json!({ "wschat-adopt": INSTALLATION, "theirs": "1" })
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_dies_at_any_call_of_an_adoption_removes_nothing_that_was_given() {
    of_each_seed("adoptions", sweep).await.unwrap();
}

/// All lives of a seed, or so many of them.
async fn sweep(seed: u64, count: Option<usize>) -> Result<Tried, Problem> {
    let begun = Instant::now();
    let world = World::make(setting(seed, DELAY)).await?;
    let undisturbed = live(&world, [None; life::Stage::ALL.len()]).await?;
    world.end().await;
    let calls: Vec<Passed> = undisturbed.iter().map(|one| one.passed.clone()).collect();
    let mut plan = plan::all(&calls, seed);
    let all = plan.len();
    // A third of those in the sweep itself, or all.
    plan.truncate(count.map_or(all, |count| count / 3));
    let (lives, planned) = (plan.len(), plan.iter().flatten().flatten().count());
    let undisturbed = Arc::new(undisturbed);
    let plan = plan.into_iter();
    let plan = plan.map(|deaths| (deaths, Arc::clone(&undisturbed)));
    let (happened, problems) = side_by_side(plan.collect(), seed, compare).await?;
    eprintln!(
        "seed {seed}: {lives} of {all} adoptions, {happened} of {planned} deaths, {} problems, {} s",
        problems.len(),
        begun.elapsed().as_secs()
    );
    Ok(Tried {
        planned,
        happened,
        problems,
    })
}

/// Lives through all stages, each of which must end as in the undisturbed life.
/// Answers how many of the deaths happened.
async fn compare(world: Arc<World>, plan: (Deaths, Arc<Vec<Lived>>)) -> Result<usize, Problem> {
    let (deaths, undisturbed) = plan;
    let lived = live(&world, deaths).await?;
    let stages = Stage::ALL.iter().zip(deaths);
    for ((lived, wanted), stage) in lived.iter().zip(undisturbed.iter()).zip(stages) {
        let died_at = &lived.passed.died_at;
        let differences = lived.outcome.differences(&wanted.outcome);
        if !differences.is_empty() {
            return Err(format!(
                "{stage:?}: dead at {died_at:?}, it ended with{differences}"
            ));
        }
    }
    let died = lived.iter().filter(|one| one.passed.died_at.is_some());
    Ok(died.count())
}

/// Lives through all stages, after somebody gave away all that a chat needs.
async fn live(world: &World, deaths: Deaths) -> Result<Vec<Lived>, Problem> {
    give(world).await?;
    let given = Given {
        ids: world.ids().await?,
        outcome: outcome(world).await?,
    };
    let mut lived = Vec::new();
    for (stage, death) in Stage::ALL.into_iter().zip(deaths) {
        let stage_lived = live_stage(world, stage, death, &given).await;
        let told = |problem: Problem| format!("{stage:?}, {death:?}: {problem}");
        lived.push(stage_lived.map_err(told)?);
    }
    Ok(lived)
}

async fn live_stage(
    world: &World,
    stage: Stage,
    death: Option<Death>,
    given: &Given,
) -> Result<Lived, Problem> {
    stage.begin(world);
    let passed = world.look_until(stage.is_done(), death).await?;
    if stage == Stage::Abandon {
        world.delete_chat();
    }
    world.look_until(stage.is_over(), None).await?;
    come_to_rest(world).await?;
    let outcome = outcome(world).await?;
    let right = stage.is_right(world, &outcome, given).await;
    right.map_err(|problem| format!("dead at {:?}: {problem}", passed.died_at))?;
    Ok(Lived { outcome, passed })
}

/// Makes all that a chat needs, as a chat that is gone and left it.
async fn give(world: &World) -> Result<(), Problem> {
    world.create_chat();
    world.edit_chat(&json!({ "deletionPolicy": "Retain" }));
    world.look_until(IS_READY, None).await?;
    world.delete_chat();
    world.look_until(is_gone, None).await?;
    let (person, state) = (world.person()?, world.state().await?);
    for thing in Thing::ALL {
        for one in thing.all_in(&state).iter().filter(|one| is_labelled(one)) {
            let labelled = person.label(thing, one, &given()).await;
            labelled.map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

/// The operator's own account isn't.
fn is_labelled(thing: &Value) -> bool {
    let labels = thing["labels"].as_object();
    labels.is_some_and(|labels| !labels.is_empty())
}
