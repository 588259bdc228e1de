//! Which deaths are tried: one a stage in each life, so that as many lives are
//! enough as the longest stage has calls, twice.

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use yc_emulator::inspect::faults::Phase;

use crate::gate::{Death, Passed};
use crate::life::{Deaths, Stage};

/// Every death at every call of every stage, once at least, in an order that
/// the seed chooses.
pub(crate) fn all(stages: &[Passed], seed: u64) -> Vec<Deaths> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut deaths: Vec<Vec<Death>> = stages.iter().map(deaths_of).collect();
    for stage in &mut deaths {
        stage.shuffle(&mut random);
    }
    let longest = deaths.iter().map(Vec::len).max().unwrap_or_default();
    let life = |number: usize| {
        let mut life: Deaths = [None; Stage::ALL.len()];
        for (death, stage) in life.iter_mut().zip(&deaths) {
            *death = stage.get(number % stage.len().max(1)).copied();
        }
        life
    };
    (0..longest).map(life).collect()
}

/// Every death of one stage.
pub(crate) fn deaths_of(passed: &Passed) -> Vec<Death> {
    let at = |phase, calls: &Vec<String>| (1..=calls.len()).map(move |nth| Death { phase, nth });
    at(Phase::Before, &passed.come)
        .chain(at(Phase::After, &passed.carried_out))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(come: usize, carried_out: usize) -> Passed {
        let calls = |number| vec!["GET /".to_owned(); number];
        Passed {
            come: calls(come),
            carried_out: calls(carried_out),
            died_at: None,
        }
    }

    #[test]
    fn every_death_of_every_stage_is_in_some_life() {
        let stages = [passed(5, 4), passed(1, 0), passed(3, 3)];
        let lives = all(&stages, 7);
        assert_eq!(lives.len(), 9);
        for (number, stage) in stages.iter().enumerate() {
            for death in deaths_of(stage) {
                let dies = |life: &&Deaths| life[number] == Some(death);
                assert!(lives.iter().any(|life| dies(&life)), "{number}: {death}");
            }
        }
        assert_ne!(lives, all(&stages, 8));
        assert_eq!(lives, all(&stages, 7));
    }

    #[test]
    fn a_stage_without_calls_kills_nobody() {
        let lives = all(&[passed(1, 1), passed(0, 0), passed(1, 1)], 1);
        assert!(lives.iter().all(|life| life[1].is_none()));
    }
}
