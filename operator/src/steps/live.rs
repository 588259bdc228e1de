//! The tag `live`, which the gateway calls. It moves only to a version that
//! answers the health event well.

use std::time::Duration;

use wschat_crds::{Occasion, Reason, ResourceStatus};
use yandex_cloud_rest::model::function::SetScalingPolicyRequest;

use super::function::Function;
use super::health;
use super::operation::{Mutation, Standing, begin, fulfilled, standing};
use super::version::Version;
use crate::change::{Change, Difference};
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
    let known = saved.hash.is_some().then_some(());
    settle(try_ensure(pass, saved, wish).await).or_serving(known)
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
    let tagged = cloud.tagged(&function.id, TAG).await.map_err(look)?;
    if tagged.as_ref() != Some(&version.id) {
        // One that served before, and from which somebody took the tag away,
        // may not be the newest.
        if !as_wished {
            health::check(pass, function).await?;
        }
        let is = tagged.unwrap_or_default();
        return tag(pass, saved, &is, version, as_wished).await;
    }
    saved.id = Some(version.id.clone());
    let warm = cloud.warm_instances(&function.id, TAG).await;
    let warm = warm.map_err(look)?;
    if warm != min_instances {
        return scale(pass, saved, warm, wish, as_wished).await;
    }
    fulfilled(saved, hash);
    pass.journal.save(RESOURCE, saved).await?;
    Ok(Outcome::Ready(()))
}

async fn tag(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    is: &String,
    version: &Version,
    was_there: bool,
) -> Result<Outcome<()>, StepError> {
    let hash = request_hash(&(TAG, &version.id))?;
    let mutation = Mutation {
        resource: RESOURCE,
        action: "move",
        hash: &hash,
        id_field: None,
        change: Some(Change::of(
            RESOURCE,
            Occasion::of_change(was_there),
            Difference::between("version", is, &version.id),
        )),
    };
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
    is: i64,
    wish: Wish<'_>,
    was_there: bool,
) -> Result<Outcome<()>, StepError> {
    let request = SetScalingPolicyRequest {
        tag: TAG.to_owned(),
        provisioned_instances_count: wish.min_instances,
        ..SetScalingPolicyRequest::default()
    };
    let hash = request_hash(&request)?;
    let mutation = Mutation {
        resource: RESOURCE,
        action: "scale",
        hash: &hash,
        id_field: None,
        change: Some(Change::of(
            RESOURCE,
            Occasion::of_change(was_there),
            Difference::between("provisionedInstancesCount", &is, &wish.min_instances),
        )),
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
