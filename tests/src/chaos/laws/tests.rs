//! Each law, on a history that keeps it and on ones that don't.

mod breakages;
mod tale;

use super::{LAWS, broken_in};
use crate::chaos::history::History;

/// The names of the laws that a history breaks.
fn broken(history: &History) -> Vec<&'static str> {
    broken_in(history).into_iter().map(|(law, _)| law).collect()
}

#[test]
fn a_history_in_which_all_is_well_keeps_every_law() {
    assert_eq!(broken_in(&tale::well().history()), []);
    assert_eq!(broken_in(&History::default()), []);
}

#[test]
fn every_law_is_broken_by_some_breakage() {
    let broken: Vec<&str> = breakages::ALL
        .iter()
        .flat_map(|(_, make)| broken(&make()))
        .collect();
    for (law, _) in LAWS {
        assert!(broken.contains(&law), "nothing here breaks: {law}");
    }
}

#[test]
fn every_breakage_breaks_its_law_and_names_the_user() {
    for (law, make) in breakages::ALL {
        let history = make();
        let broken = broken_in(&history);
        let found = broken.iter().find(|(name, _)| *name == law);
        let (_, found) = found.unwrap_or_else(|| panic!("{law} holds; broken: {broken:?}"));
        assert!(
            !found.users.is_empty() && !found.words.is_empty(),
            "{found:?}"
        );
    }
}
