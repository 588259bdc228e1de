//! What service accounts, databases, functions, gateways and triggers have in
//! common: an id, a name, labels, and operations that make, change and remove
//! them.

mod kind;
mod plan;
mod release;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use wschat_crds::{Occasion, Reason, ResourceStatus};
use yandex_cloud_rest::model::Labels;

pub(crate) use self::kind::{Child, Facts, Marks, State, all_labels};
use self::plan::{Found, Plan, plan, sort_out};
pub(super) use self::release::is_adopted;
use self::release::{release, released};
use super::operation::{Mutation, Standing, begin, following, fulfilled, standing};
use super::sight::{LOOK_AGAIN, LOOK_TWICE, ask_once, may_show_late, seen, unseen};
use crate::change::Change;
use crate::cloud::{CloudError, CloudKind};
use crate::context::Pass;
use crate::error::StepError;
use crate::idempotency::request_hash;
use crate::names::{is_possible, may_adopt, owns};
use crate::outcome::Outcome;
use crate::resource::Resource;

/// How soon to look again at something that the cloud is busy with outside of
/// an operation that we know.
const BUSY: Duration = Duration::from_millis(500);

/// Sees to it that the resource exists and is as wished, with at most one
/// mutation.
pub(crate) async fn ensure<C: Child>(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    wish: &C::Wish,
    name: &str,
) -> Outcome<Facts> {
    let outcome = match try_ensure::<C>(pass, saved, wish, name).await {
        Ok(outcome) => outcome,
        Err(error) => Outcome::Failed(error),
    };
    let known = match &outcome {
        // It is there in name only.
        Outcome::Failed(StepError::Lost { .. } | StepError::Broken { .. }) => None,
        _ => remembered(saved),
    };
    outcome.or_serving(known)
}

async fn try_ensure<C: Child>(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    wish: &C::Wish,
    name: &str,
) -> Result<Outcome<Facts>, StepError> {
    let resource = C::RESOURCE;
    if let Standing::Running(again) = standing(pass, resource, saved).await? {
        return Ok(changing(resource, saved, again));
    }
    let hash = request_hash(wish)?;
    let as_wished = saved.hash.as_ref() == Some(&hash);
    let was_seen = saved.unseen_since.is_none();
    if let Some(facts) = remembered(saved).filter(|_| as_wished && was_seen)
        && is_believed::<C>(pass, &facts.id, wish)?
    {
        return Ok(Outcome::Ready(facts));
    }
    let was_there = saved.hash.is_some();
    let found = find::<C>(pass, saved, name).await?;
    match plan::<C>(found, wish, name) {
        Plan::Keep(facts) => {
            saved.id = Some(facts.id.clone());
            saved.endpoint.clone_from(&facts.endpoint);
            saved.adopted |= is_adopted(&facts.labels);
            fulfilled(saved, hash);
            pass.journal.save(resource, saved).await?;
            Ok(Outcome::Ready(facts))
        }
        Plan::Wait(what, again) => {
            let message = format!("the cloud {what} the {}", resource.title());
            Ok(Outcome::pending(message, again))
        }
        Plan::Refuse(error) => Err(error),
        Plan::Create => {
            let occasion = Occasion::of_creation(was_there);
            create::<C>(pass, saved, wish, &hash, occasion).await
        }
        Plan::Update(model, differences) => {
            let adopts = may_adopt(&pass.identity.labels, &C::facts(&model).labels);
            let occasion = if adopts && !saved.adopted {
                Occasion::Adopted
            } else {
                Occasion::of_change(as_wished)
            };
            let change = Change {
                resource,
                occasion,
                differences,
            };
            update::<C>(pass, saved, wish, &model, change).await
        }
    }
}

/// Whether what the status remembers is believed. Lists are proof enough that
/// all is well; whatever else they say is read before anything is done.
fn is_believed<C: Child>(pass: &Pass<'_>, id: &str, wish: &C::Wish) -> Result<bool, StepError> {
    if pass.survey.reads(C::RESOURCE) {
        return Ok(false);
    }
    let Some(lists) = pass.survey.lists() else {
        return Ok(true);
    };
    let listed = C::listed(lists, id).map_err(|source| StepError::Cloud {
        action: "look at",
        resource: C::RESOURCE,
        source,
    })?;
    Ok(listed.is_some_and(|model| {
        let facts = C::facts(&model);
        facts.state == State::Serving && C::differences(wish, &model).is_empty()
    }))
}

async fn create<C: Child>(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    wish: &C::Wish,
    hash: &str,
    occasion: Occasion,
) -> Result<Outcome<Facts>, StepError> {
    let resource = C::RESOURCE;
    let change = Change::create(resource, occasion, &serde_json::to_value(wish)?);
    if pass.planned(&change) {
        return Ok(Outcome::Ready(Facts::to_come()));
    }
    let mutation = Mutation {
        resource,
        action: "create",
        hash,
        id_field: Some(C::ID_FIELD),
        change: Some(change),
    };
    let cloud = &pass.context.cloud;
    let begun = begin(pass, mutation, saved, |key| C::create(cloud, wish, key)).await?;
    Ok(changing(resource, saved, begun.again()))
}

async fn update<C: Child>(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    wish: &C::Wish,
    model: &C::Model,
    change: Change,
) -> Result<Outcome<Facts>, StepError> {
    let resource = C::RESOURCE;
    let facts = C::facts(model);
    if pass.planned(&change) {
        return Ok(Outcome::Ready(facts));
    }
    // It serves already, also when the status never knew it.
    saved.id = Some(facts.id.clone());
    saved.endpoint.clone_from(&facts.endpoint);
    saved.adopted |= is_adopted(&facts.labels);
    let fields: Vec<String> = change.differences.iter().map(ToString::to_string).collect();
    let hash = request_hash(&("update", &facts.id, &fields, wish))?;
    if !ask_once(pass, saved, &hash, &change)? {
        return Ok(changing(resource, saved, LOOK_AGAIN));
    }
    let differences = change.differences.clone();
    let mutation = Mutation {
        resource,
        action: "change",
        hash: &hash,
        id_field: None,
        change: Some(change),
    };
    let cloud = &pass.context.cloud;
    let call = |key| C::update(cloud, wish, model, &differences, key);
    let begun = begin(pass, mutation, saved, call).await?;
    Ok(changing(resource, saved, begun.again()))
}

/// The cloud makes or changes it.
fn changing<T>(resource: Resource, saved: &ResourceStatus, again: Duration) -> Outcome<T> {
    let title = resource.title();
    if saved.hash.is_some() {
        Outcome::waiting(Reason::Updating, format!("changing the {title}"), again)
    } else {
        Outcome::pending(format!("the cloud makes the {title}"), again)
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
    // What has an id shows; what was asked for just before a crash may not yet.
    let patience = match saved.id {
        Some(_) => LOOK_TWICE,
        None => pass.context.settings.showing_up,
    };
    let model = match find::<C>(pass, saved, name).await? {
        Found::Ours(model) | Found::Twice(model, _) => model,
        Found::Foreign(_) if saved.adopted => return released(pass, resource, saved).await,
        Found::Late => return removing(LOOK_AGAIN),
        // Never touched.
        Found::Nothing | Found::Lost(_) | Found::Foreign(_) => {
            return gone(pass, resource, saved, patience).await;
        }
    };
    let facts = C::facts(&model);
    if matches!(facts.state, State::Busy | State::Leaving) {
        return removing(BUSY);
    }
    if saved.adopted || is_adopted(&facts.labels) {
        return release::<C>(pass, saved, &model).await;
    }
    // Once it is removed, it doesn't show up late.
    seen(saved);
    let hash = request_hash(&("remove", &facts.id))?;
    let mutation = Mutation {
        resource,
        action: "remove",
        hash: &hash,
        id_field: None,
        change: None,
    };
    let cloud = &pass.context.cloud;
    match begin(pass, mutation, saved, |key| {
        C::delete(cloud, &facts.id, key)
    })
    .await
    {
        Ok(begun) => removing(begun.again()),
        Err(StepError::Cloud { source, .. }) if source.kind == CloudKind::NotFound => {
            removing(Duration::ZERO)
        }
        Err(error) => Err(error),
    }
}

/// Nothing was found. After a crash in the middle of a call, something may
/// still show up, so one goes on looking for a while.
pub(super) async fn gone(
    pass: &Pass<'_>,
    resource: Resource,
    saved: &mut ResourceStatus,
    patience: Duration,
) -> Result<Outcome<()>, StepError> {
    let now = Timestamp::now();
    let longest = pass.context.settings.showing_up;
    let patience = patience.min(longest);
    let first = saved.intent.is_some() && saved.unseen_since.is_none();
    if first {
        // What isn't looked for so long is noted as if one had begun earlier: the
        // next look doesn't know any more that it had an id.
        let head_start = SignedDuration::try_from(longest.saturating_sub(patience));
        unseen(saved, now - head_start.unwrap_or_default());
        pass.journal.save(resource, saved).await?;
    }
    if first || may_show_late(saved, now, longest) {
        let message = format!("making sure that the {} is gone", resource.title());
        return Ok(Outcome::pending(message, patience.min(LOOK_AGAIN)));
    }
    *saved = ResourceStatus {
        sequence: saved.sequence,
        ..ResourceStatus::default()
    };
    Ok(Outcome::Ready(()))
}

/// Looks by name, and by id.
async fn find<C: Child>(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    name: &str,
) -> Result<Found<C::Model>, StepError> {
    let cloud = &pass.context.cloud;
    let failed = |source| StepError::Cloud {
        action: "look at",
        resource: C::RESOURCE,
        source,
    };
    // The cloud refuses to look for what can't be called so: nothing is.
    let mut candidates = if is_possible(name) {
        C::named(pass, name).await.map_err(failed)?
    } else {
        Vec::new()
    };
    if candidates.iter().any(|one| C::facts(one).id.is_empty()) {
        return Err(failed(CloudError::of_a_thing_without_id(name)));
    }
    let known = saved.id.clone();
    let patience = pass.context.settings.showing_up;
    if let Some(id) = &known
        && !candidates.iter().any(|model| C::facts(model).id == *id)
    {
        match C::get(cloud, id).await {
            Ok(model) => candidates.push(model),
            Err(error) if error.kind == CloudKind::NotFound => {
                if may_show_late(saved, Timestamp::now(), patience) {
                    return Ok(Found::Late);
                }
                // One that is ours by its labels is there: the id was wrong.
                let is_there = |model| owns(&pass.identity.labels, &C::facts(model).labels);
                if C::PRECIOUS && saved.hash.is_some() && !candidates.iter().any(is_there) {
                    return Ok(Found::Lost(id.clone()));
                }
                // Gone, by whosever hand: what is made next is another wish.
                saved.id = None;
                saved.adopted = false;
                saved.hash = None;
                saved.endpoint = None;
                saved.path = None;
                seen(saved);
                saved.sequence = following(saved.sequence, Timestamp::now());
            }
            Err(error) => return Err(failed(error)),
        }
    }
    let labels = &pass.identity.labels;
    Ok(sort_out::<C>(candidates, labels, known.as_deref()))
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
