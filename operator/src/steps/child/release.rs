//! What was adopted is let go when its chat is deleted, and never deleted itself.

use wschat_crds::{Occasion, ResourceStatus};
use yandex_cloud_rest::model::Labels;

use super::{Child, gone};
use crate::change::{Change, Difference};
use crate::context::Pass;
use crate::error::StepError;
use crate::idempotency::request_hash;
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

/// It was seen without the chat's labels: whatever was asked for is over.
pub(super) async fn released(
    pass: &Pass<'_>,
    resource: Resource,
    saved: &mut ResourceStatus,
) -> Result<Outcome<()>, StepError> {
    saved.intent = None;
    seen(saved);
    gone(pass, resource, saved, LOOK_TWICE).await
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
    let hash = request_hash(&("release", &facts.id))?;
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
