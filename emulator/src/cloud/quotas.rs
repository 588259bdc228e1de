//! Quotas of the cloud: documented defaults (reference §7), raised openly.

use std::collections::BTreeMap;

use serde_json::json;

use crate::error::Status;

/// Serverless databases of the cloud.
pub const DATABASES: &str = "ydb.serverless-databases";
/// Operations on one database's schema in a day, descriptions and lists
/// included.
pub const SCHEMA_OPERATIONS: &str = "ydb.schema-operations-per-day";
/// Functions of the cloud.
pub const FUNCTIONS: &str = "serverless.functions.count";
/// Tags of one function, `$latest` not counted.
pub const FUNCTION_TAGS: &str = "serverless.functions.tags";
/// Calls of all functions that are in progress in a zone, queued ones included;
/// this name and those of the next three are guesses.
pub const CALLS: &str = "serverless.functions.concurrent-calls";
/// Instances of all functions in a zone.
pub const INSTANCES: &str = "serverless.functions.instances";
/// Memory of all instances in a zone, in bytes.
pub const INSTANCE_MEMORY: &str = "serverless.functions.instance-memory";
/// Provisioned instances of the cloud.
pub const PROVISIONED: &str = "serverless.functions.provisioned-instances";
/// Triggers of the cloud.
pub const TRIGGERS: &str = "serverless.triggers.count";
/// Gateways of the cloud. No number is documented; this one is a guess that
/// stays out of the way.
pub const GATEWAYS: &str = "serverless.gateways.count";
/// Service accounts of the cloud.
pub const SERVICE_ACCOUNTS: &str = "iam.serviceAccounts.count";
/// Authorized keys of the cloud.
pub const KEYS: &str = "iam.keys.count";
/// Workload identity federations of the cloud; this name and the next are guesses.
pub const FEDERATIONS: &str = "iam.workloadFederations.count";
/// Federated credentials of the cloud.
pub const FEDERATED_CREDENTIALS: &str = "iam.federatedCredentials.count";

/// The package of the messages that operations on functions carry.
pub(crate) const FUNCTIONS_PACKAGE: &str = "serverless.functions.v1";
/// Operations that run at once on one function; the three names are guesses.
pub const OPERATIONS_OF_FUNCTION: &str = "serverless.functions.operations-of-function";
/// Operations that run at once on the functions of one folder.
pub const OPERATIONS_OF_FOLDER: &str = "serverless.functions.operations-of-folder";
/// Operations that run at once on the functions of the cloud.
pub const OPERATIONS_OF_CLOUD: &str = "serverless.functions.operations-of-cloud";

const DEFAULTS: [(&str, u64); 17] = [
    (DATABASES, 4),
    (SCHEMA_OPERATIONS, 1000),
    (FUNCTIONS, 10),
    (FUNCTION_TAGS, 10),
    (CALLS, 10),
    (INSTANCES, 10),
    (INSTANCE_MEMORY, 20 << 30),
    (PROVISIONED, 2),
    (TRIGGERS, 100),
    (GATEWAYS, 1000),
    (SERVICE_ACCOUNTS, 100),
    (KEYS, 1000),
    (FEDERATIONS, 50),
    (FEDERATED_CREDENTIALS, 200),
    (OPERATIONS_OF_FUNCTION, 10),
    (OPERATIONS_OF_FOLDER, 15),
    (OPERATIONS_OF_CLOUD, 20),
];

/// Names of all quotas.
pub fn names() -> impl Iterator<Item = &'static str> {
    DEFAULTS.iter().map(|(name, _)| *name)
}

/// Whether there is a quota of this name.
#[must_use]
pub fn is_known(name: &str) -> bool {
    names().any(|known| known == name)
}

/// Limits by name.
#[derive(Debug, Clone)]
pub struct Quotas(BTreeMap<String, u64>);

impl Quotas {
    /// The defaults with some of them replaced.
    #[must_use]
    pub fn new(overrides: &BTreeMap<String, u64>) -> Self {
        let defaults = DEFAULTS
            .iter()
            .map(|(name, limit)| ((*name).to_owned(), *limit));
        let mut limits: BTreeMap<String, u64> = defaults.collect();
        limits.extend(overrides.iter().map(|(name, limit)| (name.clone(), *limit)));
        Self(limits)
    }

    /// The limit of a quota.
    #[must_use]
    pub fn limit(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(u64::MAX)
    }

    /// Whether one more fits.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` with the cloud's `QuotaFailure` detail.
    pub fn check(&self, name: &str, usage: usize) -> Result<(), Status> {
        let limit = self.limit(name);
        if u64::try_from(usage).is_ok_and(|usage| usage < limit) {
            return Ok(());
        }
        let detail = json!({
            "@type": "type.googleapis.com/yandex.cloud.quota.QuotaFailure",
            "violations": [{
                "metric": { "name": name, "limit": limit.to_string(), "usage": usage },
                "required": (usage.saturating_add(1)).to_string(),
            }],
        });
        let message = format!("Quota limit {name} exceeded");
        Err(Status::resource_exhausted(message).with_detail(detail))
    }
}
