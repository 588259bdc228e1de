//! Long operations: begun once, written down, and looked at until they end.

use std::time::Duration;

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
        // Forgotten by the cloud, or none that could ever be, so its end is unknown:
        // what it made is found by name. The key isn't used again, it would lead
        // here once more.
        Err(error) if matches!(error.kind, CloudKind::NotFound | CloudKind::Invalid) => {
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
    if let Err(waiting) = take_turn(pass, resource) {
        // It wasn't asked for.
        saved.changed = None;
        return Ok(Standing::Running(turn(waiting, rand::random())));
    }
    if saved.sequence == 0 && saved.intent.is_none() {
        saved.sequence = following(0, Timestamp::now());
    }
    let key = idempotency::key(&pass.identity.uid, resource, hash, saved.sequence);
    saved.intent = Some(key.to_string());
    save_or_give_back(pass, resource, saved).await?;
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
    save_or_give_back(pass, resource, saved).await?;
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
        slots.hold(folder, uid, resource, pass.context.clock.now());
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
fn take_turn(pass: &Pass<'_>, resource: Resource) -> Result<(), usize> {
    let (folder, uid) = (&pass.identity.folder_id, &pass.identity.uid);
    let slots = &pass.context.slots;
    slots.take(folder, uid, resource, pass.context.clock.now())
}

/// An operation of the resource is over, or was never begun.
fn give_back(pass: &Pass<'_>, resource: Resource) {
    let (folder, uid) = (&pass.identity.folder_id, &pass.identity.uid);
    pass.context.slots.give_back(folder, uid, resource);
}

/// Writes down what is begun. When that fails, the next look may find what was
/// made without its operation, and nobody would give the slot back.
async fn save_or_give_back(
    pass: &Pass<'_>,
    resource: Resource,
    saved: &ResourceStatus,
) -> Result<(), StepError> {
    let written = pass.journal.save(resource, saved).await;
    if written.is_err() {
        give_back(pass, resource);
    }
    written
}

/// How many of those that wait come in a second at most. Each look costs calls,
/// which those whose operations run need as well.
const PACE: usize = 10;

/// How long to wait for others' operations to end: between one second and two when
/// few wait, so that not all come at once. `chance` is any number.
fn turn(waiting: usize, chance: u8) -> Duration {
    let tens = u32::try_from(waiting / PACE).unwrap_or(u32::MAX).max(1);
    Duration::from_millis(1000 + 1000 * u64::from(chance) / 255) * tens
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
    saved.sequence = following(saved.sequence, Timestamp::now());
}

/// The sequence of what is begun next (pure): greater than all before it, also
/// than those that a lost status knew. Or else the cloud would answer with the
/// end of what was asked for back then, and do nothing.
pub(super) fn following(sequence: i64, now: Timestamp) -> i64 {
    sequence.saturating_add(1).max(now.as_millisecond())
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
        4..=15 => Duration::from_millis(300),
        16..=60 => Duration::from_secs(1),
        _ => Duration::from_secs(3),
    }
}

#[cfg(test)]
mod tests;
