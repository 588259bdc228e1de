//! Gives a batch to a trigger's target.

use serde_json::Value;

use super::batch::Full;
use super::{Inner, Place};
use crate::cloud::plane::{BroadcastTarget, FunctionTarget, TriggerAction, TriggerDefinition};
use crate::inspect::faults::{Content, Phase};
use crate::inspect::{Call, Verdict};
use crate::traffic::{Seen, preview};
use crate::ydb::YdbFailure;

/// Gives it, unless a fault rule for `DELIVER` loses it; twice, if one says so.
pub(super) async fn deliver(
    inner: &Inner,
    definition: &TriggerDefinition,
    place: &Place,
    full: Full,
) -> Result<(), YdbFailure> {
    let error = match verdict(inner, definition, &full).await {
        Verdict::Drop | Verdict::Cut => "dropped by a fault rule".to_owned(),
        Verdict::Status(status) => format!("HTTP status {status}, injected by a fault rule"),
        Verdict::Duplicate => {
            give(inner, definition, place, &full).await?;
            return give(inner, definition, place, &full).await;
        }
        _ => return give(inner, definition, place, &full).await,
    };
    inner.keep_position(place, full.next)?;
    let text = preview(&full.payload);
    inner.traffic.saw(lost(definition, error, text));
    Ok(())
}

/// What rules say to a batch of `/<trigger id>`.
async fn verdict(inner: &Inner, definition: &TriggerDefinition, full: &Full) -> Verdict {
    if !inner.inspector.concerns("DELIVER") {
        return Verdict::Pass;
    }
    let path = format!("/{}", definition.trigger_id);
    let call = Call {
        method: "DELIVER",
        path: &path,
        subject: Some(&definition.service_account_id),
        headers: None,
        content: Content::Bytes(full.payload.as_bytes()),
    };
    inner.inspector.apply(Phase::Before, &call).await
}

/// To sockets at most once (documented): what can't be sent is lost, and the
/// position moves first. To a function as often as its settings say; the
/// position moves when that has ended, so that a trigger that is stopped during
/// it tries the batch again when it goes on (a guess).
async fn give(
    inner: &Inner,
    definition: &TriggerDefinition,
    place: &Place,
    full: &Full,
) -> Result<(), YdbFailure> {
    match &definition.action {
        TriggerAction::Broadcast(target) => {
            inner.keep_position(place, full.next)?;
            let seen = broadcast(inner, definition, target, place, full);
            inner.traffic.saw(seen);
        }
        TriggerAction::Invoke(function) => {
            let seen = invoke(inner, definition, function, place, full).await;
            inner.traffic.saw(seen);
            inner.keep_position(place, full.next)?;
        }
    }
    Ok(())
}

fn broadcast(
    inner: &Inner,
    definition: &TriggerDefinition,
    target: &BroadcastTarget,
    place: &Place,
    full: &Full,
) -> Seen {
    let BroadcastTarget {
        gateway_id,
        path,
        service_account_id: account,
    } = target;
    let text = preview(&full.payload);
    let sent = inner
        .targets
        .broadcast(gateway_id, path, account, full.payload.clone());
    match sent {
        Ok(sockets) => Seen::Delivered {
            trigger_id: definition.trigger_id.clone(),
            gateway_id: gateway_id.clone(),
            partition: place.partition,
            below: full.next,
            sockets,
            text,
        },
        Err(status) => lost(definition, status.message, text),
    }
}

async fn invoke(
    inner: &Inner,
    definition: &TriggerDefinition,
    function: &FunctionTarget,
    place: &Place,
    full: &Full,
) -> Seen {
    let text = preview(&full.payload);
    let event: Value = match serde_json::from_str(&full.payload) {
        Ok(event) => event,
        Err(error) => return lost(definition, error.to_string(), text),
    };
    let mut retries = 0;
    loop {
        match inner.targets.invoke(function, event.clone()).await {
            Ok(()) => {
                return Seen::Invoked {
                    trigger_id: definition.trigger_id.clone(),
                    function_id: function.function_id.clone(),
                    partition: place.partition,
                    below: full.next,
                    retries,
                    text,
                };
            }
            Err(error) if retries < function.retries => {
                tracing::warn!(trigger = definition.trigger_id, %error, "a call is tried again");
                inner.inspector.iam().clock().sleep(function.interval).await;
                retries += 1;
            }
            Err(error) => return lost(definition, error.to_string(), text),
        }
    }
}

fn lost(definition: &TriggerDefinition, error: String, text: String) -> Seen {
    let trigger_id = definition.trigger_id.clone();
    tracing::warn!(trigger = trigger_id, error, "a batch is lost");
    Seen::Lost {
        trigger_id,
        error,
        text,
    }
}
