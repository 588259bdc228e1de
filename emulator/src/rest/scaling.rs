//! Scaling policies of a function's tags.

use serde_json::{Value, json};
use yandex_cloud_rest::model::function::{RemoveScalingPolicyRequest, SetScalingPolicyRequest};
use yandex_cloud_rest::model::version::LATEST;

use super::Call;
use super::functions::{find, find_to_change};
use super::page::page;
use super::validate::{Violations, message};
use super::versions::check_tag;
use crate::cloud::{Target, Work, quotas, scaling_id};
use crate::error::Status;
use crate::iam::Permission;

pub(super) fn list(call: &Call, function_id: &str) -> Result<Value, Status> {
    find(call, function_id, Permission::FunctionsGet)?;
    let state = call.cloud.state();
    let own = state
        .scaling
        .values()
        .filter(|policy| policy.function_id == function_id);
    page(
        &call.query,
        "scalingPolicies",
        own.map(|policy| (policy.tag.clone(), policy)),
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
    let target = Target {
        description: "Set scaling policy",
        metadata_type: "serverless.functions.v1.SetScalingPolicyMetadata",
        metadata: json!({ "functionId": function_id }),
        folder_id: &function.folder_id,
        resource_id: function_id,
    };
    let id = function_id.to_owned();
    call.begin(&target, Work::SetScalingPolicy { id, request })
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
        .values()
        .filter(|policy| (&*policy.function_id, &policy.tag) != (function_id, &request.tag));
    let others: i64 = others
        .map(|policy| policy.provisioned_instances_count)
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
    let tag = request.tag;
    let key = scaling_id(function_id, &tag);
    if !call.cloud.state().scaling.contains_key(&key) {
        return Err(Status::not_found(format!(
            "Scaling policy of tag {tag} not found"
        )));
    }
    let target = Target {
        description: "Remove scaling policy",
        metadata_type: "serverless.functions.v1.RemoveScalingPolicyMetadata",
        metadata: json!({ "functionId": function_id }),
        folder_id: &function.folder_id,
        resource_id: function_id,
    };
    let id = function_id.to_owned();
    call.begin(&target, Work::RemoveScalingPolicy { id, tag })
}
