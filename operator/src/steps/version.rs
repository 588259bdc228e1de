//! The function's version: the handler's zip and its configuration.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use wschat_crds::ResourceStatus;
use yandex_cloud_rest::model::version::{CreateVersionRequest, Resources, Version as Model};

use super::account::Account;
use super::database::Database;
use super::function::Function;
use super::operation::{Mutation, Standing, begin, fulfilled, standing};
use crate::context::{Context, Pass};
use crate::error::StepError;
use crate::idempotency::request_hash;
use crate::outcome::{Outcome, settle};
use crate::resource::Resource;
use crate::validate::{DesiredHandler, DesiredTopic};

const RESOURCE: Resource = Resource::Version;

/// What versions of this operator's making say in their description, before
/// the hash of their configuration. The cloud returns no hash of a zip.
const MARK: &str = "wschat ";

/// What other steps need of the version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) id: String,
}

/// What a version is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) function: &'a Function,
    pub(crate) account: &'a Account,
    pub(crate) database: &'a Database,
    pub(crate) handler: &'a DesiredHandler,
    pub(crate) topic: &'a DesiredTopic,
}

/// The version's configuration, without the zip itself (pure).
fn request(parts: Parts<'_>, connections: &str) -> CreateVersionRequest {
    let Parts {
        function,
        account,
        database,
        handler,
        topic,
    } = parts;
    CreateVersionRequest {
        function_id: function.id.clone(),
        runtime: "nodejs22".to_owned(),
        entrypoint: "index.handler".to_owned(),
        resources: Resources {
            memory: handler.memory,
        },
        execution_timeout: Some(handler.timeout.into()),
        service_account_id: account.id.clone(),
        concurrency: handler.concurrency,
        environment: environment(database, topic, connections, handler.log_level.as_str()),
        ..CreateVersionRequest::default()
    }
}

fn environment(
    database: &Database,
    topic: &DesiredTopic,
    connections: &str,
    log_level: &str,
) -> BTreeMap<String, String> {
    [
        ("YDB_CONNECTION_STRING", database.connection_string.as_str()),
        ("YDB_DATABASE", &database.path),
        ("BROADCAST_TOPIC", &topic.name),
        ("YC_CONNECTIONS_ENDPOINT", connections),
        ("LOG_LEVEL", log_level),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}

/// The version of this configuration, the oldest if a crash made several
/// (pure).
fn made<'a>(versions: &'a [Model], description: &str) -> Option<&'a Model> {
    versions
        .iter()
        .filter(|version| version.description == description)
        .filter(|version| matches!(version.status.as_str(), "ACTIVE" | "CREATING" | ""))
        .min_by_key(|version| (&version.created_at, &version.id))
}

/// Sees to it that the function has a version of this configuration.
pub(crate) async fn ensure(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    parts: Parts<'_>,
) -> Outcome<Version> {
    settle(try_ensure(pass, saved, parts).await)
}

async fn try_ensure(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    parts: Parts<'_>,
) -> Result<Outcome<Version>, StepError> {
    let Context {
        cloud, settings, ..
    } = pass.context;
    let connections = cloud
        .connections_endpoint()
        .await
        .map_err(|source| StepError::Cloud {
            action: "find the connections of",
            resource: Resource::Gateway,
            source,
        })?;
    let mut request = request(parts, &connections);
    let hash = request_hash(&(&request, &settings.handler.sha256))?;
    if let Standing::Running(again) = standing(pass, RESOURCE, saved).await? {
        return Ok(making(again));
    }
    if let (Some(id), Some(made)) = (&saved.id, &saved.hash) {
        let version = Version { id: id.clone() };
        return Ok(Outcome::made(version, made, &hash));
    }
    request.description = format!("{MARK}{hash}");
    let versions = cloud
        .versions(&parts.function.id)
        .await
        .map_err(|source| StepError::Cloud {
            action: "look at",
            resource: RESOURCE,
            source,
        })?;
    match made(&versions, &request.description) {
        Some(version) if version.status == "CREATING" => Ok(making(Duration::from_millis(500))),
        Some(version) => {
            saved.id = Some(version.id.clone());
            fulfilled(saved, hash);
            pass.journal.save(RESOURCE, saved).await?;
            Ok(Outcome::Ready(Version {
                id: version.id.clone(),
            }))
        }
        None => create(pass, saved, request, &hash).await,
    }
}

async fn create(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    mut request: CreateVersionRequest,
    hash: &str,
) -> Result<Outcome<Version>, StepError> {
    let Context {
        cloud, settings, ..
    } = pass.context;
    request.content = Some(STANDARD.encode(&settings.handler.zip));
    let mutation = Mutation {
        resource: RESOURCE,
        action: "create",
        hash,
        id_field: Some("functionVersionId"),
    };
    match begin(pass, mutation, saved, |key| {
        cloud.create_version(&request, key)
    })
    .await?
    {
        Standing::Running(again) => Ok(making(again)),
        Standing::Finished | Standing::Idle => Ok(making(Duration::ZERO)),
    }
}

fn making(again: Duration) -> Outcome<Version> {
    Outcome::pending("the cloud makes the function version", again)
}

#[cfg(test)]
mod tests {
    use wschat_crds::LogLevel;

    use super::*;

    fn built(memory: i64) -> CreateVersionRequest {
        let parts = Parts {
            function: &Function {
                id: "d4e1".to_owned(),
                invoke_url: String::new(),
            },
            account: &Account {
                id: "aje1".to_owned(),
            },
            database: &Database {
                connection_string: "grpcs://ydb:2135/?database=/r/c/d".to_owned(),
                path: "/r/c/d".to_owned(),
            },
            handler: &DesiredHandler {
                memory,
                timeout: Duration::from_secs(30),
                concurrency: 16,
                min_instances: 0,
                log_level: LogLevel::Info,
            },
            topic: &DesiredTopic {
                name: "broadcast-topic".to_owned(),
                retention: Duration::from_hours(1),
            },
        };
        request(parts, "https://connections")
    }

    #[test]
    fn the_handler_learns_where_everything_is() {
        let request = built(1 << 28);
        assert_eq!(request.runtime, "nodejs22");
        assert_eq!(request.entrypoint, "index.handler");
        assert_eq!(request.service_account_id, "aje1");
        let environment: Vec<_> = request
            .environment
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        assert_eq!(
            environment,
            [
                ("BROADCAST_TOPIC", "broadcast-topic"),
                ("LOG_LEVEL", "info"),
                ("YC_CONNECTIONS_ENDPOINT", "https://connections"),
                ("YDB_CONNECTION_STRING", "grpcs://ydb:2135/?database=/r/c/d"),
                ("YDB_DATABASE", "/r/c/d"),
            ]
        );
    }

    #[test]
    fn every_setting_makes_another_version() {
        let hash = |memory| request_hash(&(built(memory), "zip")).unwrap();
        assert_eq!(hash(1 << 28), hash(1 << 28));
        assert_ne!(hash(1 << 28), hash(1 << 29));
    }

    #[test]
    fn a_version_is_found_by_its_description() {
        let version = |id: &str, description: &str, status: &str, created: &str| Model {
            id: id.to_owned(),
            description: description.to_owned(),
            status: status.to_owned(),
            created_at: Some(created.to_owned()),
            ..Model::default()
        };
        let versions = [
            version("other", "wschat other", "ACTIVE", "1"),
            version("dying", "wschat h", "DELETING", "1"),
            version("second", "wschat h", "ACTIVE", "3"),
            version("first", "wschat h", "ACTIVE", "2"),
        ];
        assert_eq!(made(&versions, "wschat h").unwrap().id, "first");
        assert!(made(&versions, "wschat new").is_none());
    }
}
