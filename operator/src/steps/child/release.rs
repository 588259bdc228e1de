//! What was adopted is let go when its chat is deleted, and never deleted itself.

use wschat_crds::{Occasion, ResourceStatus};
use yandex_cloud_rest::model::Labels;

use super::{Child, gone};
use crate::change::{Change, Difference};
use crate::context::Pass;
use crate::error::StepError;
use crate::idempotency::{key, request_hash};
use crate::names::{LABEL_ADOPT, LABEL_INSTALLATION, without_ours};
use crate::outcome::Outcome;
use crate::resource::Resource;
use crate::steps::operation::{Mutation, begin};
use crate::steps::sight::{LOOK_TWICE, seen};

/// Whether labels say that it was adopted: whoever gave it away may have changed
/// their mind since, but nobody labels what the operator made.
pub(in crate::steps) fn is_adopted(labels: &Labels) -> bool {
    labels.contains_key(LABEL_ADOPT)
}

/// It was seen without the chat's labels. If something else than its release was
/// asked for before a crash, it may get them yet.
pub(super) async fn released(
    pass: &Pass<'_>,
    resource: Resource,
    saved: &mut ResourceStatus,
) -> Result<Outcome<()>, StepError> {
    if !is_released(pass, resource, saved)? {
        return gone(pass, resource, saved, pass.context.settings.showing_up).await;
    }
    saved.intent = None;
    seen(saved);
    gone(pass, resource, saved, LOOK_TWICE).await
}

/// Whether nothing was asked for that may still be carried out.
fn is_released(
    pass: &Pass<'_>,
    resource: Resource,
    saved: &ResourceStatus,
) -> Result<bool, StepError> {
    let Some(intent) = &saved.intent else {
        return Ok(true);
    };
    let Some(id) = &saved.id else {
        return Ok(false);
    };
    let (uid, sequence) = (&pass.identity.uid, saved.sequence);
    let release = key(uid, resource, &release_hash(id)?, sequence);
    Ok(*intent == release.to_string())
}

fn release_hash(id: &str) -> Result<String, StepError> {
    Ok(request_hash(&("release", id))?)
}

/// Takes the chat's labels off it; ready when it has none of them.
pub(super) async fn release<C: Child>(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    model: &C::Model,
) -> Result<Outcome<()>, StepError> {
    let resource = C::RESOURCE;
    let facts = C::facts(model);
    let labels = without_ours(&facts.labels);
    if labels == facts.labels {
        return released(pass, resource, saved).await;
    }
    saved.adopted = true;
    // By this id it is known afterwards what was asked for.
    saved.id = Some(facts.id.clone());
    let hash = release_hash(&facts.id)?;
    let field = format!("labels.{LABEL_INSTALLATION}");
    let is = facts.labels.get(LABEL_INSTALLATION);
    let difference = Difference::between(&field, &is.map_or("", String::as_str), &"(none)");
    let mutation = Mutation {
        resource,
        action: "release",
        hash: &hash,
        id_field: None,
        change: Some(Change::of(resource, Occasion::Released, difference)),
    };
    let cloud = &pass.context.cloud;
    let call = |key| C::label(cloud, model, labels, key);
    let begun = begin(pass, mutation, saved, call).await?;
    let message = format!("letting the {} go, which was adopted", resource.title());
    Ok(Outcome::pending(message, begun.again()))
}
