//! The graph, backwards: nothing is removed before what uses it. It needs no
//! valid spec, and what isn't there is as good as removed.

use tokio::join;
use wschat_crds::{DeletionPolicy, ResourceStatus, Resources};

use crate::context::Pass;
use crate::error::StepError;
use crate::outcome::{Outcome, settle};
use crate::report::{Report, worst};
use crate::steps::account::Traces;
use crate::steps::{account, database, function, gateway, roles, trigger};

/// Brings the cloud one step closer to holding nothing of the chat. Ready means
/// that everything was seen to be absent.
pub(crate) async fn teardown(pass: &Pass<'_>, resources: &mut Resources) -> Report {
    if pass.identity.deletion_policy == DeletionPolicy::Retain {
        return Report::Ready;
    }
    if pass.identity.protected {
        return (&Outcome::<()>::Failed(StepError::Protected)).into();
    }
    // Every field is named, so that a new resource cannot be forgotten. What
    // lives inside another resource goes with it.
    let Resources {
        trigger,
        gateway,
        function,
        invokers,
        version,
        live,
        topic,
        schema,
        database,
        roles,
        service_account,
    } = resources;
    let removed: Report = (&trigger::remove(pass, trigger).await).into();
    if !removed.is_ready() {
        return removed;
    }
    let removed: Report = (&gateway::remove(pass, gateway).await).into();
    if !removed.is_ready() {
        return removed;
    }
    let (function, database) = join!(
        function::remove(pass, function),
        database::remove(pass, database)
    );
    let (function, database) = ((&function).into(), (&database).into());
    for inside in [invokers, version, live, topic, schema] {
        *inside = ResourceStatus::default();
    }
    let both = worst(&[&function, &database]);
    if !both.is_ready() {
        return both.clone();
    }
    let removed: Report = (&remove_roles(pass, roles, service_account).await).into();
    if !removed.is_ready() {
        return removed;
    }
    (&account::remove(pass, service_account).await).into()
}

/// Roles name the account by its id, so they go before it.
async fn remove_roles(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    account: &ResourceStatus,
) -> Outcome<()> {
    match account::traces(pass, account).await {
        Ok(Traces::Of(id)) => roles::remove(pass, saved, Some(&id)).await,
        Ok(Traces::Nobodys) => roles::remove(pass, saved, None).await,
        Ok(Traces::Kept) => {
            *saved = ResourceStatus::default();
            Outcome::Ready(())
        }
        Err(error) => settle(Err(error)),
    }
}
