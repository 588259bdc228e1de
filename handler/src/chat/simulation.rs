//! The chat under all that a serverless runtime does to it: several instances
//! that come and go, events that come late, twice, in another order or never,
//! an outside that fails before or after it did what it was asked.
//!
//! Time is tokio's paused one and all chance comes from one seed, so a run is
//! repeatable: `WSCHAT_SEED=7 cargo test -p wschat-handler simulation`.

mod gateway;
mod laws;
mod outside;
mod people;

use outside::Weather;

/// How many runs, each with another seed.
const RUNS: u64 = 100;

/// Nothing fails and no event is lost; only the order is anyone's.
const CALM: Weather = Weather {
    instance_gone: 0.02,
    ..Weather::CLEAR
};

const ROUGH: Weather = Weather {
    refused: 0.04,
    answer_lost: 0.04,
    event_lost: 0.1,
    event_twice: 0.1,
    instance_gone: 0.1,
};

#[test]
fn in_calm_weather_everything_happens_once() {
    each_seed(|seed| laws::hold_in_calm_weather(&people::live(seed, CALM)));
}

#[test]
fn in_rough_weather_nothing_acknowledged_is_lost_and_nobody_is_two() {
    each_seed(|seed| laws::hold_in_any_weather(&people::live(seed, ROUGH)));
}

#[test]
fn a_seed_tells_a_whole_run() {
    let (one, same) = (people::live(1, ROUGH), people::live(1, ROUGH));
    assert_eq!(one.history, same.history);
    assert_ne!(one.history, people::live(2, ROUGH).history);
}

/// Says which seed failed.
fn each_seed(check: impl Fn(u64) -> Result<(), String>) {
    let only = std::env::var("WSCHAT_SEED").ok();
    let only: Option<u64> = only.map(|seed| seed.parse().expect("WSCHAT_SEED is a number"));
    let seeds = only.map_or(0..RUNS, |seed| seed..seed + 1);
    for seed in seeds {
        if let Err(broken) = check(seed) {
            panic!("{broken}; again with WSCHAT_SEED={seed}");
        }
    }
}
