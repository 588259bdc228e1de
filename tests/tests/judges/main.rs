//! Judges of the emulator: programs that nobody here wrote use it as their
//! users would. Each has an emulator and a database of its own.
//!
//! `cargo test -p wschat-tests --test judges -- NAME` runs those whose names
//! contain NAME. Logs of a failed one stay in `target/run/`.

mod descriptors;
mod function_types;
mod go;
mod goose;
mod python;
mod stage;
mod typescript;
mod web_socket;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    wschat_tests::crypto::use_ring();
    let trials: Vec<Trial> = vec![
        descriptors::trial_of_samples(),
        python::trial_of_python(),
        go::trial_of_go(),
        goose::trial_of_goose(),
        function_types::trial_of_events(),
        web_socket::trial_of_gateway(),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}
