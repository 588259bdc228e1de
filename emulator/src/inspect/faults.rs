//! Fault rules: which call is held, delayed, replaced or cut, and when.

use serde::{Deserialize, Serialize};

use super::CallName;

/// What happens to a call.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Action {
    /// No answer until all rules are removed; then the connection is cut.
    Hang {},
    /// This HTTP status instead of an answer.
    Status(u16),
    /// So many milliseconds later.
    DelayMs(u64),
    /// The connection is dropped.
    Cut {},
}

/// Before the call is carried out, or after it was and before the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// Nothing is applied (except by a delay).
    Before,
    /// All is applied; only the answer suffers.
    After,
}

const fn one() -> u64 {
    1
}

/// One rule.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// HTTP method or `GRPC`; `*` for all.
    pub method: String,
    /// Path, with `*` for anything.
    pub path: String,
    /// Only calls of this service account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The first matching call that suffers, counted from 1.
    #[serde(default = "one")]
    pub nth: u64,
    /// How many matching calls suffer; 0 for all that follow.
    #[serde(default = "one")]
    pub times: u64,
    /// When.
    pub phase: Phase,
    /// What.
    pub action: Action,
}

/// A rule with its counters.
#[derive(Debug, Clone, Serialize)]
pub struct RuleState {
    /// The rule.
    #[serde(flatten)]
    pub rule: Rule,
    /// How many calls it fired on.
    pub hits: u64,
    #[serde(skip)]
    seen: u64,
}

/// All rules; the first that fires decides.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<RuleState>);

impl Faults {
    pub(super) fn replace(&mut self, rules: Vec<Rule>) {
        self.0 = rules
            .into_iter()
            .map(|rule| RuleState {
                rule,
                hits: 0,
                seen: 0,
            })
            .collect();
    }

    pub(super) fn list(&self) -> Vec<RuleState> {
        self.0.clone()
    }

    /// Counts the call on all rules that match and returns what the first due
    /// one does.
    pub(super) fn fire(&mut self, phase: Phase, call: &CallName<'_>) -> Option<Action> {
        let mut action = None;
        for state in self
            .0
            .iter_mut()
            .filter(|state| state.rule.matches(phase, call))
        {
            state.seen += 1;
            let due = state.seen >= state.rule.nth
                && (state.rule.times == 0 || state.hits < state.rule.times);
            if due && action.is_none() {
                state.hits += 1;
                action = Some(state.rule.action.clone());
            }
        }
        action
    }
}

impl Rule {
    fn matches(&self, phase: Phase, call: &CallName<'_>) -> bool {
        self.phase == phase
            && (self.method == "*" || self.method == call.method)
            && glob(&self.path, call.path)
            && self
                .subject
                .as_deref()
                .is_none_or(|subject| call.subject == Some(subject))
    }
}

/// Whether the text fits a pattern where `*` stands for any run of characters.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(rest) = text.strip_prefix(head) else {
        return false;
    };
    (0..=rest.len())
        .filter(|at| rest.is_char_boundary(*at))
        .any(|at| {
            rest.get(at..)
                .is_some_and(|remaining| glob(tail, remaining))
        })
}
