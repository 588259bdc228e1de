//! The Kubernetes operator that turns a `WsChat` into a running chat on Yandex
//! Cloud.
//!
//! The core is functional and the shell imperative: `validate` turns a chat's
//! spec into a wish, each of the `steps` brings the cloud closer to it, and
//! `status` turns what came of them into conditions. `provision` and `teardown`
//! are the graph, forwards and backwards; `controller` looks at each chat when
//! it is due; `journal` writes down what is begun, so that a crash at any point
//! makes nothing twice.

// The futures of `ydb` nest deeper than the compiler looks by default.
#![recursion_limit = "256"]

mod age;
pub mod args;
mod background;
mod backoff;
mod calls;
mod change;
mod check_uninstall;
mod clock;
mod cloud;
mod context;
mod controller;
mod credentials;
#[doc(hidden)]
pub mod embedded;
pub mod error;
mod events;
mod finalizers;
mod http;
mod idempotency;
mod inventory;
mod journal;
mod lease;
mod metrics;
mod migrations;
mod names;
mod outcome;
mod patch;
mod plan;
mod plan_command;
mod preflight;
mod prober;
mod provision;
mod reach;
mod report;
mod resource;
mod slots;
mod startup;
mod status;
mod steps;
mod survey;
mod teardown;
mod telemetry;
#[cfg(test)]
mod testing;
mod validate;
mod watched;
mod words;
mod ydb_client;

use crate::args::{Cli, Command};
use crate::error::StartError;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It did what it was asked for; a plan found nothing to change.
    Done,
    /// A plan found something to change.
    Differs,
}

/// Does what the command line asks for.
pub async fn run(cli: Cli) -> Result<Ended, StartError> {
    match cli.command {
        Command::Run(args) => startup::run(*args).await?,
        Command::Plan(args) => {
            if Box::pin(plan_command::run(*args)).await? {
                return Ok(Ended::Differs);
            }
        }
        Command::CheckUninstall => check_uninstall::check(startup::connect_kube().await?).await?,
        Command::Crd => print!("{}", wschat_crds::crd::yaml()?),
    }
    Ok(Ended::Done)
}
