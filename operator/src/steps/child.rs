//! What service accounts, databases, functions, gateways and triggers have in
//! common: an id, a name, labels, and operations that make and remove them.

use std::time::Duration;

use uuid::Uuid;
use wschat_crds::ResourceStatus;
use yandex_cloud_rest::model::Labels;
use yandex_cloud_rest::model::operation::Operation;

use super::operation::{Mutation, Standing, begin, fulfilled, standing};
use crate::cloud::{Cloud, CloudError, CloudKind};
use crate::context::Pass;
use crate::error::StepError;
use crate::idempotency::request_hash;
use crate::names::owns;
use crate::outcome::Outcome;
use crate::resource::Resource;

/// How soon to look again at something that the cloud is busy with outside of
/// an operation that we know.
const BUSY: Duration = Duration::from_millis(500);

/// How long something that was asked for just before a crash may take to show
/// up in a list.
const SHOWING_UP: Duration = Duration::from_secs(3);

/// A kind of resource.
pub(crate) trait Child {
    const RESOURCE: Resource;
    /// The field of operations' metadata that holds its id.
    const ID_FIELD: &'static str;

    /// The resource with this id.
    fn get(cloud: &Cloud, id: &str) -> impl Future<Output = Result<Facts, CloudError>> + Send;

    /// The folder's resources of this name.
    fn named(
        cloud: &Cloud,
        folder_id: &str,
        name: &str,
    ) -> impl Future<Output = Result<Vec<Facts>, CloudError>> + Send;

    /// Removes it.
    fn delete(
        cloud: &Cloud,
        id: &str,
        key: Uuid,
    ) -> impl Future<Output = Result<Operation, CloudError>> + Send;
}

/// What matters of a resource that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) id: String,
    pub(crate) labels: Labels,
    /// RFC 3339; sorts as text.
    pub(crate) created_at: String,
    pub(crate) state: State,
    /// Where it is reached, if it is reached directly.
    pub(crate) endpoint: Option<String>,
}

/// Whether it works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Serving,
    /// The cloud is at work on it.
    Busy,
    /// The cloud is removing it.
    Leaving,
    /// It doesn't work; the cloud's word for it.
    Broken(String),
}

impl State {
    /// From the cloud's word; a word that isn't known serves.
    pub(crate) fn of(status: &str) -> Self {
        match status {
            "CREATING" | "PROVISIONING" | "STARTING" | "UPDATING" => Self::Busy,
            "DELETING" => Self::Leaving,
            "ERROR" | "STOPPED" | "SUSPENDED" => Self::Broken(status.to_owned()),
            _ => Self::Serving,
        }
    }
}

/// What a look into the cloud found.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    Ours(Facts),
    /// Two are ours: the older one, and the id of the other.
    Twice(Facts, String),
    /// The id of a namesake that isn't ours.
    Foreign(String),
}

/// Makes sense of namesakes (pure).
fn sort_out(candidates: Vec<Facts>, labels: &Labels) -> Found {
    let (mut ours, foreign): (Vec<Facts>, Vec<Facts>) = candidates
        .into_iter()
        .partition(|facts| owns(labels, &facts.labels));
    ours.sort_by(|a, b| (&a.created_at, &a.id).cmp(&(&b.created_at, &b.id)));
    let mut ours = ours.into_iter();
    match (ours.next(), ours.next(), foreign.into_iter().next()) {
        (Some(older), Some(younger), _) => Found::Twice(older, younger.id),
        (Some(only), None, _) => Found::Ours(only),
        (None, _, Some(namesake)) => Found::Foreign(namesake.id),
        (None, _, None) => Found::Nothing,
    }
}

/// Sees to it that the resource exists. `create` is called at most once, with
/// the idempotency key.
pub(crate) async fn ensure<C: Child, F>(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    name: &str,
    hash: &str,
    create: impl FnOnce(Uuid) -> F,
) -> Result<Outcome<Facts>, StepError>
where
    F: Future<Output = Result<Operation, CloudError>>,
{
    let resource = C::RESOURCE;
    if let Standing::Running(again) = standing(pass, resource, saved).await? {
        return Ok(Outcome::pending(
            format!("the cloud makes the {}", resource.title()),
            again,
        ));
    }
    if let Some((facts, made)) = remembered(saved).zip(saved.hash.as_deref()) {
        return Ok(Outcome::made(facts, made, hash));
    }
    match find::<C>(pass, saved, name).await? {
        Found::Ours(facts) => keep(pass, resource, saved, facts, hash).await,
        Found::Twice(older, other) => {
            saved.id = Some(older.id.clone());
            Err(StepError::Duplicate {
                resource,
                kept: older.id,
                other,
            })
        }
        Found::Foreign(id) => Err(StepError::Conflict {
            resource,
            name: name.to_owned(),
            id,
        }),
        Found::Nothing => {
            let mutation = Mutation {
                resource,
                action: "create",
                hash,
                id_field: Some(C::ID_FIELD),
            };
            let again = match begin(pass, mutation, saved, create).await? {
                Standing::Running(again) => again,
                Standing::Finished | Standing::Idle => Duration::ZERO,
            };
            Ok(Outcome::pending(
                format!("the cloud makes the {}", resource.title()),
                again,
            ))
        }
    }
}

/// What the status remembers of a resource that was seen to work.
fn remembered(saved: &ResourceStatus) -> Option<Facts> {
    let (id, _) = saved.id.as_ref().zip(saved.hash.as_ref())?;
    Some(Facts {
        id: id.clone(),
        labels: Labels::new(),
        created_at: String::new(),
        state: State::Serving,
        endpoint: saved.endpoint.clone(),
    })
}

/// A resource of ours exists: it is ready, or will be.
async fn keep(
    pass: &Pass<'_>,
    resource: Resource,
    saved: &mut ResourceStatus,
    facts: Facts,
    hash: &str,
) -> Result<Outcome<Facts>, StepError> {
    saved.id = Some(facts.id.clone());
    match &facts.state {
        State::Serving => {
            saved.endpoint.clone_from(&facts.endpoint);
            fulfilled(saved, hash.to_owned());
            pass.journal.save(resource, saved).await?;
            Ok(Outcome::Ready(facts))
        }
        State::Busy => Ok(Outcome::pending(
            format!("the cloud makes the {}", resource.title()),
            BUSY,
        )),
        State::Leaving => Ok(Outcome::pending(
            format!("an earlier {} is still being removed", resource.title()),
            BUSY,
        )),
        State::Broken(state) => Err(StepError::Broken {
            resource,
            id: facts.id,
            state: state.clone(),
        }),
    }
}

/// Sees to it that the resource doesn't exist.
pub(crate) async fn remove<C: Child>(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    name: &str,
) -> Result<Outcome<()>, StepError> {
    let resource = C::RESOURCE;
    let removing = |again| {
        Ok(Outcome::pending(
            format!("removing the {}", resource.title()),
            again,
        ))
    };
    if let Standing::Running(again) = standing(pass, resource, saved).await? {
        return removing(again);
    }
    let facts = match find::<C>(pass, saved, name).await? {
        Found::Ours(facts) | Found::Twice(facts, _) => facts,
        // Never touched.
        Found::Nothing | Found::Foreign(_) => {
            return gone(pass, resource, saved).await;
        }
    };
    if matches!(facts.state, State::Busy | State::Leaving) {
        return removing(BUSY);
    }
    let hash = request_hash(&("remove", &facts.id))?;
    let mutation = Mutation {
        resource,
        action: "remove",
        hash: &hash,
        id_field: None,
    };
    let cloud = &pass.context.cloud;
    match begin(pass, mutation, saved, |key| {
        C::delete(cloud, &facts.id, key)
    })
    .await
    {
        Ok(Standing::Running(again)) => removing(again),
        Ok(Standing::Finished | Standing::Idle) => removing(Duration::ZERO),
        Err(StepError::Cloud { source, .. }) if source.kind == CloudKind::NotFound => {
            removing(Duration::ZERO)
        }
        Err(error) => Err(error),
    }
}

/// Nothing was found. After a crash in the middle of a call, something may
/// still show up, so one looks twice.
pub(super) async fn gone(
    pass: &Pass<'_>,
    resource: Resource,
    saved: &mut ResourceStatus,
) -> Result<Outcome<()>, StepError> {
    if saved.intent.is_some() {
        saved.intent = None;
        pass.journal.save(resource, saved).await?;
        let message = format!("making sure that the {} is gone", resource.title());
        return Ok(Outcome::pending(message, SHOWING_UP));
    }
    *saved = ResourceStatus {
        sequence: saved.sequence,
        ..ResourceStatus::default()
    };
    Ok(Outcome::Ready(()))
}

/// Looks by id, then by name.
async fn find<C: Child>(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    name: &str,
) -> Result<Found, StepError> {
    let cloud = &pass.context.cloud;
    let failed = |source| StepError::Cloud {
        action: "look at",
        resource: C::RESOURCE,
        source,
    };
    let mut candidates = C::named(cloud, &pass.identity.folder_id, name)
        .await
        .map_err(failed)?;
    if let Some(id) = saved.id.clone()
        && !candidates.iter().any(|facts| facts.id == id)
    {
        match C::get(cloud, &id).await {
            Ok(facts) => candidates.push(facts),
            Err(error) if error.kind == CloudKind::NotFound => {
                // Gone, by whosever hand: what is made next is another wish.
                saved.id = None;
                saved.hash = None;
                saved.endpoint = None;
                saved.path = None;
                saved.sequence += 1;
            }
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(sort_out(candidates, &pass.identity.labels))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::labels;

    fn facts(id: &str, created_at: &str, labels: Labels) -> Facts {
        Facts {
            id: id.to_owned(),
            labels,
            created_at: created_at.to_owned(),
            state: State::Serving,
            endpoint: None,
        }
    }

    #[test]
    fn a_namesake_with_our_labels_is_ours_and_any_other_is_not() {
        let ours = labels("here", "team", "lobby");
        let theirs = labels("there", "team", "lobby");
        assert_eq!(sort_out(vec![], &ours), Found::Nothing);
        let found = sort_out(vec![facts("a", "1", theirs.clone())], &ours);
        assert_eq!(found, Found::Foreign("a".to_owned()));
        let found = sort_out(
            vec![facts("a", "1", theirs), facts("b", "2", ours.clone())],
            &ours,
        );
        assert!(matches!(found, Found::Ours(facts) if facts.id == "b"));
    }

    #[test]
    fn of_two_that_are_ours_the_older_is_kept() {
        let ours = labels("here", "team", "lobby");
        let found = sort_out(
            vec![
                facts("young", "2026-01-02T00:00:00Z", ours.clone()),
                facts("old", "2026-01-01T00:00:00Z", ours.clone()),
            ],
            &ours,
        );
        assert!(matches!(found, Found::Twice(kept, other) if kept.id == "old" && other == "young"));
    }

    #[test]
    fn only_what_was_seen_to_work_is_remembered() {
        let mut saved = ResourceStatus {
            id: Some("a".to_owned()),
            ..ResourceStatus::default()
        };
        assert_eq!(remembered(&saved), None);
        saved.hash = Some("h".to_owned());
        assert!(remembered(&saved).is_some());
    }

    #[test]
    fn states_follow_the_clouds_words() {
        assert_eq!(State::of("RUNNING"), State::Serving);
        assert_eq!(State::of("ACTIVE"), State::Serving);
        assert_eq!(State::of("PROVISIONING"), State::Busy);
        assert_eq!(State::of("DELETING"), State::Leaving);
        assert_eq!(State::of("ERROR"), State::Broken("ERROR".to_owned()));
    }
}
