//! Scaling policies of a function's tags.

use serde_json::{Value, json};
use yandex_cloud_rest::model::function::{
    RemoveScalingPolicyRequest, ScalingPolicy, SetScalingPolicyRequest,
};
use yandex_cloud_rest::model::version::LATEST;

use super::Call;
use super::functions::{find, find_to_change};
use super::page::page;
use super::validate::{Violations, message};
use super::versions::check_tag;
use crate::cloud::plane::Scaling;
use crate::cloud::{Target, any, empty, quotas};
use crate::error::Status;
use crate::iam::Permission;

pub(super) fn list(call: &Call, function_id: &str) -> Result<Value, Status> {
    find(call, function_id, Permission::FunctionsGet)?;
    let state = call.cloud.state();
    let own = state
        .scaling
        .iter()
        .filter(|((function, _), _)| function == function_id);
    page(
        &call.query,
        "scalingPolicies",
        own.map(|((_, tag), policy)| (tag.clone(), policy)),
    )
}

pub(super) fn set(call: &Call, function_id: &str) -> Result<Value, Status> {
    let request: SetScalingPolicyRequest = message(&call.body)?;
    let mut violations = Violations::default();
    if request.tag != LATEST {
        check_tag(&mut violations, "tag", &request.tag);
    }
    let numbers = [
        request.provisioned_instances_count,
        request.zone_instances_limit,
        request.zone_requests_limit,
    ];
    let good = numbers.iter().all(|number| (0..=1000).contains(number));
    violations.check("scalingPolicy", good, "Limits must be in range 0 to 1000");
    violations.finish()?;
    let function = find_to_change(call, function_id)?;
    check_provisioned(call, function_id, &request)?;
    let (cloud, id) = (call.cloud.clone(), function_id.to_owned());
    let target = Target {
        description: "Set scaling policy",
        metadata_type: "serverless.functions.v1.SetScalingPolicyMetadata",
        metadata: json!({ "functionId": function_id }),
        folder_id: &function.folder_id,
        resource_id: function_id,
    };
    call.begin(&target, async move {
        let now = cloud.now();
        let key = (id.clone(), request.tag.clone());
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
        cloud.plane().scale(&key.0, &key.1, scaling(&policy));
        state.scaling.insert(key, policy);
        response
    })
}

/// Zero means no limit (documented).
fn scaling(policy: &ScalingPolicy) -> Scaling {
    let number = |number: i64| usize::try_from(number).unwrap_or_default();
    let limit = |most: i64| Some(number(most)).filter(|most| *most > 0);
    Scaling {
        provisioned: number(policy.provisioned_instances_count),
        instances: limit(policy.zone_instances_limit),
        requests: limit(policy.zone_requests_limit),
    }
}

/// The cloud keeps so many instances ready, those of all policies together.
fn check_provisioned(
    call: &Call,
    function_id: &str,
    request: &SetScalingPolicyRequest,
) -> Result<(), Status> {
    let state = call.cloud.state();
    let others = state
        .scaling
        .iter()
        .filter(|((function, tag), _)| (&**function, tag) != (function_id, &request.tag));
    let others: i64 = others
        .map(|(_, policy)| policy.provisioned_instances_count)
        .sum();
    let wanted = request.provisioned_instances_count;
    let used = usize::try_from(others + wanted - 1).unwrap_or_default();
    if wanted == 0 {
        return Ok(());
    }
    let quotas = &call.cloud.settings().quotas;
    quotas.check(quotas::PROVISIONED, used)
}

pub(super) fn remove(call: &Call, function_id: &str) -> Result<Value, Status> {
    let request: RemoveScalingPolicyRequest = message(&call.body)?;
    let function = find_to_change(call, function_id)?;
    let key = (function_id.to_owned(), request.tag);
    if !call.cloud.state().scaling.contains_key(&key) {
        return Err(Status::not_found(format!(
            "Scaling policy of tag {} not found",
            key.1
        )));
    }
    let cloud = call.cloud.clone();
    let target = Target {
        description: "Remove scaling policy",
        metadata_type: "serverless.functions.v1.RemoveScalingPolicyMetadata",
        metadata: json!({ "functionId": function_id }),
        folder_id: &function.folder_id,
        resource_id: function_id,
    };
    call.begin(&target, async move {
        cloud.state().scaling.remove(&key);
        cloud.plane().scale(&key.0, &key.1, Scaling::default());
        Ok(empty())
    })
}
