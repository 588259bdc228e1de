//! `wschat-operator`: see `wschat-operator --help`.
// ydb's futures nest deeper than the compiler expects, in release builds here too.
#![recursion_limit = "256"]

use std::process::ExitCode;

use clap::Parser;
use wschat_operator::Ended;
use wschat_operator::args::{Cli, Command};

/// What a plan ends with when something would be changed, as `diff` and
/// Terraform tell it; then 1 is for everything that goes wrong.
const DIFFERS: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if std::env::args().nth(1).as_deref() == Some("plan") && error.use_stderr() => {
            // Nobody is left to be told when it cannot be printed.
            let _printed = error.print();
            return ExitCode::FAILURE;
        }
        Err(error) => error.exit(),
    };
    let plans = matches!(cli.command, Command::Plan(_));
    // Another provider that is there already serves as well.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    match wschat_operator::run(cli).await {
        Ok(Ended::Done) => ExitCode::SUCCESS,
        Ok(Ended::Differs) => ExitCode::from(DIFFERS),
        Err(error) => {
            eprintln!("wschat-operator: {error}");
            if plans {
                ExitCode::FAILURE
            } else {
                ExitCode::from(error.exit_code())
            }
        }
    }
}
