//! The project's own chores. `cargo xtask help` lists them; the Makefile calls
//! them. A chore per file; what they share is in `chore`, `lock` and `stamp`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod behaviours;
mod bench;
mod chaos;
mod chore;
mod control_plane;
mod cost;
mod demo;
mod fuzz;
mod generate;
mod handler;
mod image;
mod judges;
mod lengths;
mod lock;
mod prerequisites;
mod soak;
mod stamp;
mod test;
mod tools;
mod workspace;

/// The project's own chores.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Build target/handler/handler.zip, the deployable function
    Handler,
    /// Build etcd, kube-apiserver, kube-controller-manager and kubectl
    ControlPlane,
    /// Install helm, goose and the functions' own Node.js into target/
    Tools,
    /// Install and build other people's programs that judge the emulator
    Judges,
    /// Write the files that are made from code (crds/, charts/, docs/emulator.md)
    Generate(generate::Options),
    /// Check that no source file is too long
    Lengths,
    /// Chat on a local cloud and a local Kubernetes
    Demo,
    /// Do everything that CI does
    Test(test::Options),
    /// Measure, and print tables
    Bench(bench::Options),
    /// Chat under chaos, a seed after the other, and hold it against its laws
    Chaos(chaos::Options),
    /// Estimate what a chat costs in the real cloud, in a month
    Cost(cost::Options),
    /// Let the operator die at every call of a chat's life, by many seeds
    Soak(soak::Options),
    /// Look for inputs that break the emulator, the handler or the protocol
    Fuzz(fuzz::Options),
    /// Build the operator's OCI image archive without a container engine
    Image(image::Options),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().chore {
        Chore::Handler => handler::run(),
        Chore::ControlPlane => control_plane::run(),
        Chore::Tools => tools::run(),
        Chore::Judges => judges::run(),
        Chore::Generate(options) => generate::run(&options),
        Chore::Lengths => lengths::run(),
        Chore::Demo => demo::run(),
        Chore::Test(options) => test::run(&options),
        Chore::Bench(options) => bench::run(&options),
        Chore::Chaos(options) => chaos::run(&options),
        Chore::Cost(options) => {
            cost::run(&options);
            Ok(())
        }
        Chore::Soak(options) => soak::run(&options),
        Chore::Fuzz(options) => fuzz::run(&options),
        Chore::Image(options) => image::run(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(chore::ChoreError::Told) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
