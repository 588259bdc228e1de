//! What came of the steps, without their values: all that the status and the
//! schedule need.

use std::time::Duration;

use wschat_crds::{ConditionType, Reason};

use crate::error::Class;
use crate::outcome::Pending;
use crate::resource::Resource;

/// What came of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    Ready,
    /// It serves; why it isn't as wished.
    Serving(Box<Report>),
    Pending(Pending),
    Blocked(Resource),
    Failed {
        class: Class,
        reason: Reason,
        message: String,
    },
}

/// What came of all steps, in the order of the graph.
#[derive(Debug)]
pub(crate) struct Reports {
    pub(crate) service_account: Report,
    pub(crate) roles: Report,
    pub(crate) database: Report,
    pub(crate) schema: Report,
    pub(crate) topic: Report,
    pub(crate) function: Report,
    pub(crate) invokers: Report,
    pub(crate) version: Report,
    pub(crate) live: Report,
    pub(crate) gateway: Report,
    pub(crate) trigger: Report,
    pub(crate) probe: Report,
    pub(crate) reach: Reached,
}

/// What a later probe found. It is told, and neither counts among the steps nor
/// keeps a chat from being Ready.
#[derive(Debug)]
pub(crate) struct Reached {
    pub(crate) report: Report,
    /// When there is more to be seen.
    pub(crate) again: Duration,
}

impl Default for Reached {
    /// Nothing to tell, now or later.
    fn default() -> Self {
        Self {
            report: Report::Ready,
            again: Duration::MAX,
        }
    }
}

impl Report {
    pub(crate) fn is_ready(&self) -> bool {
        matches!(self, Self::Ready)
    }

    /// Whether clients may use it, even if it isn't as wished.
    pub(crate) fn serves(&self) -> bool {
        matches!(self, Self::Ready | Self::Serving(_))
    }

    /// The class and reason of the failure, if there is one.
    pub(crate) fn failure(&self) -> Option<(Class, Reason)> {
        match self {
            Self::Failed { class, reason, .. } => Some((*class, *reason)),
            Self::Serving(lag) => lag.failure(),
            Self::Ready | Self::Pending(_) | Self::Blocked(_) => None,
        }
    }

    /// Whether only a person can help.
    pub(crate) fn is_stalled(&self) -> bool {
        matches!(self.failure(), Some((Class::Terminal, _)))
    }

    pub(crate) fn reason(&self) -> Reason {
        match self {
            Self::Ready => Reason::Ready,
            Self::Serving(lag) => lag.reason(),
            Self::Pending(pending) => pending.reason,
            Self::Blocked(_) => Reason::Blocked,
            Self::Failed { reason, .. } => *reason,
        }
    }

    pub(crate) fn message(&self) -> String {
        match self {
            Self::Ready => String::new(),
            Self::Serving(lag) => lag.message(),
            Self::Pending(pending) => pending.message.clone(),
            Self::Blocked(on) => format!("waits for the {}", on.awaited()),
            Self::Failed { message, .. } => message.clone(),
        }
    }

    /// How much it matters: what is worst is what the user reads first, and
    /// what doesn't serve is worse than what does.
    fn weight(&self) -> u8 {
        match self {
            Self::Ready => 0,
            Self::Serving(lag) => lag.urgency(),
            unusable => 10 + unusable.urgency(),
        }
    }

    fn urgency(&self) -> u8 {
        match self {
            Self::Ready | Self::Serving(_) => 0,
            Self::Blocked(_) => 1,
            Self::Pending(_) => 2,
            Self::Failed { class, .. } => match class {
                Class::Transient => 3,
                Class::Waiting => 4,
                Class::Terminal => 5,
            },
        }
    }
}

impl Reports {
    /// Every report, in the order of the graph. A forgotten one is a compile
    /// error.
    pub(crate) fn all(&self) -> [&Report; 12] {
        let Self {
            service_account,
            roles,
            database,
            schema,
            topic,
            function,
            invokers,
            version,
            live,
            gateway,
            trigger,
            probe,
            reach: _,
        } = self;
        [
            service_account,
            roles,
            database,
            schema,
            topic,
            function,
            invokers,
            version,
            live,
            gateway,
            trigger,
            probe,
        ]
    }

    /// The conditions, what each depends on, and what it says when all is well.
    pub(crate) fn groups(&self) -> [(ConditionType, Vec<&Report>, &'static str); 7] {
        [
            (
                ConditionType::ServiceAccountReady,
                vec![&self.service_account, &self.roles],
                "the service account has its roles",
            ),
            (
                ConditionType::DatabaseReady,
                vec![&self.database, &self.schema],
                "the database runs and is migrated",
            ),
            (
                ConditionType::TopicReady,
                vec![&self.topic],
                "the topic exists",
            ),
            (
                ConditionType::FunctionReady,
                vec![&self.function, &self.invokers, &self.version, &self.live],
                "a healthy version serves",
            ),
            (
                ConditionType::GatewayReady,
                vec![&self.gateway],
                "the gateway exists",
            ),
            (
                ConditionType::TriggerReady,
                vec![&self.trigger],
                "the trigger exists",
            ),
            (
                ConditionType::Reachable,
                vec![&self.probe, &self.reach.report],
                "a message made the whole round trip",
            ),
        ]
    }

    /// Whether every part that a message needs on its way can be used.
    pub(crate) fn way_serves(&self) -> bool {
        self.parts().iter().all(|report| report.serves())
    }

    /// Whether every part is as wished.
    pub(crate) fn parts_are_ready(&self) -> bool {
        self.unready().is_empty()
    }

    /// Which parts aren't as wished.
    pub(crate) fn unready(&self) -> Vec<Resource> {
        let parts = self.parts().into_iter().zip(Resource::ALL);
        let unready = parts.filter(|(report, _)| !report.is_ready());
        unready.map(|(_, resource)| resource).collect()
    }

    /// What is in the cloud.
    fn parts(&self) -> [&Report; 11] {
        let [parts @ .., _probe] = self.all();
        parts
    }

    /// How soon something that is under way wants to be looked at again.
    pub(crate) fn again(&self) -> Option<Duration> {
        self.all().into_iter().filter_map(Report::again).min()
    }
}

impl Report {
    /// How soon this wants to be looked at again, unless it failed.
    pub(crate) fn again(&self) -> Option<Duration> {
        match self {
            Self::Pending(pending) => Some(pending.again),
            Self::Serving(lag) => lag.again(),
            Self::Ready | Self::Blocked(_) | Self::Failed { .. } => None,
        }
    }
}

/// The report that matters most; of equals the first, which is the cause.
pub(crate) fn worst<'a>(reports: &[&'a Report]) -> &'a Report {
    let mut worst: &Report = &Report::Ready;
    for report in reports {
        if report.weight() > worst.weight() {
            worst = report;
        }
    }
    worst
}
