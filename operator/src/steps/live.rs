//! The tag `live`, which the gateway calls. It moves only to a version that
//! answers the health event well.

use std::time::Duration;

use wschat_crds::ResourceStatus;
use yandex_cloud_rest::model::function::SetScalingPolicyRequest;

use super::function::Function;
use super::health;
use super::operation::{Mutation, Standing, begin, fulfilled, standing};
use super::version::Version;
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
    settle(try_ensure(pass, saved, wish).await)
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
    let hash = request_hash(&(TAG, &version.id, min_instances))?;
    if let Standing::Running(again) = standing(pass, RESOURCE, saved).await? {
        return Ok(moving(again));
    }
    if let Some(made) = &saved.hash {
        return Ok(Outcome::made((), made, &hash));
    }
    let cloud = &pass.context.cloud;
    let look = |source| StepError::Cloud {
        action: "look at",
        resource: RESOURCE,
        source,
    };
    if cloud
        .tagged(&function.id, TAG)
        .await
        .map_err(look)?
        .as_deref()
        != Some(&*version.id)
    {
        health::check(pass, function).await?;
        return tag(pass, saved, version).await;
    }
    if cloud
        .warm_instances(&function.id, TAG)
        .await
        .map_err(look)?
        != min_instances
    {
        return scale(pass, saved, wish).await;
    }
    saved.id = Some(version.id.clone());
    fulfilled(saved, hash);
    pass.journal.save(RESOURCE, saved).await?;
    Ok(Outcome::Ready(()))
}

async fn tag(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    version: &Version,
) -> Result<Outcome<()>, StepError> {
    let hash = request_hash(&(TAG, &version.id))?;
    let mutation = Mutation {
        resource: RESOURCE,
        action: "move",
        hash: &hash,
        id_field: None,
    };
    let cloud = &pass.context.cloud;
    begin(pass, mutation, saved, |key| {
        cloud.set_tag(&version.id, TAG, key)
    })
    .await
    .map(|standing| begun(&standing))
}

async fn scale(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    wish: Wish<'_>,
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
    };
    let (cloud, function) = (&pass.context.cloud, &wish.function.id);
    let call = |key| cloud.set_scaling_policy(function, &request, key);
    begin(pass, mutation, saved, call)
        .await
        .map(|standing| begun(&standing))
}

fn begun(standing: &Standing) -> Outcome<()> {
    match standing {
        Standing::Running(again) => moving(*again),
        Standing::Finished | Standing::Idle => moving(Duration::ZERO),
    }
}

fn moving(again: Duration) -> Outcome<()> {
    Outcome::pending("moving the tag live to the new version", again)
}
