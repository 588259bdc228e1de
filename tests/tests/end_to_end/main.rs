//! The end-to-end suite: one real Kubernetes API server for all trials, which
//! run side by side, each in a namespace and (where it needs one) an emulated
//! cloud of its own.
//!
//! `cargo test -p wschat-tests --test end_to_end -- NAME` runs those whose
//! names contain NAME. Logs of a failed run stay in `target/run/`.

mod alerts;
mod bad_account;
mod bad_start;
mod by_hand;
mod chart_operator;
mod chart_rights;
mod charts;
mod chat;
mod client;
mod comes_back;
mod control_plane;
mod crash;
mod credentials;
mod custom_resource;
mod dead_links;
mod delete;
mod describe;
mod drift;
mod eyes;
mod frozen_leader;
mod goose;
mod leaving;
mod lost_answers;
mod old_client;
mod over_tls;
mod ownership;
mod plan;
mod quota;
mod reach;
mod readiness;
mod roles;
mod rollout;
mod secrets;
mod slow_cloud;
mod stage;
mod suite;
mod traffic;
mod updates;
mod workload_identity;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use suite::Suite;
use traffic::Coverage;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    wschat_tests::crypto::use_ring();
    if arguments.list {
        let mut all = trials(&Suite::idle());
        all.push(traffic::trial(&Suite::idle(), Coverage::Whole));
        return libtest_mimic::run(&arguments, all).exit_code();
    }
    let suite = match Suite::start() {
        Ok(suite) => suite,
        Err(error) => {
            eprintln!("end-to-end suite: {}", error.message().unwrap_or("failed"));
            return ExitCode::FAILURE;
        }
    };
    let conclusion = libtest_mimic::run(&arguments, trials(&suite.handle()));
    let passed = !conclusion.has_failed();
    let judged = traffic::judge(&arguments, &suite.handle(), passed);
    match suite.stop(passed && !judged.has_failed()) {
        Ok(()) if passed => judged.exit_code(),
        Ok(()) => conclusion.exit_code(),
        Err(error) => {
            eprintln!("end-to-end suite: {}", error.message().unwrap_or("failed"));
            ExitCode::FAILURE
        }
    }
}

/// Every trial there is, but the last.
fn trials(suite: &suite::Handle) -> Vec<Trial> {
    let mut all = control_plane::trials(suite);
    all.extend(custom_resource::trials(suite));
    all.extend(charts::trials(suite));
    all.extend(alerts::trials(suite));
    all.extend(chart_rights::trials(suite));
    all.extend(chart_operator::trials(suite));
    all.extend(workload_identity::trials(suite));
    all.extend(chat::trials(suite));
    all.extend(client::trials(suite));
    all.extend(old_client::trials(suite));
    all.extend(delete::trials(suite));
    all.extend(by_hand::trials(suite));
    all.extend(slow_cloud::trials(suite));
    all.extend(over_tls::trials(suite));
    all.extend(readiness::trials(suite));
    all.extend(reach::trials(suite));
    all.extend(roles::trials(suite));
    all.extend(rollout::trials(suite));
    all.extend(frozen_leader::trials(suite));
    all.extend(secrets::trials(suite));
    all.extend(eyes::trials(suite));
    all.extend(dead_links::trials(suite));
    all.extend(lost_answers::trials(suite));
    all.extend(goose::trials(suite));
    all.extend(bad_start::trials(suite));
    all.extend(bad_account::trials(suite));
    all.extend(comes_back::trials(suite));
    all.extend(crash::trials(suite));
    all.extend(updates::trials(suite));
    all.extend(drift::trials(suite));
    all.extend(plan::trials(suite));
    all.extend(quota::trials(suite));
    all.extend(credentials::trials(suite));
    all.extend(ownership::trials(suite));
    all.extend(leaving::trials(suite));
    all.extend(describe::trials(suite));
    all
}
