//! The serverless database.

use std::time::Duration;

use uuid::Uuid;
use wschat_crds::ResourceStatus;
use yandex_cloud_rest::model::FieldMask;
use yandex_cloud_rest::model::database::{
    CreateDatabaseRequest, Database as Model, ServerlessDatabase, UpdateDatabaseRequest,
};
use yandex_cloud_rest::model::operation::Operation;

use super::child::{Child, Facts, State, ensure as ensure_child, remove as remove_child};
use super::operation::{Mutation, Standing, begin};
use crate::cloud::{Cloud, CloudError};
use crate::context::Pass;
use crate::error::StepError;
use crate::idempotency::request_hash;
use crate::outcome::{Outcome, settle};
use crate::resource::Resource;
use crate::validate::{DesiredDatabase, Identity};

const RESOURCE: Resource = Resource::Database;

/// The only region that there is.
const LOCATION: &str = "ru-central1";

/// What other steps need of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Database {
    /// `grpcs://host:port/?database=/path`.
    pub(crate) connection_string: String,
    /// `/ru-central1/<cloud>/<database>`.
    pub(crate) path: String,
}

struct Databases;

impl Child for Databases {
    const RESOURCE: Resource = RESOURCE;
    const ID_FIELD: &'static str = "databaseId";

    async fn get(cloud: &Cloud, id: &str) -> Result<Facts, CloudError> {
        cloud.database(id).await.map(facts)
    }

    async fn named(cloud: &Cloud, folder_id: &str, name: &str) -> Result<Vec<Facts>, CloudError> {
        // The list of databases takes no filter.
        let databases = cloud.databases(folder_id).await?;
        Ok(databases
            .into_iter()
            .filter(|database| database.name == name)
            .map(facts)
            .collect())
    }

    async fn delete(cloud: &Cloud, id: &str, key: Uuid) -> Result<Operation, CloudError> {
        cloud.delete_database(id, key).await
    }
}

fn facts(database: Model) -> Facts {
    Facts {
        state: State::of(&database.status),
        id: database.id,
        labels: database.labels,
        created_at: database.created_at.unwrap_or_default(),
        endpoint: Some(database.endpoint),
    }
}

fn request(identity: &Identity, desired: &DesiredDatabase) -> CreateDatabaseRequest {
    CreateDatabaseRequest {
        folder_id: identity.folder_id.clone(),
        name: identity.names.database.clone(),
        description: identity.description(),
        labels: identity.labels.clone(),
        location_id: LOCATION.to_owned(),
        deletion_protection: desired.protected,
        serverless_database: Some(ServerlessDatabase {
            // With the flag, a limit of 0 would block every request.
            enable_throttling_rcu_limit: desired.request_units > 0,
            throttling_rcu_limit: desired.request_units,
            storage_size_limit: desired.storage,
            ..ServerlessDatabase::default()
        }),
    }
}

/// Sees to it that the database runs.
pub(crate) async fn ensure(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    desired: &DesiredDatabase,
) -> Outcome<Database> {
    settle(try_ensure(pass, saved, desired).await).try_map(located)
}

async fn try_ensure(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    desired: &DesiredDatabase,
) -> Result<Outcome<Facts>, StepError> {
    let request = request(pass.identity, desired);
    let hash = request_hash(&request)?;
    let cloud = &pass.context.cloud;
    let name = &pass.identity.names.database;
    ensure_child::<Databases, _>(pass, saved, name, &hash, |key| async move {
        cloud.create_database(&request, key).await
    })
    .await
}

/// Takes the endpoint apart: left of `/?database=` is the server, right of it
/// the path.
fn located(facts: Facts) -> Result<Database, StepError> {
    let connection_string = facts.endpoint.unwrap_or_default();
    match connection_string.split_once("/?database=") {
        Some((_, path)) if path.starts_with('/') => Ok(Database {
            path: path.to_owned(),
            connection_string,
        }),
        _ => Err(StepError::Broken {
            resource: RESOURCE,
            id: facts.id,
            state: format!("without an endpoint ({connection_string:?})"),
        }),
    }
}

/// Sees to it that the database doesn't exist.
pub(crate) async fn remove(pass: &Pass<'_>, saved: &mut ResourceStatus) -> Outcome<()> {
    settle(try_remove(pass, saved).await)
}

async fn try_remove(pass: &Pass<'_>, saved: &mut ResourceStatus) -> Result<Outcome<()>, StepError> {
    // The user has said that it may go; the cloud has to be told too.
    if saved.operation.is_none()
        && let Some(again) = unprotect(pass, saved).await?
    {
        return Ok(Outcome::pending(
            "lifting the database's deletion protection",
            again,
        ));
    }
    remove_child::<Databases>(pass, saved, &pass.identity.names.database).await
}

/// Lifts the deletion protection, if there is one of ours to lift.
async fn unprotect(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
) -> Result<Option<Duration>, StepError> {
    let cloud = &pass.context.cloud;
    let Some(id) = saved.id.clone() else {
        return Ok(None);
    };
    // Whatever that means, the removal finds out.
    let Ok(database) = cloud.database(&id).await else {
        return Ok(None);
    };
    let ours = crate::names::owns(&pass.identity.labels, &database.labels);
    if !database.deletion_protection || !ours || State::of(&database.status) == State::Leaving {
        return Ok(None);
    }
    let request = UpdateDatabaseRequest {
        folder_id: database.folder_id,
        update_mask: Some(FieldMask::of(["deletionProtection"])),
        deletion_protection: false,
        ..UpdateDatabaseRequest::default()
    };
    let hash = request_hash(&request)?;
    let mutation = Mutation {
        resource: RESOURCE,
        action: "unprotect",
        hash: &hash,
        id_field: None,
    };
    match begin(pass, mutation, saved, |key| {
        cloud.update_database(&id, &request, key)
    })
    .await?
    {
        Standing::Running(again) => Ok(Some(again)),
        Standing::Finished | Standing::Idle => Ok(Some(Duration::ZERO)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(endpoint: &str) -> Facts {
        Facts {
            id: "etn1".to_owned(),
            labels: yandex_cloud_rest::model::Labels::new(),
            created_at: String::new(),
            state: State::Serving,
            endpoint: Some(endpoint.to_owned()),
        }
    }

    #[test]
    fn an_endpoint_holds_the_path() {
        let database = located(at("grpcs://ydb:2135/?database=/ru-central1/b1g/etn1")).unwrap();
        assert_eq!(database.path, "/ru-central1/b1g/etn1");
        assert_eq!(
            database.connection_string,
            "grpcs://ydb:2135/?database=/ru-central1/b1g/etn1"
        );
        assert!(located(at("")).is_err());
    }
}
