//! The probe: before a URL is published, a message makes the whole round trip.
//! Later ones only ask whether the chat can be reached.

use std::time::Duration;

use wschat_crds::{Reason, WsChatStatus};

use super::function::Function;
use super::gateway::Gateway;
use crate::context::Pass;
use crate::error::{Class, StepError};
use crate::outcome::Outcome;
use crate::prober::{ELSEWHERE, Progress, Running, Target};
use crate::reach;
use crate::report::{Reached, Report};

/// How soon to look whether the probe is through.
const SOON: Duration = Duration::from_millis(200);
const LATER: Duration = Duration::from_secs(2);

/// Sees to it that the URL works, once: `published` is the URL in the status. When
/// it doesn't, what is remembered of the cloud may be wrong, and is read anew.
pub(crate) fn ensure(
    pass: &Pass<'_>,
    published: Option<&str>,
    gateway: &Gateway,
    function: &Function,
) -> Outcome<()> {
    if pass.plans {
        return Outcome::Ready(());
    }
    if published == Some(gateway.url.as_str()) {
        pass.context.prober.forget(&pass.identity.uid);
        return Outcome::Ready(());
    }
    let target = Target {
        url: gateway.url.clone(),
        invoke_url: function.invoke_url.clone(),
    };
    let context = pass.context;
    let uid = &pass.identity.uid;
    match context.prober.progress(uid, &target, &context.cloud) {
        Progress::Passed => Outcome::Ready(()),
        Progress::Failed(problem) => {
            pass.doubt();
            Outcome::Failed(StepError::Probe(problem))
        }
        Progress::Running(running) => {
            if running.became_slow {
                pass.doubt();
            }
            probing(running)
        }
    }
}

/// Waits for a probe. One before that failed is told for as long, since it isn't
/// calm while it is tried again.
fn probing(running: Running) -> Outcome<()> {
    let again = if running.is_slow { LATER } else { SOON };
    match running.problem {
        Some(problem) => {
            let message = StepError::Probe(problem).to_string();
            Outcome::waiting(Reason::ProbeFailed, message, again)
        }
        None => Outcome::waiting(
            Reason::Probing,
            "waiting for a first message to make the round trip; a new trigger may need up to 5 \
             minutes",
            again,
        ),
    }
}

/// What later probes find, once the URL is published.
pub(crate) fn again(pass: &Pass<'_>, prior: &WsChatStatus, gateway: &Gateway) -> Reached {
    let context = pass.context;
    let interval = context.settings.probe_interval;
    let (Some(interval), false) = (interval, pass.plans) else {
        return Reached::default();
    };
    if prior.url.as_ref() != Some(&gateway.url) {
        // A first probe has just made the whole round trip.
        return Reached {
            again: interval,
            ..Reached::default()
        };
    }
    let before = reach::told(&prior.conditions).map(|condition| condition.message.clone());
    let sight = context
        .reach
        .look(&pass.identity.uid, &gateway.url, interval, before.is_some());
    if let Some((reached, took)) = sight.ended {
        context.metrics.probed(reached, took);
    }
    // Until it is known better, what the status says is true.
    let problem = match sight.found {
        Some(found) => found
            .err()
            .map(|problem| format!("{problem}; {ELSEWHERE}; the operator tries again each minute")),
        None => before,
    };
    Reached {
        report: problem.map_or(Report::Ready, |message| Report::Failed {
            class: Class::Waiting,
            reason: Reason::Unreachable,
            message,
        }),
        again: sight.again,
    }
}
