//! What tests see and break: every call is recorded, and rules can hold,
//! delay, replace, double or cut it.
//!
//! [`Inspector`] keeps rules and records; [`rest::InspectRest`] puts it round
//! an axum router, [`grpc::InspectGrpcLayer`] round a tonic server. Gateways,
//! functions and triggers ask it about their events themselves.

pub mod faults;
pub mod grpc;
pub mod requests;
pub mod rest;
mod stale;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::watch;

use crate::iam::Iam;
use faults::{
    Action, Content, Faults, GrpcCode, Phase, Place, Rule, RuleError, RuleState, Truncation,
    YdbCode,
};
use requests::{Finished, Recorded, Requests, Started};

/// Cuts the connection (HTTP/1.1) or resets the stream (HTTP/2): an error of
/// the outermost service makes hyper do that.
#[derive(Debug, thiserror::Error)]
#[error("cut by a fault rule")]
pub struct Cut;

/// How long what was answered so far has to leave before its connection is
/// cut: a reset takes with it what still waits, and nobody tells when that is
/// out.
const LEAVE: Duration = Duration::from_millis(20);

/// An error that comes once what was answered before it has left.
async fn cut_late() -> Cut {
    tokio::time::sleep(LEAVE).await;
    Cut
}

/// Is asked about every call of the APIs, before it is carried out and before
/// it is answered: for tests that run in the emulator's process.
pub trait Watch: std::fmt::Debug + Send + Sync {
    /// Whether the call goes on; otherwise its connection is cut. `subject` is
    /// the service account that calls, if its token is good.
    fn passes(&self, phase: Phase, method: &str, path: &str, subject: Option<&str>) -> bool;
}

/// Rules and records of one emulator; clones share them.
#[derive(Debug, Clone)]
pub struct Inspector(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    iam: Iam,
    faults: Mutex<Faults>,
    requests: Mutex<Requests>,
    released: watch::Sender<u64>,
    watch: OnceLock<Arc<dyn Watch>>,
}

/// What remains of a fault after what takes time was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Go on.
    Pass,
    /// Reply with this HTTP status instead.
    Status(u16),
    /// Reply with this gRPC status instead.
    Grpc(GrpcCode),
    /// Reply with this YDB status instead.
    Ydb(YdbCode),
    /// Drop the connection. Also how a call ends that was held.
    Cut,
    /// Lose it.
    Drop,
    /// Do it twice.
    Duplicate,
    /// End the answer early.
    Truncate(Truncation),
    /// Close the socket with this code.
    Close(u16),
    /// Give a token that has expired.
    Expired,
    /// Show nothing that was made after this.
    Hide(Timestamp),
    /// Reply with the answer as this merge patch changes it.
    Patch(Value),
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
            watch: OnceLock::new(),
        }))
    }

    /// Lets `watch` see every call from now on. There is one; a second is
    /// ignored.
    pub fn watch(&self, watch: Arc<dyn Watch>) {
        let _first_one_stays = self.0.watch.set(watch);
    }

    /// Whether nobody watches, or lets the call go on.
    fn is_let_pass(&self, phase: Phase, call: &Call<'_>) -> bool {
        let of_an_api = matches!(Place::named(call.method), Some(Place::Rest | Place::Grpc));
        !of_an_api
            || self
                .0
                .watch
                .get()
                .is_none_or(|watch| watch.passes(phase, call.method, call.path, call.subject))
    }

    /// The identity service that tells who calls.
    pub(crate) fn iam(&self) -> &Iam {
        &self.0.iam
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

    /// Replaces all rules, if these are good.
    ///
    /// # Errors
    /// When one of them could never do what it says.
    pub fn set_faults(&self, rules: Vec<Rule>) -> Result<(), RuleError> {
        self.faults().replace(rules)
    }

    /// The rules with how often each fired.
    #[must_use]
    pub fn list_faults(&self) -> Vec<RuleState> {
        self.faults().list()
    }

    /// Removes all rules and cuts the calls that are held.
    pub fn clear_faults(&self) {
        self.faults().clear();
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

    /// Whether some rule is for this method: then each event must be asked for.
    pub(crate) fn concerns(&self, method: &str) -> bool {
        self.faults().concern(method)
    }

    /// Whether a rule must see the content to tell if it fires on this call.
    fn needs_content(&self, call: &Call<'_>) -> bool {
        self.faults().need_content(call)
    }

    /// Counts a call, and carries out what takes time of the rule that fires.
    pub(crate) async fn apply(&self, phase: Phase, call: &Call<'_>) -> Verdict {
        if !self.is_let_pass(phase, call) {
            return Verdict::Cut;
        }
        let action = self.faults().fire(phase, call);
        match action {
            None => Verdict::Pass,
            Some(action) => self.carry_out(action).await,
        }
    }

    /// So long ago, by the emulated clock.
    fn before(&self, age: Duration) -> Timestamp {
        let now = self.0.iam.clock().now();
        now.checked_sub(age).unwrap_or(Timestamp::MIN)
    }

    async fn carry_out(&self, action: Action) -> Verdict {
        match action {
            Action::Status(status) => Verdict::Status(status),
            Action::Grpc(code) => Verdict::Grpc(code),
            Action::Ydb(code) => Verdict::Ydb(code),
            Action::Cut {} => Verdict::Cut,
            Action::Drop {} => Verdict::Drop,
            Action::Duplicate {} => Verdict::Duplicate,
            Action::Truncate(truncation) => Verdict::Truncate(truncation),
            Action::Close(code) => Verdict::Close(code),
            Action::Expired {} => Verdict::Expired,
            Action::Patch(patch) => Verdict::Patch(patch),
            Action::HideMs(millis) => Verdict::Hide(self.before(Duration::from_millis(millis))),
            Action::DelayMs(millis) => {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                Verdict::Pass
            }
            Action::Hang {} => {
                let mut released = self.0.released.subscribe();
                // An error means that the emulator ends: cut as well.
                let _ended = released.changed().await;
                Verdict::Cut
            }
        }
    }
}

/// What rules match on: a call, or an event or message that is like one.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Call<'a> {
    /// HTTP method, or another name of a [`faults::Place`].
    pub(crate) method: &'a str,
    /// Path without the query.
    pub(crate) path: &'a str,
    /// The service account that calls; for sockets: the connection.
    pub(crate) subject: Option<&'a str>,
    /// The request's headers, where there are some.
    pub(crate) headers: Option<&'a HeaderMap>,
    /// The request's body, the message or the event.
    pub(crate) content: Content<'a>,
}

#[cfg(test)]
mod tests;
