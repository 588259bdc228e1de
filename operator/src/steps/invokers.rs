//! Who may call the function: the chat's account, as which the gateway calls.
//! The function stays private.

use wschat_crds::ResourceStatus;
use yandex_cloud_rest::model::access::{
    AccessBinding, AccessBindingAction, AccessBindingDelta, AccessSubject,
};

use super::account::Account;
use super::function::Function;
use super::operation::{Mutation, Standing, begin, fulfilled, standing};
use crate::change::{Change, LATER};
use crate::context::Pass;
use crate::error::StepError;
use crate::idempotency::request_hash;
use crate::outcome::{Outcome, settle};
use crate::resource::Resource;

const RESOURCE: Resource = Resource::Invokers;

/// The role that lets one call a function.
const ROLE: &str = "functions.functionInvoker";

/// Sees to it that the account may call the function.
pub(crate) async fn ensure(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    function: &Function,
    account: &Account,
) -> Outcome<()> {
    let outcome = settle(try_ensure(pass, saved, function, account).await);
    outcome.or_serving(saved.hash.is_some().then_some(()))
}

async fn try_ensure(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    function: &Function,
    account: &Account,
) -> Result<Outcome<()>, StepError> {
    let hash = request_hash(&(&function.id, &account.id, ROLE))?;
    let granting = |again| {
        Ok(Outcome::pending(
            "letting the service account call the function",
            again,
        ))
    };
    if let Standing::Running(again) = standing(pass, RESOURCE, saved).await? {
        return granting(again);
    }
    if pass.believes(RESOURCE, saved, &hash) {
        return Ok(Outcome::Ready(()));
    }
    let again = saved.hash.as_ref() == Some(&hash);
    let change = Change::grant(RESOURCE, again, ROLE);
    if function.id == LATER && pass.planned(&change) {
        return Ok(Outcome::Ready(()));
    }
    let cloud = &pass.context.cloud;
    let present = cloud.function_bindings(&function.id).await;
    let present = present.map_err(|source| StepError::Cloud {
        action: "look at",
        resource: RESOURCE,
        source,
    })?;
    let deltas = deltas(&present, account, saved.id.as_deref());
    if deltas.is_empty() {
        saved.id = Some(account.id.clone());
        fulfilled(saved, hash);
        pass.journal.save(RESOURCE, saved).await?;
        return Ok(Outcome::Ready(()));
    }
    if pass.planned(&change) {
        return Ok(Outcome::Ready(()));
    }
    // Another account, or function, is a new one, which serves nobody yet.
    if !again {
        saved.hash = None;
    }
    let mutation = Mutation {
        resource: RESOURCE,
        action: "grant",
        hash: &hash,
        id_field: None,
        change: Some(change),
    };
    let call = |key| cloud.update_function_bindings(&function.id, &deltas, key);
    let begun = begin(pass, mutation, saved, call).await;
    if begun.is_err() {
        // It isn't there, and doesn't come back.
        saved.hash = None;
    }
    granting(begun?.again())
}

/// What to change of the function's bindings: the account's is added, and one
/// is removed that a former account left behind, which somebody removed (pure).
fn deltas(
    present: &[AccessBinding],
    account: &Account,
    former: Option<&str>,
) -> Vec<AccessBindingDelta> {
    let binding = |account: &str| AccessBinding {
        role_id: ROLE.to_owned(),
        subject: AccessSubject::service_account(account),
    };
    let delta = |action, access_binding| AccessBindingDelta {
        action,
        access_binding,
    };
    let wanted = Some(binding(&account.id)).filter(|one| !present.contains(one));
    let left = former.filter(|former| *former != account.id).map(binding);
    let left = left.filter(|left| present.contains(left));
    let added = wanted.map(|one| delta(AccessBindingAction::Add, one));
    let removed = left.map(|one| delta(AccessBindingAction::Remove, one));
    added.into_iter().chain(removed).collect()
}
