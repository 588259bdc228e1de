//! The operator is killed before and after the reply of every call by which it
//! makes a chat, is started again, and the chat is there, once.
//!
//! Each case has a namespace and a cloud of its own. A call that is to be the
//! last hangs by a fault rule: either it has no effect, or it has and nobody
//! learns of it.

mod calls;
mod cases;
mod inventory;

use std::fmt::Write as _;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use libtest_mimic::{Failed, Trial};
use tokio::sync::OnceCell;
use wschat_tests::emulator::Phase;

use crate::suite::{Handle, Scene};
pub(crate) use calls::pattern;

use calls::Call;
use cases::Case;

/// Trials that the cases are spread over, so that each stays far below a
/// trial's limit and several run side by side.
const SHARDS: usize = 4;
/// Cases of a trial that run side by side. More than this would be slower on
/// two cores, since each starts four programs.
const ABREAST: usize = 2;

/// What a create consists of; found out once, by making a chat.
type Plan = Arc<OnceCell<Vec<Call>>>;

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    let names = [
        "a crash around any call of a create makes nothing twice (1 of 4)",
        "a crash around any call of a create makes nothing twice (2 of 4)",
        "a crash around any call of a create makes nothing twice (3 of 4)",
        "a crash around any call of a create makes nothing twice (4 of 4)",
    ];
    debug_assert_eq!(names.len(), SHARDS, "a trial a shard");
    let plan = Plan::default();
    let trial = |(shard, name)| {
        let plan = Arc::clone(&plan);
        suite.trial(name, move |scene| sweep(scene, plan, shard))
    };
    names.into_iter().enumerate().map(trial).collect()
}

/// Every case of one shard; all that fail are told.
async fn sweep(scene: Scene, plan: Plan, shard: usize) -> Result<(), Failed> {
    let calls = Box::pin(plan.get_or_try_init(|| cases::record(&scene))).await?;
    let mut failures = Vec::new();
    let mut running = FuturesUnordered::new();
    for case in cases_of(calls, shard) {
        if running.len() == ABREAST {
            failures.extend(running.next().await.flatten());
        }
        running.push(cases::run(&scene, case));
    }
    while let Some(failure) = running.next().await {
        failures.extend(failure);
    }
    if failures.is_empty() {
        return Ok(());
    }
    let mut text = format!("{} cases failed:", failures.len());
    for failure in failures {
        let _ = write!(text, "\n\n{failure}");
    }
    Err(text.into())
}

/// Each call twice, once for each phase; every fourth of these.
fn cases_of(calls: &[Call], shard: usize) -> Vec<Case> {
    let mut all = Vec::new();
    for call in calls {
        for phase in [Phase::Before, Phase::After] {
            let call = call.clone();
            all.push(Case { call, phase });
        }
    }
    all.into_iter().skip(shard).step_by(SHARDS).collect()
}
