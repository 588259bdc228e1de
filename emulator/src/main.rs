//! A local Yandex Cloud: REST control plane, YDB, functions, WebSocket gateways, triggers.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use yc_emulator::args::Args;
use yc_emulator::open_files;
use yc_emulator::server::{Emulator, StartError};

/// Another program has the port.
const EXIT_BUSY: u8 = 3;

fn main() -> ExitCode {
    let args = Args::parse();
    if let Err(error) = start_logging(&args.log_level) {
        return fail(&format!("--log-level: {error}"), 2);
    }
    if let Err(error) = open_files::raise_limit() {
        tracing::warn!(%error, "can't raise the limit of open files");
    }
    // Err means that somebody installed one before: as good.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime.block_on(run(args)),
        Err(error) => fail(&format!("can't start: {error}"), 1),
    }
}

fn start_logging(filter: &str) -> Result<(), tracing_subscriber::filter::ParseError> {
    let filter = EnvFilter::try_new(filter)?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    Ok(())
}

async fn run(args: Args) -> ExitCode {
    let (Ok(mut terminated), Ok(mut interrupted)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return fail("can't wait for signals", 1);
    };
    let emulator = match Emulator::start(args).await {
        Ok(emulator) => emulator,
        Err(error @ StartError::Busy { .. }) => return fail(&error.to_string(), EXIT_BUSY),
        Err(error) => return fail(&error.to_string(), 1),
    };
    if let Err(error) = announce(&emulator) {
        tracing::warn!(%error, "nobody reads stdout");
    }
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
    emulator.stop().await;
    ExitCode::SUCCESS
}

fn announce(emulator: &Emulator) -> std::io::Result<()> {
    let line = serde_json::to_string(emulator.ready())?;
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

fn fail(message: &str, code: u8) -> ExitCode {
    let _nobody_reads_it = writeln!(std::io::stderr(), "yc-emulator: {message}");
    ExitCode::from(code)
}
