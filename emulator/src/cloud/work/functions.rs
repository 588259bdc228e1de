//! Operations on functions and their scaling policies.

use serde_json::Value;
use yandex_cloud_rest::model::function::{
    ScalingPolicy, SetScalingPolicyRequest, UpdateFunctionRequest,
};

use super::Served;
use crate::cloud::plane::Scaling;
use crate::cloud::state::scaling_id;
use crate::cloud::{Cloud, Mask, any, empty};
use crate::error::Status;
use crate::iam::Resource;

const FUNCTION: &str = "serverless.functions.v1.Function";

pub(super) fn created(cloud: &Cloud, id: &str) -> Result<Value, Status> {
    let mut state = cloud.state();
    let mut function = state.edit_function(id)?;
    "ACTIVE".clone_into(&mut function.status);
    any(FUNCTION, &*function)
}

pub(super) fn update(
    cloud: &Cloud,
    id: &str,
    request: UpdateFunctionRequest,
    mask: &Mask,
) -> Result<Value, Status> {
    let mut state = cloud.state();
    let mut function = state.edit_function(id)?;
    mask.set("name", &mut function.name, request.name);
    mask.set(
        "description",
        &mut function.description,
        request.description,
    );
    mask.set("labels", &mut function.labels, request.labels);
    any(FUNCTION, &*function)
}

pub(super) fn deleted(cloud: &Cloud, id: &str, served: Served) -> Result<Value, Status> {
    served?;
    let mut state = cloud.state();
    let removed = state.functions.remove(id);
    let versions: Vec<String> = state
        .versions_of(id)
        .into_iter()
        .map(|stored| stored.version.id.clone())
        .collect();
    for version in versions {
        state.remove_version(&version);
    }
    state.scaling.retain(|policy| policy.function_id != id);
    state.tag_history.retain(|record| record.function_id != id);
    drop(state);
    if let Some(function) = removed {
        cloud
            .iam()
            .forget_bindings(&Resource::function(&function.folder_id, id));
    }
    Ok(empty())
}

pub(super) fn scale(
    cloud: &Cloud,
    id: String,
    request: SetScalingPolicyRequest,
) -> Result<Value, Status> {
    let now = cloud.now();
    let key = scaling_id(&id, &request.tag);
    let mut state = cloud.state();
    state.function(&id)?;
    let created_at = state
        .scaling
        .get(&key)
        .map_or(now.clone(), |old| old.created_at.clone());
    let policy = ScalingPolicy {
        function_id: id,
        tag: request.tag,
        provisioned_instances_count: request.provisioned_instances_count,
        zone_instances_limit: request.zone_instances_limit,
        zone_requests_limit: request.zone_requests_limit,
        created_at,
        modified_at: now,
    };
    let response = any("serverless.functions.v1.ScalingPolicy", &policy);
    let ScalingPolicy {
        function_id, tag, ..
    } = &policy;
    cloud.plane().scale(function_id, tag, scaling(&policy));
    state.scaling.insert(key, policy);
    response
}

/// What the functions service obeys; zero means no limit (documented).
pub(in crate::cloud) fn scaling(policy: &ScalingPolicy) -> Scaling {
    let number = |number: i64| usize::try_from(number).unwrap_or_default();
    let limit = |most: i64| Some(number(most)).filter(|most| *most > 0);
    Scaling {
        provisioned: number(policy.provisioned_instances_count),
        instances: limit(policy.zone_instances_limit),
        requests: limit(policy.zone_requests_limit),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "as its neighbours")]
pub(super) fn unscale(cloud: &Cloud, id: &str, tag: &str) -> Result<Value, Status> {
    cloud.state().scaling.remove(&scaling_id(id, tag));
    cloud.plane().scale(id, tag, Scaling::default());
    Ok(empty())
}
