//! Where the operator is killed: one point a stage in each life, so that as many
//! lives are enough as the longest stage has points.

use std::collections::BTreeMap;
use std::fmt;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use wschat_tests::emulator::Phase;

use super::calls::Call;
use super::stages::{Path, Stage};

/// A call that is the operator's last, and whether it is carried out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Point {
    pub(super) call: Call,
    /// It is carried out when it ends by its reply, which never comes.
    pub(super) carried_out: bool,
}

impl Point {
    pub(super) fn phase(&self) -> Phase {
        if self.carried_out {
            Phase::After
        } else {
            Phase::Before
        }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when = if self.carried_out {
            "carried out, and not answered"
        } else {
            "not carried out"
        };
        write!(formatter, "{}, {when}", self.call)
    }
}

/// A life with its points, one a stage at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Life {
    pub(super) path: Path,
    pub(super) points: BTreeMap<Stage, Point>,
}

/// The calls of each stage that change something.
pub(super) type Calls = BTreeMap<Stage, Vec<Call>>;

/// Lives that have all points once, or so many of them, in an order that the seed
/// chooses. The first lives have a point of each stage.
pub(super) fn lives(calls: &Calls, seed: u64, limit: Option<usize>) -> Vec<Life> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut left: BTreeMap<Stage, Vec<Point>> = BTreeMap::new();
    for (stage, calls) in calls {
        let mut points: Vec<Point> = calls.iter().flat_map(points_of).collect();
        points.shuffle(&mut random);
        left.insert(*stage, points);
    }
    let all: usize = left.values().map(Vec::len).sum();
    let mut room = limit.unwrap_or(all).min(all);
    let mut lives = Vec::new();
    // Each stage is in a path, so two lives have a point at least.
    for path in Path::ALL.into_iter().cycle().take(2 * all) {
        let mut points = BTreeMap::new();
        // From the end: both paths have the first stages.
        for stage in path.stages().iter().rev() {
            let point = left.get_mut(stage).filter(|_| room > 0).and_then(Vec::pop);
            if let Some(point) = point {
                points.insert(*stage, point);
                room -= 1;
            }
        }
        if !points.is_empty() {
            lives.push(Life { path, points });
        }
    }
    lives
}

fn points_of(call: &Call) -> [Point; 2] {
    [false, true].map(|carried_out| Point {
        call: call.clone(),
        carried_out,
    })
}
