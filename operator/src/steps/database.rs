//! The serverless database.

mod removal;

use std::time::Instant;

use uuid::Uuid;
use wschat_crds::ResourceStatus;
use yandex_cloud_rest::model::database::{
    CreateDatabaseRequest, Database as Model, ServerlessDatabase, UpdateDatabaseRequest,
};
use yandex_cloud_rest::model::operation::Operation;
use yandex_cloud_rest::model::{FieldMask, Labels};

pub(crate) use self::removal::remove;
use super::child::{Child, Facts, Marks, State, all_labels, ensure as ensure_child};
use crate::change::{Difference, LATER, paths};
use crate::cloud::{Cloud, CloudError, CloudKind};
use crate::context::Pass;
use crate::error::StepError;
use crate::inventory::{Content, Folder};
use crate::outcome::Outcome;
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

    const PRECIOUS: bool = true;

    type Model = Model;
    type Wish = CreateDatabaseRequest;

    fn facts(model: &Model) -> Facts {
        facts(model)
    }

    fn differences(wish: &CreateDatabaseRequest, model: &Model) -> Vec<Difference> {
        differences(wish, model)
    }

    fn listed(lists: &Folder, id: &str) -> Result<Option<Model>, CloudError> {
        let all = lists.databases.as_ref().map_err(Clone::clone)?;
        Ok(all.get(id).cloned())
    }

    async fn get(cloud: &Cloud, id: &str) -> Result<Model, CloudError> {
        cloud.database(id).await
    }

    async fn named(pass: &Pass<'_>, name: &str) -> Result<Vec<Model>, CloudError> {
        let since = pass.survey.doubted();
        match named_since(pass, name, since).await {
            Ok(found) if !found.is_empty() => Ok(found),
            // What a list of before doesn't show may be there all the same.
            Ok(_) | Err(_) => named_since(pass, name, Some(pass.began)).await,
        }
    }

    async fn create(
        cloud: &Cloud,
        wish: &CreateDatabaseRequest,
        key: Uuid,
    ) -> Result<Operation, CloudError> {
        cloud.create_database(wish, key).await
    }

    async fn update(
        cloud: &Cloud,
        wish: &CreateDatabaseRequest,
        model: &Model,
        differences: &[Difference],
        key: Uuid,
    ) -> Result<Operation, CloudError> {
        let request = update(wish, model, differences);
        cloud.update_database(&model.id, &request, key).await
    }

    async fn label(
        cloud: &Cloud,
        model: &Model,
        labels: Labels,
        key: Uuid,
    ) -> Result<Operation, CloudError> {
        let request = UpdateDatabaseRequest {
            update_mask: Some(FieldMask::of(["labels"])),
            labels,
            folder_id: model.folder_id.clone(),
            ..UpdateDatabaseRequest::default()
        };
        cloud.update_database(&model.id, &request, key).await
    }

    async fn delete(cloud: &Cloud, id: &str, key: Uuid) -> Result<Operation, CloudError> {
        cloud.delete_database(id, key).await
    }
}

/// The databases of this name that a list shows which was taken since then, as they
/// are now. The list of databases takes no filter, so with many chats each would
/// read thousands: they share it.
async fn named_since(
    pass: &Pass<'_>,
    name: &str,
    since: Option<Instant>,
) -> Result<Vec<Model>, CloudError> {
    let listed = pass.index(Content::Databases, since).await;
    let mut found = Vec::new();
    for id in listed.of(name)? {
        match pass.context.cloud.database(id).await {
            Ok(database) if database.name == name => found.push(database),
            Ok(_) => {}
            Err(error) if error.kind == CloudKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn facts(database: &Model) -> Facts {
    Facts {
        id: database.id.clone(),
        labels: database.labels.clone(),
        created_at: database.created_at.clone().unwrap_or_default(),
        state: State::of(&database.status),
        endpoint: Some(database.endpoint.clone()),
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

fn differences(wish: &CreateDatabaseRequest, found: &Model) -> Vec<Difference> {
    let is = Marks {
        name: &found.name,
        description: &found.description,
        labels: &found.labels,
    };
    let mut all = is.differences(Marks {
        name: &wish.name,
        description: &wish.description,
        labels: &wish.labels,
    });
    all.extend(Difference::between(
        "deletionProtection",
        &found.deletion_protection,
        &wish.deletion_protection,
    ));
    let limits = found.serverless_database.clone().unwrap_or_default();
    let wanted = wish.serverless_database.clone().unwrap_or_default();
    all.extend(Difference::between(
        "serverlessDatabase.enableThrottlingRcuLimit",
        &limits.enable_throttling_rcu_limit,
        &wanted.enable_throttling_rcu_limit,
    ));
    // Without the flag, the limit means nothing.
    if wanted.enable_throttling_rcu_limit {
        all.extend(Difference::between(
            "serverlessDatabase.throttlingRcuLimit",
            &limits.throttling_rcu_limit,
            &wanted.throttling_rcu_limit,
        ));
    }
    all.extend(Difference::between(
        "serverlessDatabase.storageSizeLimit",
        &limits.storage_size_limit,
        &wanted.storage_size_limit,
    ));
    all
}

/// Limits go as a whole, as Terraform sends them; those that the spec doesn't
/// know stay as they are.
fn update(
    wish: &CreateDatabaseRequest,
    found: &Model,
    differences: &[Difference],
) -> UpdateDatabaseRequest {
    let kept = found.serverless_database.clone().unwrap_or_default();
    let wanted = wish.serverless_database.clone().unwrap_or_default();
    UpdateDatabaseRequest {
        folder_id: wish.folder_id.clone(),
        update_mask: Some(FieldMask::of(paths(differences))),
        name: wish.name.clone(),
        description: wish.description.clone(),
        labels: all_labels(&found.labels, &wish.labels),
        deletion_protection: wish.deletion_protection,
        serverless_database: Some(ServerlessDatabase {
            enable_throttling_rcu_limit: wanted.enable_throttling_rcu_limit,
            throttling_rcu_limit: wanted.throttling_rcu_limit,
            storage_size_limit: wanted.storage_size_limit,
            ..kept
        }),
    }
}

/// Sees to it that the database runs.
pub(crate) async fn ensure(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    desired: &DesiredDatabase,
) -> Outcome<Database> {
    let wish = request(pass.identity, desired);
    let outcome = ensure_child::<Databases>(pass, saved, &wish, &wish.name).await;
    let mut is_lame = false;
    let outcome = outcome.try_map(|facts| located(facts).inspect_err(|_| is_lame = true));
    if is_lame {
        // It isn't believed another time: the next look reads the database.
        saved.hash = None;
    }
    outcome
}

impl Database {
    /// The one of this connection string: left of `/?database=` is the server,
    /// right of it the path. None without a path.
    pub(crate) fn at(connection_string: &str) -> Option<Self> {
        let (_, path) = connection_string.split_once("/?database=")?;
        path.starts_with('/').then(|| Self {
            path: path.to_owned(),
            connection_string: connection_string.to_owned(),
        })
    }
}

/// Where the database is.
fn located(facts: Facts) -> Result<Database, StepError> {
    let connection_string = facts.endpoint.unwrap_or_default();
    if connection_string == LATER {
        let path = LATER.to_owned();
        return Ok(Database {
            connection_string,
            path,
        });
    }
    Database::at(&connection_string).ok_or_else(|| StepError::Cloud {
        action: "use",
        resource: RESOURCE,
        source: CloudError::from(yandex_cloud_rest::Error::Decode {
            call: format!("the endpoint of {}", facts.id),
            message: format!("{connection_string:?} is none"),
        }),
    })
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
        // A lame answer says nothing about the database, which may be well.
        for lame in ["", "grpcs://ydb:2135/?data`base=/ru-central1/b1g/etn1"] {
            let error = located(at(lame)).unwrap_err();
            assert_eq!(error.reason(), wschat_crds::Reason::CloudUnavailable);
            assert!(!error.to_string().contains("delete"), "{error}");
        }
    }

    fn wished() -> CreateDatabaseRequest {
        let chat = wschat_crds::WsChat::new("lobby", wschat_crds::WsChatSpec::default());
        let defaults = crate::validate::Defaults {
            folder_id: "b1g".to_owned(),
            installation_id: "here".to_owned(),
            allowed_folders: Vec::new(),
            own_account: None,
        };
        let desired = DesiredDatabase {
            request_units: 0,
            storage: 1 << 30,
            protected: false,
        };
        request(&crate::validate::identity(&chat, &defaults), &desired)
    }

    /// What the cloud has when the wish is fulfilled, and more.
    fn there() -> Model {
        let wish = wished();
        let limits = wish.serverless_database.unwrap();
        Model {
            name: wish.name,
            description: wish.description,
            labels: wish.labels,
            serverless_database: Some(ServerlessDatabase {
                topic_write_quota: 7,
                ..limits
            }),
            ..Model::default()
        }
    }

    fn fields(wish: &CreateDatabaseRequest) -> Vec<String> {
        let differences = differences(wish, &there());
        differences.into_iter().map(|all| all.field).collect()
    }

    #[test]
    fn what_is_as_wished_needs_no_update() {
        assert_eq!(fields(&wished()), Vec::<String>::new());
    }

    #[test]
    fn each_setting_is_a_difference_of_its_own() {
        let mut wish = wished();
        wish.deletion_protection = true;
        assert_eq!(fields(&wish), ["deletionProtection"]);
        let mut wish = wished();
        wish.serverless_database
            .as_mut()
            .unwrap()
            .storage_size_limit *= 2;
        assert_eq!(fields(&wish), ["serverlessDatabase.storageSizeLimit"]);
        let mut wish = wished();
        let limits = wish.serverless_database.as_mut().unwrap();
        limits.throttling_rcu_limit = 5;
        assert_eq!(
            fields(&wish),
            Vec::<String>::new(),
            "the limit isn't switched on"
        );
    }

    #[test]
    fn an_update_names_what_differs_and_keeps_what_the_spec_does_not_know() {
        let mut wish = wished();
        wish.serverless_database
            .as_mut()
            .unwrap()
            .storage_size_limit *= 2;
        let request = update(&wish, &there(), &differences(&wish, &there()));
        assert_eq!(
            request.update_mask,
            Some(FieldMask::of(["serverlessDatabase"]))
        );
        let limits = request.serverless_database.unwrap();
        assert_eq!(
            (limits.storage_size_limit, limits.topic_write_quota),
            (2 << 30, 7)
        );
    }
}
