//! The probe: before a URL is published, a message makes the whole round trip.

use std::time::Duration;

use wschat_crds::Reason;

use super::function::Function;
use super::gateway::Gateway;
use crate::context::Pass;
use crate::error::StepError;
use crate::outcome::{Outcome, Pending};
use crate::prober::{Progress, Target};

/// How soon to look whether the probe is through.
const SOON: Duration = Duration::from_millis(200);
const LATER: Duration = Duration::from_secs(2);

/// Sees to it that the URL works, once: `published` is the URL in the status.
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
    match context
        .prober
        .progress(&pass.identity.uid, &target, &context.cloud)
    {
        Progress::Passed => Outcome::Ready(()),
        Progress::Failed(problem) => Outcome::Failed(StepError::Probe(problem)),
        Progress::Running(since) => Outcome::Pending(Pending {
            reason: Reason::Probing,
            message: "waiting for a first message to make the round trip; a new trigger may need \
                      up to 5 minutes"
                .to_owned(),
            again: if since < Duration::from_secs(20) {
                SOON
            } else {
                LATER
            },
        }),
    }
}
