//! Long operations: begun once, written down, and looked at until they end.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use uuid::Uuid;
use wschat_crds::ResourceStatus;
use yandex_cloud_rest::model::operation::Operation;

use crate::change::Change;
use crate::cloud::{CloudError, CloudKind};
use crate::context::Pass;
use crate::error::StepError;
use crate::idempotency;
use crate::resource::Resource;
use crate::steps::sight;

/// How a resource's operation stands.
#[derive(Debug)]
pub(crate) enum Standing {
    /// None was begun.
    Idle,
    /// It runs; look again after that long.
    Running(Duration),
    /// It ended well.
    Finished,
}

/// What a mutation is for.
#[derive(Clone, Debug)]
pub(crate) struct Mutation<'a> {
    pub(crate) resource: Resource,
    /// For messages: "create", "remove", "move", …
    pub(crate) action: &'static str,
    /// The hash of the request.
    pub(crate) hash: &'a str,
    /// The field of the operation's metadata that holds the resource's id, when
    /// the mutation makes it.
    pub(crate) id_field: Option<&'static str>,
    /// What people are told about it.
    pub(crate) change: Option<Change>,
}

impl Standing {
    /// How soon to look what came of a mutation that was just begun.
    pub(crate) fn again(&self) -> Duration {
        match self {
            Self::Running(again) => *again,
            Self::Finished | Self::Idle => Duration::ZERO,
        }
    }
}

/// How the operation stands that the status remembers.
pub(crate) async fn standing(
    pass: &Pass<'_>,
    resource: Resource,
    saved: &mut ResourceStatus,
) -> Result<Standing, StepError> {
    let Some(id) = &saved.operation else {
        return Ok(Standing::Idle);
    };
    match pass.context.cloud.operation(id).await {
        Ok(operation) => conclude(pass, resource, "finish", saved, operation).await,
        // Forgotten by the cloud, so its end is unknown: what it made is found
        // by name. The key isn't used again, it would lead here once more.
        Err(error) if error.kind == CloudKind::NotFound => {
            give_back(pass, resource);
            ended(saved);
            pass.journal.save(resource, saved).await?;
            Ok(Standing::Idle)
        }
        Err(source) => Err(StepError::Cloud {
            action: "look at the operation of",
            resource,
            source,
        }),
    }
}

/// Begins a mutation: writes the intent down, calls, and writes the operation
/// down. Repeated with the same wish, the cloud answers with the same
/// operation. Where as many operations run as may, none is begun, and one looks
/// again.
pub(crate) async fn begin<F>(
    pass: &Pass<'_>,
    mutation: Mutation<'_>,
    saved: &mut ResourceStatus,
    call: impl FnOnce(Uuid) -> F,
) -> Result<Standing, StepError>
where
    F: Future<Output = Result<Operation, CloudError>>,
{
    let Mutation {
        resource,
        action,
        hash,
        id_field,
        change,
    } = mutation;
    if !has_turn(pass, resource) {
        // It wasn't asked for.
        saved.changed = None;
        return Ok(Standing::Running(turn(rand::random())));
    }
    let key = idempotency::key(&pass.identity.uid, resource, hash, saved.sequence);
    saved.intent = Some(key.to_string());
    pass.journal.save(resource, saved).await?;
    // As late as can be: a process that was stopped since must not write.
    if !pass.leadership.holds() {
        give_back(pass, resource);
        return Err(StepError::NotLeading);
    }
    let answer = call(key).await;
    pass.context.metrics.mutated(resource, answer.is_ok());
    if answer.is_err() {
        give_back(pass, resource);
    }
    let operation = answer.map_err(|source| StepError::Cloud {
        action,
        resource,
        source,
    })?;
    tracing::info!(
        chat = pass.identity.name,
        namespace = pass.identity.namespace,
        resource = resource.field(),
        action,
        operation = operation.id,
        "asked the cloud"
    );
    if let Some(change) = change {
        pass.changes.add(change);
    }
    saved.operation = Some(operation.id.clone());
    if let Some(id) = id_field.and_then(|field| operation.metadata_text(field)) {
        saved.id = Some(id.to_owned());
    }
    pass.journal.save(resource, saved).await?;
    conclude(pass, resource, action, saved, operation).await
}

async fn conclude(
    pass: &Pass<'_>,
    resource: Resource,
    action: &'static str,
    saved: &mut ResourceStatus,
    operation: Operation,
) -> Result<Standing, StepError> {
    // An error before the end means that a rollback is running.
    if !operation.done {
        let (folder, uid) = (&pass.identity.folder_id, &pass.identity.uid);
        let slots = &pass.context.slots;
        slots.hold(folder, uid, resource, Instant::now());
        return Ok(Standing::Running(pause(&operation, Timestamp::now())));
    }
    give_back(pass, resource);
    ended(saved);
    match operation.error {
        None => {
            if makes(&operation, saved) || saved.changed.is_some() {
                sight::unseen(saved, Timestamp::now());
            }
            Ok(Standing::Finished)
        }
        Some(status) => {
            saved.changed = None;
            // A version is never changed, so this one wasn't made: its id must
            // not be taken for that of the version before.
            if resource == Resource::Version {
                saved.id = None;
            }
            pass.journal.save(resource, saved).await?;
            let source = CloudError::from_status(&status);
            Err(StepError::Operation {
                action,
                resource,
                source,
            })
        }
    }
}

/// Whether an operation of the resource may begin.
fn has_turn(pass: &Pass<'_>, resource: Resource) -> bool {
    let (folder, uid) = (&pass.identity.folder_id, &pass.identity.uid);
    let slots = &pass.context.slots;
    slots.take(folder, uid, resource, Instant::now())
}

/// An operation of the resource is over, or was never begun.
fn give_back(pass: &Pass<'_>, resource: Resource) {
    let (folder, uid) = (&pass.identity.folder_id, &pass.identity.uid);
    pass.context.slots.give_back(folder, uid, resource);
}

/// How long to wait for others' operations to end: between one second and two,
/// so that not all who wait come at once. `chance` is any number.
fn turn(chance: u8) -> Duration {
    Duration::from_millis(1000 + 1000 * u64::from(chance) / 255)
}

/// Whether the operation made or changed what the status knows by its id.
fn makes(operation: &Operation, saved: &ResourceStatus) -> bool {
    let made = operation.response.as_ref();
    let made = made.and_then(|response| response["id"].as_str());
    made.is_some() && made == saved.id.as_deref()
}

/// Its end was seen: the next mutation of this resource has another key.
fn ended(saved: &mut ResourceStatus) {
    saved.operation = None;
    saved.intent = None;
    saved.sequence += 1;
}

/// The resource was seen to be as wished: what `hash` stands for. If a reply was
/// lost in a crash, this is its end.
pub(crate) fn fulfilled(saved: &mut ResourceStatus, hash: String) {
    sight::seen(saved);
    if saved.intent.is_some() {
        ended(saved);
    }
    saved.hash = Some(hash);
}

/// How long to wait for an operation, by its age: most end within seconds, and
/// some take minutes.
fn pause(operation: &Operation, now: Timestamp) -> Duration {
    let created = operation
        .created_at
        .as_ref()
        .and_then(|text| text.parse::<Timestamp>().ok());
    let age = created.map_or(0, |created| now.as_second() - created.as_second());
    match age {
        ..=3 => Duration::from_millis(200),
        4..=15 => Duration::from_millis(500),
        16..=60 => Duration::from_secs(1),
        _ => Duration::from_secs(3),
    }
}

#[cfg(test)]
mod tests {
    use kube::Api;
    use serde_json::json;

    use super::*;
    use crate::change::Changes;
    use crate::journal::Journal;
    use crate::slots::AT_ONCE;
    use crate::survey::Survey;
    use crate::testing::{World, world};
    use crate::validate::identity;

    /// Begins to make a version; tells how it stands, and whether the cloud was
    /// asked.
    async fn begin_version(world: &World, saved: &mut ResourceStatus) -> (Standing, bool) {
        let operation = Operation {
            id: "operation".to_owned(),
            ..Operation::default()
        };
        let (standing, asked) = begin_with(world, saved, operation).await;
        (standing.unwrap(), asked)
    }

    /// The same of a cloud that answers with this.
    async fn begin_with(
        world: &World,
        saved: &mut ResourceStatus,
        answer: Operation,
    ) -> (Result<Standing, StepError>, bool) {
        let chat = world.kube.chat();
        let identity = identity(&chat, &world.context.settings.defaults);
        let api = Api::namespaced(world.context.kube.clone(), "team");
        let leadership = &world.context.leadership;
        let pass = Pass {
            context: &world.context,
            identity: &identity,
            journal: &Journal::open(api, &chat, leadership.clone()).unwrap(),
            leadership,
            plans: false,
            survey: &Survey::Memory,
            changes: &Changes::default(),
        };
        let mutation = Mutation {
            resource: Resource::Version,
            action: "create",
            hash: "hash",
            id_field: Some("functionVersionId"),
            change: None,
        };
        let mut asked = false;
        let call = |_| {
            asked = true;
            async { Ok(answer) }
        };
        let standing = begin(&pass, mutation, saved, call).await;
        (standing, asked)
    }

    #[tokio::test]
    async fn a_version_that_could_not_be_made_has_no_id() {
        let world = world().await;
        let mut saved = ResourceStatus {
            id: Some("before".to_owned()),
            hash: Some("of the one before".to_owned()),
            ..ResourceStatus::default()
        };
        let answer = json!({
            "id": "operation", "done": true,
            "metadata": { "functionVersionId": "never made" },
            "error": { "code": 3, "message": "no archive" },
        });
        let answer = serde_json::from_value(answer).unwrap();
        let (ended, asked) = begin_with(&world, &mut saved, answer).await;
        assert!(asked && ended.is_err(), "{ended:?}");
        assert_eq!(saved.id, None);
    }

    #[tokio::test]
    async fn no_more_begin_in_a_folder_than_may_run() {
        let world = world().await;
        let (slots, now) = (&world.context.slots, Instant::now());
        for chat in 0..AT_ONCE {
            slots.hold("b1g", &chat.to_string(), Resource::Version, now);
        }
        let mut saved = ResourceStatus::default();
        let (standing, asked) = begin_version(&world, &mut saved).await;
        assert!(matches!(standing, Standing::Running(_)), "{standing:?}");
        assert!(!asked);
        assert_eq!(saved, ResourceStatus::default(), "nothing was begun");

        slots.give_back("b1g", "0", Resource::Version);
        let (_, asked) = begin_version(&world, &mut saved).await;
        assert!(asked);
        assert_eq!(saved.operation.as_deref(), Some("operation"));
        let more = slots.take("b1g", "0", Resource::Version, now);
        assert!(!more, "it runs");
    }

    #[test]
    fn whatever_was_begun_and_seen_to_end_gets_another_key_next_time() {
        let mut saved = ResourceStatus {
            intent: Some("k".to_owned()),
            ..ResourceStatus::default()
        };
        fulfilled(&mut saved, "h".to_owned());
        assert_eq!((saved.sequence, saved.intent.as_deref()), (1, None));
        fulfilled(&mut saved, "h".to_owned());
        assert_eq!(saved.sequence, 1, "nothing was begun since");
    }

    #[test]
    fn who_waits_for_others_does_not_come_back_with_them() {
        assert_eq!(turn(0), Duration::from_secs(1));
        assert_eq!(turn(255), Duration::from_secs(2));
    }

    #[test]
    fn a_young_operation_is_looked_at_often() {
        let now: Timestamp = "2026-01-01T00:02:00Z".parse().unwrap();
        let at = |created: &str| Operation {
            created_at: Some(created.to_owned()),
            ..Operation::default()
        };
        assert_eq!(
            pause(&at("2026-01-01T00:01:59Z"), now),
            Duration::from_millis(200)
        );
        assert_eq!(
            pause(&at("2026-01-01T00:01:50Z"), now),
            Duration::from_millis(500)
        );
        assert_eq!(
            pause(&at("2026-01-01T00:00:00Z"), now),
            Duration::from_secs(3)
        );
        assert_eq!(
            pause(&Operation::default(), now),
            Duration::from_millis(200)
        );
    }
}
