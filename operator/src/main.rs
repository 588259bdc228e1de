//! `wschat-operator`: see `wschat-operator --help`.
// ydb's futures nest deeper than the compiler expects, in release builds here too.
#![recursion_limit = "256"]

use std::process::ExitCode;

use clap::Parser;
use wschat_operator::args::Cli;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    // Another provider that is there already serves as well.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    match wschat_operator::run(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wschat-operator: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
