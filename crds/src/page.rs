//! `docs/status.md`: what a chat's status says, for the person who reads it.

use std::fmt::Write as _;

use crate::condition::ConditionType;
use crate::reason::{Advice, Occasion, Reason};

const HEAD: &str = "\
<!-- Generated from crds/src/reason.rs and crds/src/condition.rs by `make generate`; don't edit. -->
# Status

`kubectl get wschats` shows whether a chat serves and why not, `kubectl describe wschat NAME` tells \
the rest: each condition has a reason from the lists below and a message that says what to do. The \
same reasons are labels of the metric `wschat_failures_total`.

`Ready=True` means that the chat serves. Its `observedGeneration` is the generation that serves; \
`status.observedGeneration` is the one that the operator looked at last. A change that can't be \
made leaves a working chat Ready, and `Reconciling` or `Stalled` tells about the change. \
`kubectl wait --for=condition=Ready` waits for the newest generation.

`Reconciling=True` means that the operator goes on by itself, `Stalled=True` that it cannot until \
somebody acts; never are both True. While a chat is being removed, nothing is said of its parts.

What `kubectl describe` says in each state, word for word, is in \
[files that a test compares](../tests/tests/end_to_end/describe/golden): one for each reason below, \
but for those that need none.
";

const EVENTS: &str = "
## Events

`kubectl events --for wschat/NAME` tells what happened, each transition once, reported by \
`wschat-operator`; what is told again in the same words is counted. A condition that becomes True is an Event of its name; trouble is a warning \
with its reason. Beside them there are:

| event | meaning |
|---|---|
";

/// The page, in Markdown.
#[must_use]
pub fn status() -> String {
    let conditions = conditions();
    let calm = reasons(Reason::is_calm);
    let trouble = reasons(|reason| !reason.is_calm());
    format!(
        "{HEAD}\n## Conditions\n\n{conditions}\n## Reasons when things go their way\n\n{calm}\n\
         ## Reasons when something is wrong\n\n{trouble}{}",
        events()
    )
}

fn conditions() -> String {
    let mut table = "| condition | True means |\n|---|---|\n".to_owned();
    for type_ in ConditionType::ALL {
        // Writing into a String cannot fail.
        let _ = writeln!(table, "| `{}` | {} |", type_.as_str(), type_.meaning());
    }
    table
}

fn events() -> String {
    let mut text = EVENTS.to_owned();
    for occasion in Occasion::ALL {
        let _ = writeln!(text, "| `{}` | {} |", occasion.as_str(), occasion.meaning());
    }
    text
}

fn reasons(belongs: impl Fn(Reason) -> bool) -> String {
    let mut table = "| reason | meaning | cause | what to do |\n|---|---|---|---|\n".to_owned();
    for reason in Reason::ALL.iter().filter(|reason| belongs(**reason)) {
        let Advice {
            meaning,
            cause,
            remedy,
        } = reason.advice();
        let _ = writeln!(table, "| `{reason}` | {meaning} | {cause} | {remedy} |");
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_page_is_what_the_code_says() {
        let committed = include_str!("../../docs/status.md");
        assert_eq!(
            committed,
            status(),
            "docs/status.md is stale: make generate"
        );
    }

    #[test]
    fn every_reason_and_condition_is_on_the_page() {
        let page = status();
        let reasons = Reason::ALL.iter().map(|reason| reason.as_str());
        let types = ConditionType::ALL.iter().map(|type_| type_.as_str());
        for name in reasons.chain(types) {
            let rows = page.matches(&format!("\n| `{name}` |")).count();
            assert!(rows >= 1, "{name}");
        }
    }
}
