//! `/ydb/v1/databases`, serverless ones (proto `ydb/v1/database_service.proto`).

use http::Method;
use serde_json::{Value, json};
use yandex_cloud_rest::model::database::{
    CreateDatabaseRequest, Database, ServerlessDatabase, UpdateDatabaseRequest,
};

use super::named::{page_of_folder, unique_in_folder};
use super::page::to_value;
use super::validate::{Mask, Violations, message};
use super::{Call, filter};
use crate::cloud::{LOCATION, Target, any, empty, quotas, settled};
use crate::error::Status;
use crate::iam::{Permission, Resource};
use crate::ids::prefix;

/// What a database gets when its limit is left at 0: 50 GiB.
const DEFAULT_STORAGE: i64 = 53_687_091_200;

const LIMITS: [&str; 5] = [
    "serverlessDatabase.throttlingRcuLimit",
    "serverlessDatabase.storageSizeLimit",
    "serverlessDatabase.enableThrottlingRcuLimit",
    "serverlessDatabase.provisionedRcuLimit",
    "serverlessDatabase.topicWriteQuota",
];

pub(super) fn route(call: &Call) -> Result<Value, Status> {
    match (
        &call.method,
        call.path.segments().as_slice(),
        call.path.verb(),
    ) {
        (&Method::GET, [_, _, _], None) => list(call),
        (&Method::POST, [_, _, _], None) => create(call),
        (&Method::GET, [_, _, _, id], None) => to_value(&find(call, id, Permission::YdbGet)?),
        (&Method::PATCH, [_, _, _, id], None) => update(call, id),
        (&Method::DELETE, [_, _, _, id], None) => delete(call, id),
        _ => Err(call.unimplemented()),
    }
}

fn find(call: &Call, id: &str, permission: Permission) -> Result<Database, Status> {
    let database = call.cloud.state().database(id)?.clone();
    call.authorize(permission, &Resource::database(&database.folder_id, id))?;
    Ok(database)
}

fn list(call: &Call) -> Result<Value, Status> {
    let folder_id = call.listed_folder(Permission::YdbGet)?;
    filter::none(&call.query, "Databases")?;
    let state = call.cloud.state();
    page_of_folder(
        call,
        "databases",
        &folder_id,
        None,
        state.databases.values(),
    )
}

fn check_limits(violations: &mut Violations, limits: &ServerlessDatabase) {
    let numbers = [
        limits.throttling_rcu_limit,
        limits.storage_size_limit,
        limits.provisioned_rcu_limit,
        limits.topic_write_quota,
    ];
    let good = numbers.iter().all(|number| *number >= 0);
    violations.check("serverlessDatabase", good, "Limits must not be negative");
}

fn create(call: &Call) -> Result<Value, Status> {
    let request: CreateDatabaseRequest = message(&call.body)?;
    let mut violations = Violations::default();
    violations.id("folderId", &request.folder_id);
    violations.longest("name", &request.name, 63);
    violations.longest("description", &request.description, 256);
    violations.check(
        "locationId",
        matches!(request.location_id.as_str(), "" | LOCATION),
        "The emulator has ru-central1 only",
    );
    match &request.serverless_database {
        Some(limits) => check_limits(&mut violations, limits),
        None => violations.add("databaseType", "The emulator has serverlessDatabase only"),
    }
    violations.finish()?;
    call.folder(&request.folder_id, Permission::YdbManage)?;
    call.cloud.check_quota(quotas::DATABASES)?;
    check_name(call, &request.folder_id, &request.name, None)?;
    let id = call.cloud.ids().next(prefix::DATABASE);
    let path = call.cloud.database_path(&id);
    let mut limits = request.serverless_database.unwrap_or_default();
    default_storage(&mut limits);
    let database = Database {
        id: id.clone(),
        folder_id: request.folder_id,
        created_at: call.cloud.now(),
        name: request.name,
        description: request.description,
        status: "PROVISIONING".to_owned(),
        // The sample in the cloud's documentation has it from the start.
        endpoint: format!("{}/?database={path}", call.cloud.settings().ydb_url()),
        serverless_database: Some(limits),
        location_id: LOCATION.to_owned(),
        labels: request.labels,
        deletion_protection: request.deletion_protection,
    };
    call.cloud
        .state()
        .databases
        .insert(id.clone(), database.clone());
    let cloud = call.cloud.clone();
    call.begin(
        &target(
            "Create database",
            "ydb.v1.CreateDatabaseMetadata",
            &database,
        ),
        async move {
            let folder_id = cloud.state().database(&id)?.folder_id.clone();
            let made = cloud.plane().create_database(&path, &folder_id, &id).await;
            let mut state = cloud.state();
            let Some(database) = state.databases.get_mut(&id) else {
                return Err(Status::not_found(format!("Database {id} not found")));
            };
            let status = if made.is_ok() { "RUNNING" } else { "ERROR" };
            status.clone_into(&mut database.status);
            made?;
            any("ydb.v1.Database", database)
        },
    )
}

fn default_storage(limits: &mut ServerlessDatabase) {
    if limits.storage_size_limit == 0 {
        limits.storage_size_limit = DEFAULT_STORAGE;
    }
}

/// Unique in the folder: a guess, the proto file doesn't say.
fn check_name(
    call: &Call,
    folder_id: &str,
    name: &str,
    own_id: Option<&str>,
) -> Result<(), Status> {
    let state = call.cloud.state();
    let all = state.databases.values();
    unique_in_folder("Database", folder_id, name, own_id, all)
}

fn target<'a>(description: &'a str, metadata_type: &'a str, database: &'a Database) -> Target<'a> {
    Target {
        description,
        metadata_type,
        metadata: json!({ "databaseId": database.id, "databaseName": database.name }),
        folder_id: &database.folder_id,
        resource_id: &database.id,
    }
}

fn update(call: &Call, id: &str) -> Result<Value, Status> {
    let mut request: UpdateDatabaseRequest = message(&call.body)?;
    let mutable = [
        "name",
        "description",
        "labels",
        "deletionProtection",
        "serverlessDatabase",
    ];
    let mutable: Vec<&str> = mutable.into_iter().chain(LIMITS).collect();
    let mask = Mask::parse(request.update_mask.take(), &mutable)?;
    let mut violations = Violations::default();
    violations.longest("name", &request.name, 63);
    violations.longest("description", &request.description, 256);
    check_limits(
        &mut violations,
        request
            .serverless_database
            .as_ref()
            .unwrap_or(&DEFAULT_LIMITS),
    );
    violations.finish()?;
    let database = find(call, id, Permission::YdbManage)?;
    if !request.folder_id.is_empty() && request.folder_id != database.folder_id {
        let text = "folderId can't be changed by an update; the emulator has no :move";
        return Err(Status::invalid_argument(text));
    }
    settled("Database", id, &database.status)?;
    if mask.has("name") {
        check_name(call, &database.folder_id, &request.name, Some(id))?;
    }
    set_status(call, id, "UPDATING");
    let (cloud, id) = (call.cloud.clone(), id.to_owned());
    call.begin(
        &target(
            "Update database",
            "ydb.v1.UpdateDatabaseMetadata",
            &database,
        ),
        async move {
            let mut state = cloud.state();
            let Some(database) = state.databases.get_mut(&id) else {
                return Err(Status::not_found(format!("Database {id} not found")));
            };
            apply(database, request, &mask);
            "RUNNING".clone_into(&mut database.status);
            any("ydb.v1.Database", database)
        },
    )
}

static DEFAULT_LIMITS: ServerlessDatabase = ServerlessDatabase {
    throttling_rcu_limit: 0,
    storage_size_limit: 0,
    enable_throttling_rcu_limit: false,
    provisioned_rcu_limit: 0,
    topic_write_quota: 0,
};

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

fn set_status(call: &Call, id: &str, status: &str) {
    if let Some(database) = call.cloud.state().databases.get_mut(id) {
        status.clone_into(&mut database.status);
    }
}

fn delete(call: &Call, id: &str) -> Result<Value, Status> {
    let database = find(call, id, Permission::YdbManage)?;
    if database.deletion_protection {
        // The code is a guess: the cloud documents only that it refuses.
        let text = format!("Database {id} has deletion protection; switch it off first");
        return Err(Status::failed_precondition(text));
    }
    settled("Database", id, &database.status)?;
    set_status(call, id, "DELETING");
    let (cloud, id) = (call.cloud.clone(), id.to_owned());
    call.begin(
        &target(
            "Delete database",
            "ydb.v1.DeleteDatabaseMetadata",
            &database,
        ),
        async move {
            cloud
                .plane()
                .delete_database(&cloud.database_path(&id))
                .await;
            cloud.state().databases.remove(&id);
            Ok(empty())
        },
    )
}
