//! The operator is killed before and after the reply of every call by which it
//! makes, edits, deploys, adopts and deletes a chat, is started again, and
//! everything is as if nothing had been: in the cloud once, and in the status.
//!
//! A life of a chat has stages, and one killed operator in each at most. Each life
//! has a namespace and a cloud of its own. A call that is to be the last hangs by
//! a fault rule: either it isn't carried out, or it is and nobody learns of it.
//!
//! An ordinary run tries ten of all points, chosen by a seed that it prints.
//! `WSCHAT_KILL_SEED=7` chooses the seed, `WSCHAT_KILL_POINTS=24` how many points
//! are tried, and `all` every one.

mod calls;
mod inventory;
mod life;
mod points;
mod stages;
mod world;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use libtest_mimic::{Failed, Trial};

use crate::suite::{Handle, Scene};
pub(crate) use calls::{is_query, pattern};

use life::Undisturbed;
use points::{Calls, Life};
use stages::Path;

/// Points of an ordinary run.
const POINTS: usize = 10;
/// Lives that run side by side. Most of a life is waiting for a Lease to run out;
/// each has four programs.
const ABREAST: usize = 3;
/// One in so many calls may not come: what an operator asks for a second time
/// because the machine is slow needn't be asked for in the next life.
const SELDOM: usize = 10;
/// All points take minutes.
const LIMIT: Duration = Duration::from_mins(40);

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![suite.long_trial(
        "whoever is killed at any call of a chat's life is not missed",
        LIMIT,
        kill,
    )]
}

/// What to try.
struct Wish {
    seed: u64,
    /// Everything when absent.
    points: Option<usize>,
}

impl Wish {
    fn of_the_environment() -> Result<Self, Failed> {
        let text = |name| std::env::var(name).ok();
        let seed = text("WSCHAT_KILL_SEED").map(|seed| seed.parse());
        Ok(Self {
            seed: seed
                .transpose()?
                .unwrap_or_else(|| rand::random_range(0..1_000_000)),
            points: match text("WSCHAT_KILL_POINTS").as_deref() {
                None => Some(POINTS),
                Some("all") => None,
                Some(points) => Some(points.parse()?),
            },
        })
    }
}

impl Wish {
    /// How long the cloud's operations take: every other seed's end at once, as the
    /// order of calls is then the most regular.
    fn delay(&self) -> &'static str {
        if self.seed.is_multiple_of(2) {
            "0s"
        } else {
            "0ms..300ms"
        }
    }
}

/// What came of it.
#[derive(Default)]
struct Tried {
    killed: usize,
    problems: Vec<String>,
}

async fn kill(scene: Scene) -> Result<(), Failed> {
    let wish = Wish::of_the_environment()?;
    let (seed, delay) = (wish.seed, wish.delay());
    let begun = Instant::now();
    let (own, given) = futures::try_join!(
        Box::pin(life::record(&scene, delay, Path::Own)),
        Box::pin(life::record(&scene, delay, Path::Given)),
    )?;
    let recorded = begun.elapsed().as_secs();
    // Both paths begin alike.
    let both = own.iter().chain(&given);
    let calls: Calls = both.map(|one| (one.stage, one.calls.clone())).collect();
    let lives = points::lives(&calls, seed, wish.points);
    let planned = lives.iter().map(|life| life.points.len()).sum::<usize>();
    let told = plan(&calls, &lives)?;
    let Tried { killed, problems } = run(&scene, delay, &lives, &own, &given).await;
    eprintln!(
        "WSCHAT_KILL_SEED={seed}: {told}; {killed} of {planned} killed, {} problems; \
         {recorded} s until calls were known, {} s in all",
        problems.len(),
        begun.elapsed().as_secs(),
    );
    if !problems.is_empty() {
        let mut text = format!("WSCHAT_KILL_SEED={seed}: {} lives failed:", problems.len());
        for problem in problems {
            let _ = write!(text, "\n\n{problem}");
        }
        return Err(text.into());
    }
    if (planned - killed) * SELDOM > planned {
        return Err(format!("{} calls of {planned} never came", planned - killed).into());
    }
    Ok(())
}

/// How many points there are, and of each stage how many are tried. With enough of
/// them, each stage that has any must be met.
fn plan(calls: &Calls, lives: &[Life]) -> Result<String, Failed> {
    let (mut all, mut tried, mut unmet, mut stages) = (0, 0, None, Vec::new());
    for (stage, calls) in calls {
        let of_all = 2 * calls.len();
        let met = lives.iter().filter(|life| life.points.contains_key(stage));
        let met = met.count();
        if of_all > 0 && met == 0 {
            unmet = Some(stage);
        }
        all += of_all;
        tried += met;
        stages.push(format!("{stage} {met}/{of_all}"));
    }
    match unmet {
        Some(stage) if tried >= calls.len() => Err(format!("no point of {stage} is tried").into()),
        _ => Ok(format!(
            "{tried} of {all} points in {} lives ({})",
            lives.len(),
            stages.join(", ")
        )),
    }
}

/// Some lives side by side.
async fn run(
    scene: &Scene,
    delay: &str,
    lives: &[Life],
    own: &[Undisturbed],
    given: &[Undisturbed],
) -> Tried {
    let (mut tried, mut running) = (Tried::default(), FuturesUnordered::new());
    let mut ended = |lived: Result<usize, String>| match lived {
        Ok(killed) => tried.killed += killed,
        Err(problem) => tried.problems.push(problem),
    };
    for (number, life) in lives.iter().enumerate() {
        if running.len() == ABREAST
            && let Some(lived) = running.next().await
        {
            ended(lived);
        }
        let undisturbed = match life.path {
            Path::Own => own,
            Path::Given => given,
        };
        running.push(life::run(scene, delay, number, life, undisturbed));
    }
    while let Some(lived) = running.next().await {
        ended(lived);
    }
    tried
}
