//! From what came of the steps to the status (pure).

use jiff::Timestamp;
use wschat_crds::condition::{self, Time, merge};
use wschat_crds::{Condition, ConditionStatus, ConditionType, Reason, Resources, WsChatStatus};

use crate::change::Change;
use crate::error::StepError;
use crate::outcome::{Lag, Outcome};
use crate::reach;
use crate::report::{Report, Reports, worst};
use crate::resource::Resource;
use crate::validate::{Identity, Refusal};
use crate::words::in_one_line;

/// What the operator has to say about a chat after a look at it.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// The graph was walked forwards.
    Provisioned {
        reports: Box<Reports>,
        /// What clients connect to, once everything is there.
        url: Option<String>,
        handler_version: Option<String>,
    },
    /// The spec cannot be fulfilled.
    Refused(Refusal),
    /// `spec.suspend` is true; what would be done without it.
    Suspended(String),
    /// The cloud has no room for it.
    Short(Report),
    /// The cloud can't be entered: there is no key.
    Locked(Report),
    /// The graph is walked backwards.
    Deleting(Report),
}

impl Verdict {
    /// What each part tells, if the chat was looked at.
    fn reports(&self) -> Option<&Reports> {
        match self {
            Self::Provisioned { reports, .. } => Some(reports),
            Self::Refused(_)
            | Self::Suspended(_)
            | Self::Short(_)
            | Self::Locked(_)
            | Self::Deleting(_) => None,
        }
    }

    /// Whether everything in the cloud was seen to be as wished. A probe that is
    /// under way is no reason to read it again.
    pub(crate) fn is_fine(&self) -> bool {
        self.reports().is_some_and(Reports::parts_are_ready)
    }

    /// Which parts of the chat aren't as wished, if it was looked at.
    pub(crate) fn unready(&self) -> Vec<Resource> {
        self.reports().map(Reports::unready).unwrap_or_default()
    }

    /// Whether the cloud doesn't know what the status remembers, or calls it wrong,
    /// or so it seems.
    pub(crate) fn misses(&self) -> bool {
        let reports = self.reports().into_iter().flat_map(Reports::all);
        let mut failures = reports.filter_map(Report::failure);
        failures.any(|(_, reason)| matches!(reason, Reason::NotFound | Reason::Invalid))
    }

    /// Whether nothing is left of the chat.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self, Self::Deleting(Report::Ready))
    }

    /// Whether the chat's key was used to make something, or will be.
    pub(crate) fn was_begun(&self) -> bool {
        matches!(self, Self::Provisioned { .. } | Self::Short(_))
    }
}

/// The status after a look at a chat.
pub(crate) fn next(
    prior: &WsChatStatus,
    resources: Resources,
    identity: &Identity,
    verdict: &Verdict,
    now: Timestamp,
) -> WsChatStatus {
    let mut status = WsChatStatus {
        resources,
        observed_generation: Some(identity.generation),
        folder_id: Some(identity.folder_id.clone()),
        installation_id: Some(identity.installation_id.clone()),
        ..prior.clone()
    };
    let was_ready = condition::is_true(&prior.conditions, ConditionType::Ready);
    let mut scribe = Scribe {
        generation: identity.generation,
        now,
        written: Vec::new(),
    };
    match verdict {
        Verdict::Provisioned {
            reports,
            url,
            handler_version,
        } => {
            scribe.provisioned(reports, was_ready);
            status.handler_version.clone_from(handler_version);
            // Withdrawn when part of the way is lost: the next one is probed anew.
            status.url = if reports.probe.is_ready() {
                url.clone()
            } else {
                prior.url.clone().filter(|_| reports.way_serves())
            };
        }
        Verdict::Refused(refusal) => scribe.refused(refusal, was_ready),
        Verdict::Suspended(forecast) => scribe.suspended(was_ready, forecast),
        Verdict::Locked(report) => scribe.locked(report, was_ready),
        // Nothing of it is made yet.
        Verdict::Short(report) => scribe.locked(report, false),
        Verdict::Deleting(report) => {
            scribe.deleting(report);
            if let Report::Pending(_) = report {
                // What was said of the parts is no longer so.
                status.url = None;
                status.conditions.retain(|condition| {
                    let overall = [
                        ConditionType::Ready,
                        ConditionType::Reconciling,
                        ConditionType::Stalled,
                    ];
                    overall
                        .iter()
                        .any(|type_| type_.as_str() == condition.type_)
                });
            }
        }
    }
    merge(&mut status.conditions, scribe.written);
    let order = |condition: &Condition| {
        ConditionType::ALL
            .iter()
            .position(|type_| type_.as_str() == condition.type_)
    };
    status
        .conditions
        .sort_by_key(|condition| order(condition).unwrap_or(usize::MAX));
    status
}

/// What Reconciling and Stalled say while all is well.
const AS_WISHED: &str = "what serves is what the spec asks for";
const NOTHING_WRONG: &str = "the operator waits for nobody";
/// What Ready says of a chat that the operator can't talk to.
const UNREACHED: &str = "all of the chat is there, and the operator can't reach it, as Reachable \
     tells: others may";
/// What Stalled says of trouble that isn't terminal.
const GOES_ON: &str = "the operator goes on by itself as soon as it can";
/// What Reconciling says of trouble that is.
const SOMEBODY_ACTS: &str = "the operator can't go on until somebody acts, as Stalled tells; it \
     looks again about every 10 minutes, and at once when the spec changes";
const SUSPENDED: &str = "spec.suspend is true, so the operator writes nothing to the cloud";

/// Writes conditions of one generation at one moment.
struct Scribe {
    generation: i64,
    now: Timestamp,
    written: Vec<Condition>,
}

impl Scribe {
    fn write(&mut self, type_: ConditionType, holds: bool, reason: Reason, message: &str) {
        let status = if holds {
            ConditionStatus::True
        } else {
            ConditionStatus::False
        };
        self.written.push(Condition {
            type_: type_.as_str().to_owned(),
            status,
            reason: reason.as_str().to_owned(),
            message: in_one_line(message),
            observed_generation: Some(self.generation),
            last_transition_time: Time::from_seconds(self.now),
        });
    }

    fn provisioned(&mut self, reports: &Reports, was_ready: bool) {
        for (type_, group, fine) in reports.groups() {
            match worst(&group) {
                Report::Ready => self.write(type_, true, Reason::Ready, fine),
                report => {
                    self.write(type_, report.serves(), report.reason(), &report.message());
                }
            }
        }
        let all = reports.all();
        let overall = worst(&all);
        let (reason, message) = (overall.reason(), overall.message());
        if overall.is_ready() {
            let up_to_date = Reason::UpToDate;
            let serves = if reports.reach.report.is_ready() {
                "the chat serves"
            } else {
                UNREACHED
            };
            self.write(ConditionType::Ready, true, Reason::Ready, serves);
            self.write(ConditionType::Reconciling, false, up_to_date, AS_WISHED);
            self.write(ConditionType::Stalled, false, up_to_date, NOTHING_WRONG);
        } else {
            // What serves, serves an older generation: its Ready stays as it is.
            if !(was_ready && overall.serves()) {
                self.unready(reason, &message);
            }
            self.progress(overall.is_stalled(), reason, &message);
        }
    }

    /// Nobody can use the chat.
    fn unready(&mut self, reason: Reason, message: &str) {
        let message = format!("the chat doesn't serve: {message}");
        self.write(ConditionType::Ready, false, reason, &message);
    }

    /// Either the operator goes on by itself, or somebody has to act.
    fn progress(&mut self, stalled: bool, reason: Reason, message: &str) {
        let (reconciling, stalls) = if stalled {
            (SOMEBODY_ACTS, message)
        } else {
            (message, GOES_ON)
        };
        self.write(ConditionType::Reconciling, !stalled, reason, reconciling);
        self.write(ConditionType::Stalled, stalled, reason, stalls);
    }

    /// A refused edit doesn't stop a chat that serves.
    fn refused(&mut self, refusal: &Refusal, was_ready: bool) {
        let Refusal { reason, message } = refusal;
        if !was_ready {
            self.unready(*reason, message);
        }
        self.progress(true, *reason, message);
    }

    fn suspended(&mut self, was_ready: bool, forecast: &str) {
        let reason = Reason::Suspended;
        if !was_ready {
            self.unready(reason, SUSPENDED);
        }
        let message = format!("{SUSPENDED}; {forecast}");
        self.write(ConditionType::Reconciling, false, reason, &message);
        self.write(ConditionType::Stalled, false, reason, SUSPENDED);
    }

    /// What serves goes on serving while the operator can't look at it.
    fn locked(&mut self, report: &Report, was_ready: bool) {
        let (reason, message) = (report.reason(), report.message());
        if !was_ready {
            self.unready(reason, &message);
        }
        self.progress(report.is_stalled(), reason, &message);
    }

    /// The graph is walked backwards, or can't be.
    fn deleting(&mut self, report: &Report) {
        let reason = match report {
            Report::Failed { reason, .. } => *reason,
            Report::Pending(pending) if pending.reason != Reason::Provisioning => pending.reason,
            _ => Reason::Deleting,
        };
        let message = format!("the WsChat is to be deleted: {}", report.message());
        self.write(ConditionType::Ready, false, reason, &message);
        self.progress(report.is_stalled(), reason, &message);
    }
}

/// Something worth an Event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) warning: bool,
    pub(crate) reason: String,
    pub(crate) note: String,
}

impl Notice {
    fn warning(condition: &Condition) -> Self {
        Self {
            warning: true,
            reason: condition.reason.clone(),
            note: condition.message.clone(),
        }
    }
}

impl From<&Change> for Notice {
    fn from(change: &Change) -> Self {
        Self {
            warning: false,
            reason: change.occasion.as_str().to_owned(),
            note: change.note(),
        }
    }
}

/// What changed between two looks at a chat, for its Events.
pub(crate) fn notices(old: &[Condition], new: &[Condition]) -> Vec<Notice> {
    let became_true = new.iter().filter(|condition| {
        let before = old.iter().find(|old| old.type_ == condition.type_);
        let trouble = [ConditionType::Stalled, ConditionType::Reconciling];
        condition.status == ConditionStatus::True
            && before.is_none_or(|before| before.status != ConditionStatus::True)
            && !trouble
                .iter()
                .any(|type_| type_.as_str() == condition.type_)
    });
    let mut notices: Vec<Notice> = became_true
        .map(|condition| Notice {
            warning: false,
            reason: condition.type_.clone(),
            note: condition.message.clone(),
        })
        .collect();
    if let Some(now) = reach::told(new)
        && reach::told(old).is_none()
    {
        notices.push(Notice::warning(now));
    }
    if let Some(now) = trouble(new)
        && trouble(old).is_none_or(|before| before.reason != now.reason)
    {
        notices.push(Notice::warning(now));
    }
    notices
}

/// The condition that tells what is wrong, if something is.
fn trouble(conditions: &[Condition]) -> Option<&Condition> {
    let stalled = condition::find(conditions, ConditionType::Stalled)
        .filter(|condition| condition.status == ConditionStatus::True);
    stalled.or_else(|| {
        condition::find(conditions, ConditionType::Reconciling)
            .filter(|condition| !Reason::named(&condition.reason).is_some_and(Reason::is_calm))
    })
}

/// A short form of an outcome, for the status.
impl<T> From<&Outcome<T>> for Report {
    fn from(outcome: &Outcome<T>) -> Self {
        match outcome {
            Outcome::Ready(_) => Self::Ready,
            Outcome::Serving(_, lag) => Self::Serving(Box::new(lag.into())),
            Outcome::Pending(pending) => Self::Pending(pending.clone()),
            Outcome::Blocked(on) => Self::Blocked(*on),
            Outcome::Failed(error) => error.into(),
        }
    }
}

impl From<&Lag> for Report {
    fn from(lag: &Lag) -> Self {
        match lag {
            Lag::Pending(pending) => Self::Pending(pending.clone()),
            Lag::Blocked(on) => Self::Blocked(*on),
            Lag::Failed(error) => error.into(),
        }
    }
}

impl From<&StepError> for Report {
    fn from(error: &StepError) -> Self {
        Self::Failed {
            class: error.class(),
            reason: error.reason(),
            message: error.to_string(),
        }
    }
}

#[cfg(test)]
mod tests;
