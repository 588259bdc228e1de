//! Rules of triggers: which are supported, and their limits (proto `serverless/triggers/v1/trigger.proto`).

use std::time::Duration as Time;

use yandex_cloud_rest::model::Duration;
use yandex_cloud_rest::model::trigger::{GatewayWebsocketBroadcast, InvokeFunctionWithRetry, Rule};

use super::Call;
use super::unsupported::Lacking;
use super::validate::Violations;
use crate::error::Status;

/// What the documents know and the emulator doesn't.
pub(super) const LACKING: [Lacking; 15] = [
    kind("rule.timer"),
    kind("rule.messageQueue"),
    kind("rule.iotMessage"),
    kind("rule.iotBrokerMessage"),
    kind("rule.objectStorage"),
    kind("rule.containerRegistry"),
    kind("rule.cloudLogs"),
    kind("rule.logging"),
    kind("rule.billingBudget"),
    kind("rule.mail"),
    action_of("rule.dataStream.invokeContainer"),
    action_of("rule.dataStream.executeWorkflow"),
    option(
        "rule.dataStream.invokeFunction.deadLetterQueue",
        "it has no message queues; without one, what a function doesn't take is dropped",
    ),
    option(
        "rule.dataStream.invokeFunction.batchSettings",
        "use rule.dataStream.batchSettings",
    ),
    option(
        "rule.dataStream.endpoint",
        "its streams are those of its own databases; leave it out",
    ),
];

const fn kind(path: &'static str) -> Lacking {
    Lacking {
        path,
        instead: "its triggers read data streams only; use rule.dataStream",
        beside: &["rule.dataStream"],
    }
}

const fn action_of(path: &'static str) -> Lacking {
    Lacking {
        path,
        instead: "use gatewayWebsocketBroadcast or invokeFunction",
        beside: &[
            "rule.dataStream.gatewayWebsocketBroadcast",
            "rule.dataStream.invokeFunction",
        ],
    }
}

const fn option(path: &'static str, instead: &'static str) -> Lacking {
    Lacking {
        path,
        instead,
        beside: &[],
    }
}

pub(super) fn check(violations: &mut Violations, rule: &Rule) {
    let Some(stream) = &rule.data_stream else {
        violations.add("rule", "Field is required");
        return;
    };
    violations.required("rule.dataStream.database", &stream.database);
    violations.required("rule.dataStream.stream", &stream.stream);
    violations.id(
        "rule.dataStream.serviceAccountId",
        &stream.service_account_id,
    );
    if let Some(batch) = &stream.batch_settings {
        let good = batch.size == 0 || (1..=65_536).contains(&batch.size);
        violations.check("batchSettings.size", good, "Must be in range 1 to 65536");
        let cutoff = batch.cutoff.map_or(Time::from_secs(1), Duration::get);
        let good = (Time::from_secs(1)..=Time::from_mins(1)).contains(&cutoff);
        violations.check("batchSettings.cutoff", good, "Must be 1s to 60s");
    }
    match (&stream.gateway_websocket_broadcast, &stream.invoke_function) {
        (Some(broadcast), None) => check_broadcast(violations, broadcast),
        (None, Some(function)) => check_function(violations, function),
        (None, None) | (Some(_), Some(_)) => {
            let text = "Exactly one of gatewayWebsocketBroadcast and invokeFunction is required";
            violations.add("rule.dataStream.action", text);
        }
    }
}

fn check_broadcast(violations: &mut Violations, broadcast: &GatewayWebsocketBroadcast) {
    violations.id("gatewayWebsocketBroadcast.gatewayId", &broadcast.gateway_id);
    violations.required("gatewayWebsocketBroadcast.path", &broadcast.path);
    let account = &broadcast.service_account_id;
    violations.id("gatewayWebsocketBroadcast.serviceAccountId", account);
}

fn check_function(violations: &mut Violations, function: &InvokeFunctionWithRetry) {
    violations.id("invokeFunction.functionId", &function.function_id);
    let account = &function.service_account_id;
    violations.longest("invokeFunction.serviceAccountId", account, 50);
    if let Some(retry) = &function.retry_settings {
        let good = (1..=5).contains(&retry.retry_attempts);
        violations.check("retrySettings.retryAttempts", good, "Must be 1 to 5");
        let good = retry.interval.is_some_and(|interval| {
            (Time::from_secs(10)..=Time::from_mins(1)).contains(&interval.get())
        });
        let text = "Is required and must be 10s to 60s";
        violations.check("retrySettings.interval", good, text);
    }
}

/// The caller attaches all of the rule's service accounts.
pub(super) fn authorize_accounts(call: &Call, rule: &Rule) -> Result<(), Status> {
    let Some(stream) = &rule.data_stream else {
        return Ok(());
    };
    let broadcast = stream.gateway_websocket_broadcast.as_ref();
    let function = stream.invoke_function.as_ref();
    let accounts = [
        Some(&stream.service_account_id),
        broadcast.map(|action| &action.service_account_id),
        function.map(|action| &action.service_account_id),
    ];
    for account in accounts.into_iter().flatten() {
        if !account.is_empty() {
            call.cloud.iam().authorize_use(&call.subject, account)?;
        }
    }
    Ok(())
}
