//! `cargo xtask demo`: a chat on a local cloud and a local Kubernetes. At a
//! terminal, the person at it joins the chat; without one, the same runs as a
//! checked script.

mod bot;
mod person;
mod script;
mod stage;

use std::io::IsTerminal;
use std::time::Instant;

use tokio::runtime::Runtime;

use crate::chore::{ChoreError, run as run_command};
use crate::{control_plane, handler, prerequisites, tools, workspace};
use stage::Stage;

/// The chat's name, as in `examples/lobby.yaml`.
const CHAT: &str = "lobby";

/// Builds what is missing and runs the demo.
pub(crate) fn run() -> Result<(), ChoreError> {
    prerequisites::check()?;
    control_plane::run()?;
    tools::node()?;
    handler::run()?;
    run_command(workspace::cargo().args(["build", "--workspace", "--bins", "--locked"]))?;
    wschat_tests::crypto::use_ring();
    let runtime = Runtime::new().map_err(ChoreError::refused)?;
    runtime.block_on(async {
        tokio::select! {
            outcome = play() => outcome,
            // All processes end with the stage that is dropped here.
            _ = tokio::signal::ctrl_c() => Err(ChoreError::refused("stopped by Ctrl-C")),
        }
    })
}

async fn play() -> Result<(), ChoreError> {
    let clock = Clock(Instant::now());
    // Both are large, and so would be all that await them.
    let mut stage = Box::pin(Stage::set(&clock)).await?;
    let outcome = if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        person::join(&stage).await
    } else {
        Box::pin(script::play(&mut stage, &clock)).await
    };
    stage.strike(outcome, &clock).await
}

/// Says what happens, and when.
struct Clock(Instant);

impl Clock {
    fn say(&self, what: &str, detail: &str) {
        let seconds = self.0.elapsed().as_secs_f64();
        println!("{seconds:5.1}s  {what:<11} {detail}");
    }
}

/// Any failure of the fixtures, in its own words.
fn failed(error: impl std::fmt::Display) -> ChoreError {
    ChoreError::refused(error)
}
