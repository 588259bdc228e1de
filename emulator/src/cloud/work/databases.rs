//! Operations on databases.

use serde_json::Value;
use yandex_cloud_rest::model::database::{Database, ServerlessDatabase, UpdateDatabaseRequest};

use super::Served;
use crate::cloud::{Cloud, Mask, any, empty};
use crate::error::Status;

/// What a database gets when its limit is left at 0: 50 GiB.
const DEFAULT_STORAGE: i64 = 53_687_091_200;

/// Paths of the limits, for update masks.
pub(crate) const LIMITS: [&str; 5] = [
    "serverlessDatabase.throttlingRcuLimit",
    "serverlessDatabase.storageSizeLimit",
    "serverlessDatabase.enableThrottlingRcuLimit",
    "serverlessDatabase.provisionedRcuLimit",
    "serverlessDatabase.topicWriteQuota",
];

pub(super) async fn serve_new(cloud: &Cloud, id: &str) -> Result<(), Status> {
    let folder_id = cloud.state().database(id)?.folder_id.clone();
    let path = cloud.database_path(id);
    cloud.plane().create_database(&path, &folder_id, id).await
}

pub(super) fn created(cloud: &Cloud, id: &str, served: Served) -> Result<Value, Status> {
    let mut state = cloud.state();
    let mut database = state.edit_database(id)?;
    let status = if served.is_ok() { "RUNNING" } else { "ERROR" };
    status.clone_into(&mut database.status);
    served?;
    any("ydb.v1.Database", &*database)
}

pub(super) fn update(
    cloud: &Cloud,
    id: &str,
    request: UpdateDatabaseRequest,
    mask: &Mask,
) -> Result<Value, Status> {
    let mut state = cloud.state();
    let mut database = state.edit_database(id)?;
    apply(&mut database, request, mask);
    "RUNNING".clone_into(&mut database.status);
    any("ydb.v1.Database", &*database)
}

fn apply(database: &mut Database, request: UpdateDatabaseRequest, mask: &Mask) {
    mask.set("name", &mut database.name, request.name);
    mask.set(
        "description",
        &mut database.description,
        request.description,
    );
    mask.set("labels", &mut database.labels, request.labels);
    mask.set(
        "deletionProtection",
        &mut database.deletion_protection,
        request.deletion_protection,
    );
    let wanted = request.serverless_database.unwrap_or_default();
    let limits = database
        .serverless_database
        .get_or_insert_with(ServerlessDatabase::default);
    let [throttle, storage, enabled, provisioned, topic] =
        LIMITS.map(|path| mask.has("serverlessDatabase") || mask.has(path));
    if throttle {
        limits.throttling_rcu_limit = wanted.throttling_rcu_limit;
    }
    if storage {
        limits.storage_size_limit = wanted.storage_size_limit;
    }
    if enabled {
        limits.enable_throttling_rcu_limit = wanted.enable_throttling_rcu_limit;
    }
    if provisioned {
        limits.provisioned_rcu_limit = wanted.provisioned_rcu_limit;
    }
    if topic {
        limits.topic_write_quota = wanted.topic_write_quota;
    }
    default_storage(limits);
}

/// Fills in the limit that a request left at 0.
pub(crate) fn default_storage(limits: &mut ServerlessDatabase) {
    if limits.storage_size_limit == 0 {
        limits.storage_size_limit = DEFAULT_STORAGE;
    }
}

pub(super) fn deleted(cloud: &Cloud, id: &str, served: Served) -> Result<Value, Status> {
    served?;
    cloud.state().databases.remove(id);
    Ok(empty())
}
