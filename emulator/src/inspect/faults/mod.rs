//! Fault rules: which call, message or event suffers, what happens to it, and
//! when. The format is told in `docs/faults.md`.

mod action;
mod place;
mod when;

#[cfg(test)]
mod tests;

use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

pub use action::{Action, End, GrpcCode, Truncation, YdbCode};
pub use place::{Place, RuleError};
pub(crate) use when::Content;
pub use when::When;

use super::Call;

/// Before it is carried out, or after it was and before the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// Nothing is applied (except by a delay).
    #[default]
    Before,
    /// All is applied; only the answer suffers.
    After,
}

const fn one() -> u64 {
    1
}

const fn each() -> NonZeroU64 {
    NonZeroU64::MIN
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_each(every: &NonZeroU64) -> bool {
    *every == each()
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// HTTP method, or another name of a [`Place`].
    pub method: String,
    /// Path, with `*` for anything.
    pub path: String,
    /// Only calls of this service account; for sockets: of this connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Only with such content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// The first matching call that suffers, counted from 1.
    #[serde(default = "one")]
    pub nth: u64,
    /// How many matching calls suffer; 0 for all that follow.
    #[serde(default = "one")]
    pub times: u64,
    /// Of those that come from the first on, each so manyth suffers.
    #[serde(default = "each", skip_serializing_if = "is_each")]
    pub every: NonZeroU64,
    /// When.
    #[serde(default)]
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
    /// Takes these rules instead of those that are there, if all are good.
    pub(super) fn replace(&mut self, rules: Vec<Rule>) -> Result<(), RuleError> {
        for (number, rule) in (1..).zip(&rules) {
            place::check(rule).map_err(|problem| RuleError { number, problem })?;
        }
        let fresh = |rule| RuleState {
            rule,
            hits: 0,
            seen: 0,
        };
        self.0 = rules.into_iter().map(fresh).collect();
        Ok(())
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn list(&self) -> Vec<RuleState> {
        self.0.clone()
    }

    /// Whether some rule is for this method, whatever else it asks for.
    pub(super) fn concern(&self, method: &str) -> bool {
        self.0.iter().any(|state| state.rule.is_for(method))
    }

    /// Whether a rule needs the content to tell if it fires on this call.
    pub(super) fn need_content(&self, call: &Call<'_>) -> bool {
        let rules = self.0.iter().map(|state| &state.rule);
        rules
            .filter(|rule| matches!(rule.when, Some(When::Json { .. } | When::Contains(_))))
            .any(|rule| rule.names(call))
    }

    /// Counts the call on all rules that match and returns what the first due
    /// one does.
    pub(super) fn fire(&mut self, phase: Phase, call: &Call<'_>) -> Option<Action> {
        let mut action = None;
        for state in self
            .0
            .iter_mut()
            .filter(|state| state.rule.matches(phase, call))
        {
            state.seen += 1;
            let after = state.seen.checked_sub(state.rule.nth);
            let due = after.is_some_and(|after| after.is_multiple_of(state.rule.every.get()))
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
    /// `*` is for calls of the APIs only: what else there is must be named.
    fn is_for(&self, method: &str) -> bool {
        self.method == method
            || (self.method == "*"
                && matches!(Place::named(method), Some(Place::Rest | Place::Grpc)))
    }

    /// Whether method, path and subject are this rule's.
    fn names(&self, call: &Call<'_>) -> bool {
        self.is_for(call.method)
            && glob(&self.path, call.path)
            && self
                .subject
                .as_deref()
                .is_none_or(|subject| call.subject == Some(subject))
    }

    fn matches(&self, phase: Phase, call: &Call<'_>) -> bool {
        self.phase == phase
            && self.names(call)
            && self
                .when
                .as_ref()
                .is_none_or(|when| when.holds(call.headers, call.content))
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
