//! The one place that all of an operator's calls pass: it counts them, and at
//! a chosen one the operator dies.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use yc_emulator::inspect::Watch;
use yc_emulator::inspect::faults::Phase;
use yc_emulator::inspect::requests::grpc_mutates;

/// When the operator dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Death {
    /// Before the call is carried out, or after it was, with its reply lost.
    pub(crate) phase: Phase,
    /// At which of the calls that come, or that were carried out; from 1.
    pub(crate) nth: usize,
}

impl fmt::Display for Death {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when = match self.phase {
            Phase::Before => "before",
            Phase::After => "after",
        };
        write!(formatter, "{when} call {}", self.nth)
    }
}

/// Which calls were made since the gate was armed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Passed {
    /// Those that came, in their order.
    pub(crate) come: Vec<String>,
    /// Those that were carried out.
    pub(crate) carried_out: Vec<String>,
    /// The one that the operator died at.
    pub(crate) died_at: Option<String>,
}

impl Passed {
    /// Those that came and change something.
    pub(crate) fn mutations(&self) -> Vec<&str> {
        let come = self.come.iter().map(String::as_str);
        come.filter(|call| changes(call)).collect()
    }

    /// The same without queries of YDB, which may be questions: which migrations
    /// there are is asked by one.
    pub(crate) fn certain_mutations(&self) -> Vec<&str> {
        let mut all = self.mutations();
        all.retain(|call| !call.ends_with("/ExecuteQuery"));
        all
    }
}

/// Clones are one gate.
#[derive(Clone, Debug)]
pub(crate) struct Gate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// The operator's service account: others' calls aren't its.
    account: String,
    state: Mutex<State>,
    dead: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct State {
    death: Option<Death>,
    deed: Option<(Death, Deed)>,
    passed: Passed,
}

/// What somebody else does while a call is on its way.
struct Deed(Box<dyn FnOnce() + Send>);

impl fmt::Debug for Deed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Deed")
    }
}

impl Gate {
    pub(crate) fn new(account: String) -> Self {
        Self(Arc::new(Inner {
            account,
            state: Mutex::default(),
            dead: watch::Sender::new(false),
        }))
    }

    /// Counts from anew, until the operator dies.
    pub(crate) fn arm(&self, death: Option<Death>) {
        *self.state() = State {
            death,
            ..State::default()
        };
    }

    /// Counts from anew. Nobody dies; at that moment something else happens.
    pub(crate) fn arm_with(&self, at: Death, deed: impl FnOnce() + Send + 'static) {
        *self.state() = State {
            deed: Some((at, Deed(Box::new(deed)))),
            ..State::default()
        };
    }

    pub(crate) fn passed(&self) -> Passed {
        self.state().passed.clone()
    }

    /// Whether the operator may go on with this call of its.
    pub(crate) fn lets_pass(&self, phase: Phase, call: &str) -> bool {
        if *self.0.dead.borrow() {
            return false;
        }
        let mut state = self.state();
        let passed = &mut state.passed;
        let calls = match phase {
            Phase::Before => &mut passed.come,
            Phase::After => &mut passed.carried_out,
        };
        calls.push(call.to_owned());
        let this = Death {
            phase,
            nth: calls.len(),
        };
        if state.death == Some(this) {
            state.death = None;
            state.passed.died_at = Some(call.to_owned());
            self.0.dead.send_replace(true);
            return false;
        }
        let due = state.deed.take_if(|(at, _)| *at == this);
        drop(state);
        if let Some((_, Deed(deed))) = due {
            deed();
        }
        true
    }

    /// Waits until the operator dies.
    pub(crate) async fn died(&self) {
        let mut dead = self.0.dead.subscribe();
        // This gate is the sender, so it isn't closed.
        let _dead = dead.wait_for(|dead| *dead).await;
    }

    /// There is another operator now.
    pub(crate) fn revive(&self) {
        self.0.dead.send_replace(false);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch for Gate {
    fn passes(&self, phase: Phase, method: &str, path: &str, subject: Option<&str>) -> bool {
        subject != Some(&self.0.account) || self.lets_pass(phase, &format!("{method} {path}"))
    }
}

/// Whether such a call changes anything, in the cloud or in Kubernetes. What
/// the probe asks of the function doesn't.
fn changes(call: &str) -> bool {
    let (method, path) = call.split_once(' ').unwrap_or((call, ""));
    match method {
        "GET" => false,
        "GRPC" => grpc_mutates(path),
        _ => !path.starts_with("/invoke/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate() -> Gate {
        Gate::new("operator".to_owned())
    }

    #[test]
    fn a_dead_operator_makes_no_more_calls() {
        let gate = gate();
        gate.arm(Some(Death {
            phase: Phase::Before,
            nth: 2,
        }));
        assert!(gate.lets_pass(Phase::Before, "POST /a"));
        assert!(gate.lets_pass(Phase::After, "POST /a"));
        assert!(!gate.lets_pass(Phase::Before, "POST /b"));
        assert!(!gate.lets_pass(Phase::Before, "POST /c"), "it is dead");
        assert_eq!(gate.passed().died_at.as_deref(), Some("POST /b"));
        gate.revive();
        assert!(gate.lets_pass(Phase::Before, "POST /b"), "it dies once");
    }

    #[test]
    fn a_lost_reply_is_of_a_call_that_was_carried_out() {
        let gate = gate();
        gate.arm(Some(Death {
            phase: Phase::After,
            nth: 1,
        }));
        assert!(gate.lets_pass(Phase::Before, "GET /a"));
        assert!(gate.lets_pass(Phase::Before, "POST /b"));
        assert!(!gate.lets_pass(Phase::After, "POST /b"));
        let passed = gate.passed();
        assert_eq!(passed.carried_out, ["POST /b"]);
        assert_eq!(passed.mutations(), ["POST /b"]);
    }

    #[test]
    fn what_changes_a_topic_or_a_table_is_a_mutation() {
        let gate = gate();
        gate.arm(None);
        for (path, mutates, certainly) in [
            ("Topic.V1.TopicService/CreateTopic", true, true),
            ("Topic.V1.TopicService/AlterTopic", true, true),
            ("Topic.V1.TopicService/DropTopic", true, true),
            ("Topic.V1.TopicService/DescribeTopic", false, false),
            ("Table.V1.TableService/CreateTable", true, true),
            ("Query.V1.QueryService/ExecuteQuery", true, false),
            ("Query.V1.QueryService/CreateSession", false, false),
        ] {
            gate.arm(None);
            assert!(gate.lets_pass(Phase::Before, &format!("GRPC /Ydb.{path}")));
            let passed = gate.passed();
            assert_eq!(passed.mutations().len(), usize::from(mutates), "{path}");
            let certain = passed.certain_mutations().len();
            assert_eq!(certain, usize::from(certainly), "{path}");
        }
    }

    #[test]
    fn calls_of_others_are_not_counted() {
        let gate = gate();
        gate.arm(None);
        for (subject, counted) in [(Some("function"), 0), (None, 0), (Some("operator"), 1)] {
            assert!(gate.passes(Phase::Before, "GET", "/a", subject));
            assert_eq!(gate.passed().come.len(), counted, "{subject:?}");
        }
    }
}
