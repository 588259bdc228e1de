//! What `/metrics` tells. Labels come from closed sets only, so the number of
//! series doesn't grow with the number of chats.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use wschat_crds::{Condition, ConditionStatus, ConditionType, Reason};

use crate::calls::{Calls, seconds};
use crate::error::Class;
use crate::resource::Resource;

/// All meters.
pub(crate) struct Metrics {
    registry: Registry,
    looks: Family<LookLabels, Counter>,
    look_seconds: Histogram,
    failures: Family<FailureLabels, Counter>,
    mutations: Family<MutationLabels, Counter>,
    leader: Gauge,
    chats: Family<ChatLabels, Gauge>,
    repairs: Family<RepairLabels, Counter>,
    probe_seconds: Family<ProbeLabels, Histogram, fn() -> Histogram>,
    /// Which conditions each chat has, by its UID.
    conditions: Mutex<HashMap<String, Vec<ChatLabels>>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LookLabels {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FailureLabels {
    class: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MutationLabels {
    resource: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ChatLabels {
    condition: &'static str,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RepairLabels {
    resource: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProbeLabels {
    outcome: &'static str,
}

impl Metrics {
    /// Meters beside those of the cloud's calls.
    pub(crate) fn new(calls: &Calls) -> Self {
        let mut registry = Registry::with_prefix("wschat");
        let metrics = Self {
            looks: Family::default(),
            look_seconds: seconds(),
            failures: Family::default(),
            mutations: Family::default(),
            leader: Gauge::default(),
            chats: Family::default(),
            repairs: Family::default(),
            probe_seconds: Family::new_with_constructor(seconds),
            conditions: Mutex::default(),
            registry: Registry::default(),
        };
        registry.register("reconciliations", "Looks at a chat", metrics.looks.clone());
        registry.register_with_unit(
            "reconciliation",
            "How long a look at a chat takes",
            Unit::Seconds,
            metrics.look_seconds.clone(),
        );
        registry.register("failures", "Steps that failed", metrics.failures.clone());
        registry.register(
            "cloud_mutations",
            "Calls that change the cloud",
            metrics.mutations.clone(),
        );
        registry.register("cloud_calls", "Calls of the cloud", calls.ended.clone());
        registry.register_with_unit(
            "cloud_call_wait",
            "How long reads of the cloud wait for their turn",
            Unit::Seconds,
            calls.waits.clone(),
        );
        registry.register(
            "drift_repaired",
            "What was changed back, or made anew, in the cloud",
            metrics.repairs.clone(),
        );
        registry.register_with_unit(
            "probe",
            "How long a later probe of a chat takes",
            Unit::Seconds,
            metrics.probe_seconds.clone(),
        );
        registry.register(
            "leader",
            "1 while this replica holds the Lease",
            metrics.leader.clone(),
        );
        registry.register(
            "chats",
            "Chats, by the status of each of their conditions",
            metrics.chats.clone(),
        );
        Self {
            registry,
            ..metrics
        }
    }

    /// A look at a chat is over.
    pub(crate) fn looked(&self, outcome: &'static str, took: Duration) {
        self.looks.get_or_create(&LookLabels { outcome }).inc();
        self.look_seconds.observe(took.as_secs_f64());
    }

    /// A step failed.
    pub(crate) fn failed(&self, class: Class, reason: Reason) {
        let labels = FailureLabels {
            class: class.as_str(),
            reason: reason.as_str(),
        };
        self.failures.get_or_create(&labels).inc();
    }

    /// A call that changes the cloud was answered.
    pub(crate) fn mutated(&self, resource: Resource, accepted: bool) {
        let outcome = if accepted { "accepted" } else { "refused" };
        self.mutations
            .get_or_create(&MutationLabels {
                resource: resource.field(),
                outcome,
            })
            .inc();
    }

    /// A later probe of a chat is over.
    pub(crate) fn probed(&self, reached: bool, took: Duration) {
        let outcome = if reached { "reached" } else { "lost" };
        let histogram = self.probe_seconds.get_or_create(&ProbeLabels { outcome });
        histogram.observe(took.as_secs_f64());
    }

    /// This replica became the leader, or stopped to be: then another one tells
    /// about chats, and what this one saw last isn't so any more.
    pub(crate) fn leads(&self, leads: bool) {
        self.leader.set(i64::from(leads));
        if !leads {
            let conditions = self.conditions.lock();
            conditions.unwrap_or_else(PoisonError::into_inner).clear();
            self.chats.clear();
        }
    }

    /// Drift was repaired.
    pub(crate) fn repaired(&self, resource: Resource) {
        let resource = resource.field();
        self.repairs.get_or_create(&RepairLabels { resource }).inc();
    }

    /// The conditions of a chat; none when it is gone.
    pub(crate) fn chat(&self, uid: &str, conditions: &[Condition]) {
        let labels: Vec<ChatLabels> = conditions.iter().filter_map(labels).collect();
        let mut known = self
            .conditions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let before = known.remove(uid).unwrap_or_default();
        for gone in &before {
            self.chats.get_or_create(gone).dec();
        }
        for there in &labels {
            self.chats.get_or_create(there).inc();
        }
        if !labels.is_empty() {
            known.insert(uid.to_owned(), labels);
        }
    }

    /// Everything, in the text format of `OpenMetrics`.
    pub(crate) fn encode(&self) -> Result<String, fmt::Error> {
        let mut page = String::new();
        text::encode(&mut page, &self.registry)?;
        Ok(page)
    }
}

/// A condition as labels; nothing for a type that isn't known.
fn labels(condition: &Condition) -> Option<ChatLabels> {
    let known = ConditionType::ALL.iter();
    let type_ = known.copied().find(|one| one.as_str() == condition.type_)?;
    let status = match condition.status {
        ConditionStatus::True => "True",
        ConditionStatus::False => "False",
        ConditionStatus::Unknown => "Unknown",
    };
    Some(ChatLabels {
        condition: type_.as_str(),
        status,
    })
}

#[cfg(test)]
mod tests {
    use wschat_crds::condition::Time;

    use super::*;

    fn ready(status: ConditionStatus) -> Condition {
        Condition {
            type_: ConditionType::Ready.as_str().to_owned(),
            status,
            reason: Reason::Ready.as_str().to_owned(),
            message: String::new(),
            observed_generation: None,
            last_transition_time: Time(jiff::Timestamp::UNIX_EPOCH),
        }
    }

    #[test]
    fn the_page_tells_what_happened() {
        let calls = Calls::default();
        let metrics = Metrics::new(&calls);
        calls.count("databases", "get", &Ok::<(), yandex_cloud_rest::Error>(()));
        metrics.failed(Class::Waiting, Reason::QuotaExceeded);
        metrics.mutated(Resource::Database, true);
        metrics.repaired(Resource::Gateway);
        metrics.chat("a", &[ready(ConditionStatus::False)]);
        metrics.chat("a", &[ready(ConditionStatus::True)]);
        metrics.chat("b", &[ready(ConditionStatus::False)]);
        metrics.chat("b", &[]);
        let page = metrics.encode().unwrap();
        for line in [
            r#"wschat_failures_total{class="waiting",reason="QuotaExceeded"} 1"#,
            r#"wschat_cloud_mutations_total{resource="database",outcome="accepted"} 1"#,
            r#"wschat_cloud_calls_total{service="databases",method="get",code="OK"} 1"#,
            r#"wschat_drift_repaired_total{resource="gateway"} 1"#,
            r#"wschat_chats{condition="Ready",status="True"} 1"#,
            r#"wschat_chats{condition="Ready",status="False"} 0"#,
        ] {
            assert!(page.contains(line), "{line} is missing in\n{page}");
        }
    }

    #[test]
    fn who_does_not_lead_tells_nothing_about_chats() {
        let metrics = Metrics::new(&Calls::default());
        for round in ["first", "second"] {
            metrics.leads(true);
            metrics.chat("a", &[ready(ConditionStatus::False)]);
            let told = metrics.encode().unwrap();
            let line = r#"wschat_chats{condition="Ready",status="False"} 1"#;
            assert!(told.contains(line), "{round}: {told}");
            metrics.leads(false);
            let told = metrics.encode().unwrap();
            assert!(!told.contains("wschat_chats{"), "{round}: {told}");
        }
    }

    #[test]
    fn every_meter_is_documented() {
        let page = Metrics::new(&Calls::default()).encode().unwrap();
        let documented = include_str!("../../docs/metrics.md");
        let meters = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        for meter in meters {
            let (name, kind) = meter.split_once(' ').unwrap();
            let suffix = if kind == "counter" { "_total" } else { "" };
            let row = format!("| `{name}{suffix}` |");
            assert!(documented.contains(&row), "docs/metrics.md lacks {row}");
        }
    }
}
