//! Who does what when, and what breaks: all of it from one seed.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::fault::{Fault, WEIGHTS};
use super::frame::Odd;

/// Users of a run.
pub const PEOPLE: usize = 50;
/// What each of them does, one after the other.
const STEPS: usize = 50;
/// The longest pause before a step, in milliseconds.
const PAUSE: u64 = 400;
/// Faults of a run.
const SPELLS: usize = 8;

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Sends, and again under the same id until it is acknowledged, some times.
    Send,
    /// Asks whether the chat is there.
    Ping,
    /// Sends what must be refused.
    Odd(Odd),
    /// Opens another socket under the same name, and leaves the old one be.
    JoinAgain,
    /// Says DISCONNECT, and leaves the socket open.
    Goodbye,
    /// Closes the socket.
    Close,
    /// Loses the network.
    Cut,
}

/// What somebody does, and when. Without a socket, one is opened first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// After so long.
    pub pause: Duration,
    /// What.
    pub act: Act,
}

/// What breaks, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spell {
    /// After so long without a fault.
    pub calm: Duration,
    /// What.
    pub fault: Fault,
    /// How often, where that is limited.
    pub times: u32,
    /// How long, where it isn't over at once.
    pub lasts: Duration,
}

/// A whole run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What tells the rest.
    pub seed: u64,
    /// Calls at once in one instance of the function.
    pub concurrency: i64,
    /// The trigger's batches, in bytes; 1 sends each record alone.
    pub batch_bytes: i64,
    /// Each user's steps.
    pub people: Vec<Vec<Step>>,
    /// What breaks, one after the other.
    pub spells: Vec<Spell>,
}

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let concurrency = [2, 4, 16][random.random_range(0..3)];
        let batch_bytes = [1, 1, 4096][random.random_range(0..3)];
        let people = (0..PEOPLE).map(|_| (0..STEPS).map(|_| step(&mut random)).collect());
        Self {
            seed,
            concurrency,
            batch_bytes,
            people: people.collect(),
            spells: (0..SPELLS).map(|_| spell(&mut random)).collect(),
        }
    }

    /// The name of a user.
    #[must_use]
    pub fn user(number: usize) -> String {
        format!("user{number:02}")
    }
}

fn step(random: &mut StdRng) -> Step {
    let act = match random.random_range(0..100) {
        0..66 => Act::Send,
        66..72 => Act::Ping,
        72..77 => Act::Odd(Odd::ALL[random.random_range(0..Odd::ALL.len())]),
        77..85 => Act::JoinAgain,
        85..89 => Act::Goodbye,
        89..94 => Act::Close,
        _ => Act::Cut,
    };
    Step {
        pause: Duration::from_millis(random.random_range(0..=PAUSE)),
        act,
    }
}

fn spell(random: &mut StdRng) -> Spell {
    let all: u32 = WEIGHTS.iter().map(|(_, weight)| weight).sum();
    let mut left = random.random_range(0..all);
    let mut fault = WEIGHTS[0].0;
    for (candidate, weight) in WEIGHTS {
        fault = candidate;
        match left.checked_sub(weight) {
            Some(rest) => left = rest,
            None => break,
        }
    }
    Spell {
        calm: Duration::from_millis(random.random_range(200..=1_000)),
        fault,
        times: random.random_range(1..=20),
        lasts: Duration::from_millis(random.random_range(500..=2_000)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_seed_tells_a_whole_plan() {
        assert_eq!(Plan::of(7), Plan::of(7));
        assert_ne!(Plan::of(7), Plan::of(8));
    }

    #[test]
    fn every_fault_comes_about_as_often_as_it_weighs() {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for seed in 0..400 {
            for spell in Plan::of(seed).spells {
                *seen.entry(format!("{:?}", spell.fault)).or_default() += 1;
            }
        }
        assert_eq!(seen.len(), WEIGHTS.len(), "{seen:?}");
        let count = |fault: Fault| seen[&format!("{fault:?}")];
        assert!(count(Fault::WritersKilled) > count(Fault::BatchesLate));
    }
}
