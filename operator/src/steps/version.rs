//! The function's version: the handler's zip and its configuration. While a new
//! one is being made, or cannot be made, the one that serves goes on serving.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use wschat_crds::{Occasion, Reason, ResourceStatus};
use yandex_cloud_rest::model::version::{CreateVersionRequest, Resources, Version as Model};

use super::account::Account;
use super::database::Database;
use super::function::Function;
use super::live::TAG;
use super::operation::{Mutation, Standing, begin, fulfilled, standing};
use super::sight::{LOOK_AGAIN, shows_late};
use crate::age;
use crate::change::{Change, LATER};
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

/// How many versions of our making a function keeps, the one that serves and
/// the newest among them.
const KEPT: usize = 3;

/// What other steps need of the version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) id: String,
    /// Whether the function's list of versions, if this look read it, has the
    /// tag `live` on it.
    pub(crate) is_tagged: bool,
}

impl Version {
    /// One that this look didn't read.
    fn unread(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            is_tagged: false,
        }
    }

    /// One as it is listed.
    fn read(model: &Model) -> Self {
        Self {
            id: model.id.clone(),
            is_tagged: model.tags.iter().any(|tag| tag == TAG),
        }
    }
}

/// What a version is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) function: &'a Function,
    pub(crate) account: &'a Account,
    pub(crate) database: &'a Database,
    pub(crate) handler: &'a DesiredHandler,
    pub(crate) topic: &'a DesiredTopic,
    /// The version that the tag `live` is on, if one serves.
    pub(crate) serving: Option<&'a str>,
}

/// The version's configuration, without the zip itself (pure).
fn request(parts: Parts<'_>, connections: &str) -> CreateVersionRequest {
    let Parts {
        function,
        account,
        database,
        handler,
        topic,
        serving: _,
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

/// What a version is known by: its configuration and its handler.
pub(crate) fn hash(
    context: &Context,
    parts: Parts<'_>,
    connections: &str,
) -> Result<String, serde_json::Error> {
    request_hash(&(
        request(parts, connections),
        &context.settings.handler.sha256,
    ))
}

/// What to do about the versions that are there.
#[derive(Debug, PartialEq, Eq)]
enum Plan<'a> {
    /// This one is as wished.
    Keep(&'a Model),
    /// The cloud makes it.
    Wait,
    /// This one is too old to be kept. The cloud removes none that has a tag,
    /// `$latest` included.
    Prune(&'a Model),
    Create,
}

/// What to do about the versions that are there (pure). A version of the wished
/// configuration is taken up again only if it serves, or is the newest: the
/// health event reaches no other. One without an id can't be meant: a spoilt answer
/// told of it.
fn plan<'a>(versions: &'a [Model], description: &str, serving: Option<&str>) -> Plan<'a> {
    let versions = || versions.iter().filter(|version| !version.id.is_empty());
    let mut ours: Vec<&Model> = versions()
        .filter(|version| version.description.starts_with(MARK))
        .filter(|version| matches!(version.status.as_str(), "ACTIVE" | "CREATING" | ""))
        .collect();
    ours.sort_by_key(|version| by_age(version));
    let newest = versions().max_by_key(|version| by_age(version));
    let is_serving = |version: &Model| serving == Some(&*version.id);
    let usable = |version: &&&Model| {
        is_serving(version) || newest.is_some_and(|newest| newest.id == version.id)
    };
    let mut made = ours
        .iter()
        .filter(|version| version.description == description)
        .filter(usable);
    match made.next() {
        Some(version) if version.status == "CREATING" => return Plan::Wait,
        Some(version) => return Plan::Keep(version),
        None => {}
    }
    let too_many = ours.len() >= KEPT;
    let oldest = ours
        .into_iter()
        .find(|version| !is_serving(version) && version.tags.is_empty());
    match oldest {
        Some(oldest) if too_many => Plan::Prune(oldest),
        _ => Plan::Create,
    }
}

fn by_age(version: &Model) -> impl Ord {
    age::key(
        version.created_at.as_deref().unwrap_or_default(),
        &version.id,
    )
}

/// Sees to it that the function has a version of this configuration.
pub(crate) async fn ensure(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    parts: Parts<'_>,
) -> Outcome<Version> {
    let mut serving = parts.serving.map(Version::unread);
    let outcome = settle(try_ensure(pass, saved, parts, &mut serving).await);
    outcome.or_serving(serving)
}

async fn try_ensure(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    parts: Parts<'_>,
    serving: &mut Option<Version>,
) -> Result<Outcome<Version>, StepError> {
    let cloud = &pass.context.cloud;
    let connections = cloud
        .connections_endpoint()
        .await
        .map_err(|source| StepError::Cloud {
            action: "find the connections of",
            resource: Resource::Gateway,
            source,
        })?;
    let hash = hash(pass.context, parts, &connections)?;
    if let Standing::Running(again) = standing(pass, RESOURCE, saved).await? {
        return Ok(making(again));
    }
    if let Some(id) = &saved.id
        && pass.believes(RESOURCE, saved, &hash)
    {
        return Ok(Outcome::Ready(Version::unread(id)));
    }
    let mut request = request(parts, &connections);
    request.description = format!("{MARK}{hash}");
    let versions = match parts.function.id.as_str() {
        LATER => Vec::new(),
        function => cloud.versions(function).await.map_err(|source| {
            let (action, resource) = ("look at", RESOURCE);
            StepError::Cloud {
                action,
                resource,
                source,
            }
        })?,
    };
    if shows_late(pass, saved, versions.iter().map(|one| &one.id)) {
        return Ok(making(LOOK_AGAIN));
    }
    // What somebody removed serves no more.
    serving.take_if(|serving| !versions.iter().any(|there| there.id == serving.id));
    match plan(&versions, &request.description, parts.serving) {
        Plan::Wait => Ok(making(Duration::from_millis(500))),
        Plan::Keep(version) => {
            saved.id = Some(version.id.clone());
            fulfilled(saved, hash);
            pass.journal.save(RESOURCE, saved).await?;
            Ok(Outcome::Ready(Version::read(version)))
        }
        Plan::Prune(version) if !pass.plans => prune(pass, saved, version).await,
        Plan::Prune(_) | Plan::Create => create(pass, saved, request, &hash).await,
    }
}

async fn prune(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    version: &Model,
) -> Result<Outcome<Version>, StepError> {
    let hash = request_hash(&("prune", &version.id))?;
    let mutation = Mutation {
        resource: RESOURCE,
        action: "prune",
        hash: &hash,
        id_field: None,
        change: None,
    };
    let cloud = &pass.context.cloud;
    let call = |key| cloud.delete_version(&version.id, key);
    Ok(making(begin(pass, mutation, saved, call).await?.again()))
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
    let told = serde_json::to_value(&request)?;
    let occasion = Occasion::of_creation(saved.hash.as_deref() == Some(hash));
    let change = Change::create(RESOURCE, occasion, &told);
    if pass.planned(&change) {
        return Ok(Outcome::Ready(Version::unread(LATER)));
    }
    request.content = Some(STANDARD.encode(&settings.handler.zip));
    let mutation = Mutation {
        resource: RESOURCE,
        action: "create",
        hash,
        id_field: Some("functionVersionId"),
        change: Some(change),
    };
    let call = |key| cloud.create_version(&request, key);
    Ok(making(begin(pass, mutation, saved, call).await?.again()))
}

fn making(again: Duration) -> Outcome<Version> {
    Outcome::waiting(
        Reason::Updating,
        "the cloud makes the function version",
        again,
    )
}

#[cfg(test)]
mod tests;
