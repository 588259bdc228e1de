//! `/ydb/v1/databases`, serverless ones (proto `ydb/v1/database_service.proto`).

use http::Method;
use serde_json::{Value, json};
use yandex_cloud_rest::model::database::{
    CreateDatabaseRequest, Database, ServerlessDatabase, UpdateDatabaseRequest,
};

use super::named::{page_of_folder, unique_in_folder};
use super::page::to_value;
use super::validate::{Violations, mask, message};
use super::{Call, filter};
use crate::cloud::{LIMITS, LOCATION, Target, Work, default_storage, quotas, settled};
use crate::error::Status;
use crate::iam::{Permission, Resource};
use crate::ids::prefix;

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
        endpoint: call.cloud.settings().database_endpoint(&id),
        serverless_database: Some(limits),
        location_id: LOCATION.to_owned(),
        labels: request.labels,
        deletion_protection: request.deletion_protection,
    };
    call.cloud
        .state()
        .databases
        .insert(id.clone(), database.clone());
    let target = target(
        "Create database",
        "ydb.v1.CreateDatabaseMetadata",
        &database,
    );
    call.begin(&target, Work::CreateDatabase { id })
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
    let mask = mask(request.update_mask.take(), &mutable)?;
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
    let target = target(
        "Update database",
        "ydb.v1.UpdateDatabaseMetadata",
        &database,
    );
    let id = id.to_owned();
    call.begin(&target, Work::UpdateDatabase { id, request, mask })
}

static DEFAULT_LIMITS: ServerlessDatabase = ServerlessDatabase {
    throttling_rcu_limit: 0,
    storage_size_limit: 0,
    enable_throttling_rcu_limit: false,
    provisioned_rcu_limit: 0,
    topic_write_quota: 0,
};

fn set_status(call: &Call, id: &str, status: &str) {
    if let Some(mut database) = call.cloud.state().databases.edit(id) {
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
    let target = target(
        "Delete database",
        "ydb.v1.DeleteDatabaseMetadata",
        &database,
    );
    call.begin(&target, Work::DeleteDatabase { id: id.to_owned() })
}
