//! What tests see and break: every call is recorded, and rules can hold,
//! delay, replace or cut it.
//!
//! [`Inspector`] keeps rules and records; [`rest::InspectRest`] puts it round
//! an axum router, [`grpc::InspectGrpcLayer`] round a tonic server.

pub mod faults;
pub mod grpc;
pub mod requests;
pub mod rest;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::iam::Iam;
use faults::{Action, Faults, Phase, Rule, RuleState};
use requests::{Finished, Recorded, Requests, Started};

/// Cuts the connection (HTTP/1.1) or resets the stream (HTTP/2): an error of
/// the outermost service makes hyper do that.
#[derive(Debug, thiserror::Error)]
#[error("cut by a fault rule")]
pub struct Cut;

/// Rules and records of one emulator; clones share them.
#[derive(Debug, Clone)]
pub struct Inspector(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    iam: Iam,
    faults: Mutex<Faults>,
    requests: Mutex<Requests>,
    released: watch::Sender<u64>,
}

/// What remains of a fault after it was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Pass,
    /// Reply with this HTTP status instead.
    Status(u16),
    /// Drop the connection.
    Cut,
}

impl Inspector {
    /// No rules, no records.
    #[must_use]
    pub fn new(iam: Iam) -> Self {
        Self(Arc::new(Inner {
            iam,
            faults: Mutex::default(),
            requests: Mutex::default(),
            released: watch::Sender::new(0),
        }))
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.0.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn requests(&self) -> MutexGuard<'_, Requests> {
        self.0
            .requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces all rules.
    pub fn set_faults(&self, rules: Vec<Rule>) {
        self.faults().replace(rules);
    }

    /// The rules with how often each fired.
    #[must_use]
    pub fn list_faults(&self) -> Vec<RuleState> {
        self.faults().list()
    }

    /// Removes all rules and cuts the calls that are held.
    pub fn clear_faults(&self) {
        self.faults().replace(Vec::new());
        self.0.released.send_modify(|generation| *generation += 1);
    }

    /// Records, oldest first; of one subject when asked.
    #[must_use]
    pub fn list_requests(&self, subject: Option<&str>) -> Vec<Recorded> {
        self.requests().list(subject)
    }

    /// Whose token it is, when it is a good one.
    fn subject(&self, token: Option<&str>) -> Option<String> {
        self.0
            .iam
            .authenticate(token)
            .ok()
            .map(|subject| subject.id)
    }

    fn started(&self, mut call: Started) -> u64 {
        call.at = self.0.iam.clock().now();
        self.requests().start(call)
    }

    fn finished(&self, sequence: u64, finished: Finished) {
        self.requests().finish(sequence, finished);
    }

    /// Carries out the rules of one phase that match the call.
    async fn apply(&self, phase: Phase, call: &CallName<'_>) -> Verdict {
        let action = self.faults().fire(phase, call);
        match action {
            None => Verdict::Pass,
            Some(Action::Status(status)) => Verdict::Status(status),
            Some(Action::Cut {}) => Verdict::Cut,
            Some(Action::DelayMs(millis)) => {
                tokio::time::sleep(std::time::Duration::from_millis(millis)).await;
                Verdict::Pass
            }
            Some(Action::Hang {}) => {
                let mut released = self.0.released.subscribe();
                // An error means that the emulator ends: cut as well.
                let _ended = released.changed().await;
                Verdict::Cut
            }
        }
    }
}

/// What rules match on.
#[derive(Debug, Clone, Copy)]
pub struct CallName<'a> {
    /// HTTP method, or `GRPC`.
    pub method: &'a str,
    /// Path without the query.
    pub path: &'a str,
    /// The service account that calls.
    pub subject: Option<&'a str>,
}

#[cfg(test)]
mod tests;
