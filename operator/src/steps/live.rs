//! The tag `live`, which the gateway calls. It moves only to a version that
//! answers the health event well.

use std::time::Duration;

use wschat_crds::{Occasion, Reason, ResourceStatus};
use yandex_cloud_rest::model::function::SetScalingPolicyRequest;

use super::function::Function;
use super::health;
use super::operation::{Mutation, Standing, begin, fulfilled, standing};
use super::sight::{LOOK_AGAIN, ask_once};
use super::version::Version;
use crate::change::{Change, Difference, LATER};
use crate::context::Pass;
use crate::error::StepError;
use crate::idempotency::request_hash;
use crate::outcome::{Outcome, settle};
use crate::resource::Resource;

const RESOURCE: Resource = Resource::Live;

/// The tag that serves.
pub(crate) const TAG: &str = "live";

/// What is to serve.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish<'a> {
    pub(crate) function: &'a Function,
    pub(crate) version: &'a Version,
    /// Instances that are kept warm.
    pub(crate) min_instances: i64,
}

/// Sees to it that the version serves, with as many warm instances as wished.
pub(crate) async fn ensure(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    wish: Wish<'_>,
) -> Outcome<()> {
    let outcome = settle(try_ensure(pass, saved, wish).await);
    outcome.or_serving(saved.hash.is_some().then_some(()))
}

async fn try_ensure(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    wish: Wish<'_>,
) -> Result<Outcome<()>, StepError> {
    let Wish {
        function,
        version,
        min_instances,
    } = wish;
    let hash = request_hash(&(TAG, &function.id, &version.id, min_instances))?;
    if let Standing::Running(again) = standing(pass, RESOURCE, saved).await? {
        return Ok(moving(again));
    }
    if pass.believes(RESOURCE, saved, &hash) {
        return Ok(Outcome::Ready(()));
    }
    let as_wished = saved.hash.as_ref() == Some(&hash);
    let cloud = &pass.context.cloud;
    let look = |source| StepError::Cloud {
        action: "look at",
        resource: RESOURCE,
        source,
    };
    let tagged = match &function.id {
        id if id == LATER => None,
        // A list is proof enough that all is well.
        _ if as_wished && version.is_tagged => Some(version.id.clone()),
        id => cloud.tagged(id, TAG).await.map_err(look)?,
    };
    if tagged.as_ref() != Some(&version.id) {
        let change = moved(tagged.as_ref(), version, as_wished);
        if pass.planned(&change) {
            return Ok(Outcome::Ready(()));
        }
        // One that served before, and from which somebody took the tag away,
        // may not be the newest.
        if !as_wished {
            health::check(pass, function).await?;
        }
        let moving = tag(pass, saved, version, change).await;
        if moving.is_err() && tagged.is_none() {
            // Nothing serves.
            saved.hash = None;
        }
        return moving;
    }
    saved.id = Some(version.id.clone());
    let warm = cloud.warm_instances(&function.id, TAG).await;
    let warm = warm.map_err(look)?;
    if let Some(change) = scaled(warm, min_instances, as_wished) {
        if pass.planned(&change) {
            return Ok(Outcome::Ready(()));
        }
        return scale(pass, saved, wish, change).await;
    }
    fulfilled(saved, hash);
    pass.journal.save(RESOURCE, saved).await?;
    Ok(Outcome::Ready(()))
}

/// The tag moves.
fn moved(from: Option<&String>, to: &Version, was_there: bool) -> Change {
    let from = from.map_or("", String::as_str);
    let difference = Difference::between("version", &from, &to.id.as_str());
    Change::of(RESOURCE, Occasion::of_change(was_there), difference)
}

/// Instances are added to those that are kept warm, or taken from them, unless
/// there are as many as wished.
fn scaled(is: i64, wanted: i64, was_there: bool) -> Option<Change> {
    let difference = Difference::between("provisionedInstancesCount", &is, &wanted)?;
    let occasion = Occasion::of_change(was_there);
    Some(Change::of(RESOURCE, occasion, Some(difference)))
}

async fn tag(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    version: &Version,
    change: Change,
) -> Result<Outcome<()>, StepError> {
    let hash = request_hash(&(TAG, &version.id))?;
    let mutation = Mutation {
        resource: RESOURCE,
        action: "move",
        hash: &hash,
        id_field: None,
        change: Some(change),
    };
    // Whatever else was to be asked for: the end of this tells nothing of that.
    saved.changed = None;
    let cloud = &pass.context.cloud;
    begin(pass, mutation, saved, |key| {
        cloud.set_tag(&version.id, TAG, key)
    })
    .await
    .map(|begun| moving(begun.again()))
}

async fn scale(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    wish: Wish<'_>,
    change: Change,
) -> Result<Outcome<()>, StepError> {
    let request = SetScalingPolicyRequest {
        tag: TAG.to_owned(),
        provisioned_instances_count: wish.min_instances,
        ..SetScalingPolicyRequest::default()
    };
    let hash = request_hash(&request)?;
    if !ask_once(pass, saved, &hash, &change)? {
        return Ok(moving(LOOK_AGAIN));
    }
    let mutation = Mutation {
        resource: RESOURCE,
        action: "scale",
        hash: &hash,
        id_field: None,
        change: Some(change),
    };
    let (cloud, function) = (&pass.context.cloud, &wish.function.id);
    let call = |key| cloud.set_scaling_policy(function, &request, key);
    begin(pass, mutation, saved, call)
        .await
        .map(|begun| moving(begun.again()))
}

fn moving(again: Duration) -> Outcome<()> {
    let message = "moving the tag live to the new version";
    Outcome::waiting(Reason::Updating, message, again)
}
