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
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use wschat_crds::Reason;

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
    ready: Mutex<HashMap<String, bool>>,
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
    ready: &'static str,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("wschat");
        let metrics = Self {
            looks: Family::default(),
            look_seconds: Histogram::new(exponential_buckets(0.005, 2.0, 14)),
            failures: Family::default(),
            mutations: Family::default(),
            leader: Gauge::default(),
            chats: Family::default(),
            ready: Mutex::default(),
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
        registry.register(
            "leader",
            "1 while this replica holds the Lease",
            metrics.leader.clone(),
        );
        registry.register(
            "chats",
            "Chats, by whether they are ready",
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

    /// This replica became the leader, or stopped to be.
    pub(crate) fn leads(&self, leads: bool) {
        self.leader.set(i64::from(leads));
    }

    /// What is known of a chat; `None` when it is gone.
    pub(crate) fn chat(&self, uid: &str, ready: Option<bool>) {
        let mut known = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        match ready {
            Some(ready) => known.insert(uid.to_owned(), ready),
            None => known.remove(uid),
        };
        for (label, wanted) in [("true", true), ("false", false)] {
            let count = known.values().filter(|ready| **ready == wanted).count();
            self.chats
                .get_or_create(&ChatLabels { ready: label })
                .set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// Everything, in the text format of `OpenMetrics`.
    pub(crate) fn encode(&self) -> Result<String, fmt::Error> {
        let mut page = String::new();
        text::encode(&mut page, &self.registry)?;
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_tells_what_happened() {
        let metrics = Metrics::new();
        metrics.failed(Class::Waiting, Reason::QuotaExceeded);
        metrics.mutated(Resource::Database, true);
        metrics.chat("a", Some(true));
        metrics.chat("b", Some(false));
        metrics.chat("b", None);
        let page = metrics.encode().unwrap();
        for line in [
            r#"wschat_failures_total{class="waiting",reason="QuotaExceeded"} 1"#,
            r#"wschat_cloud_mutations_total{resource="database",outcome="accepted"} 1"#,
            r#"wschat_chats{ready="true"} 1"#,
            r#"wschat_chats{ready="false"} 0"#,
        ] {
            assert!(page.contains(line), "{line} is missing in\n{page}");
        }
    }
}
