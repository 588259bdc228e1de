//! Drives one target with libFuzzer; `cargo xtask fuzz` builds and starts it,
//! with the target's name in `FUZZ_TARGET`.

#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
mod driver;

#[cfg(not(fuzzing))]
fn main() -> std::process::ExitCode {
    eprintln!("this was built without libFuzzer: run `cargo xtask fuzz`");
    std::process::ExitCode::FAILURE
}
