//! The account's roles on the folder.

use wschat_crds::ResourceStatus;
use yandex_cloud_rest::model::access::{
    AccessBinding, AccessBindingAction, AccessBindingDelta, AccessSubject,
};

use super::account::Account;
use super::child::gone;
use super::operation::{Mutation, Standing, begin, fulfilled, standing};
use super::sight::LOOK_TWICE;
use crate::change::Change;
use crate::context::Pass;
use crate::error::StepError;
use crate::idempotency::request_hash;
use crate::outcome::{Outcome, settle};
use crate::resource::Resource;

const RESOURCE: Resource = Resource::Roles;

/// What the handler and the trigger need. YDB has no bindings of its own over
/// REST, so all are granted on the folder.
const ROLES: [&str; 3] = [
    "ydb.editor",
    "yds.admin",
    "api-gateway.websocketBroadcaster",
];

/// What is missing of the roles (pure).
fn missing(account: &str, present: &[AccessBinding]) -> Vec<AccessBindingDelta> {
    ROLES
        .iter()
        .map(|role| AccessBinding {
            role_id: (*role).to_owned(),
            subject: AccessSubject::service_account(account),
        })
        .filter(|wanted| !present.contains(wanted))
        .map(|binding| delta(AccessBindingAction::Add, binding))
        .collect()
}

/// What has to go, whichever roles they are (pure).
fn leftovers(account: &str, present: &[AccessBinding]) -> Vec<AccessBindingDelta> {
    present
        .iter()
        .filter(|binding| binding.subject == AccessSubject::service_account(account))
        .map(|binding| delta(AccessBindingAction::Remove, binding.clone()))
        .collect()
}

fn delta(action: AccessBindingAction, access_binding: AccessBinding) -> AccessBindingDelta {
    AccessBindingDelta {
        action,
        access_binding,
    }
}

/// Sees to it that the account has its roles.
pub(crate) async fn ensure(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    account: &Account,
) -> Outcome<()> {
    let known = saved.hash.is_some().then_some(());
    settle(try_ensure(pass, saved, account).await).or_serving(known)
}

async fn try_ensure(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    account: &Account,
) -> Result<Outcome<()>, StepError> {
    let hash = request_hash(&(&account.id, ROLES))?;
    if pass.believes(RESOURCE, saved, &hash) && are_listed(pass, account)? {
        return Ok(Outcome::Ready(()));
    }
    let granting = |again| {
        Ok(Outcome::pending(
            "granting the roles of the service account",
            again,
        ))
    };
    if let Standing::Running(again) = standing(pass, RESOURCE, saved).await? {
        return granting(again);
    }
    let present = present(pass).await?;
    let mut deltas = missing(&account.id, &present);
    let roles = granted(&deltas);
    // An account that was removed by hand leaves its bindings behind.
    let former = saved.id.clone().filter(|former| *former != account.id);
    deltas.extend(former.iter().flat_map(|former| leftovers(former, &present)));
    if deltas.is_empty() {
        saved.id = Some(account.id.clone());
        fulfilled(saved, hash);
        pass.journal.save(RESOURCE, saved).await?;
        return Ok(Outcome::Ready(()));
    }
    let again = saved.hash.is_some() && former.is_none();
    let told = Change::grant(RESOURCE, again, &roles);
    if pass.planned(&told) {
        return Ok(Outcome::Ready(()));
    }
    // Another account is a new one, which serves nobody yet. The former one is
    // remembered until its bindings are gone.
    if saved.id.as_ref() != Some(&account.id) {
        saved.hash = None;
    }
    if former.is_none() {
        saved.id = Some(account.id.clone());
    }
    granting(
        change(pass, saved, "grant", deltas, Some(told))
            .await?
            .again(),
    )
}

/// Whether the lists that this look compares with hold all roles, if it does.
fn are_listed(pass: &Pass<'_>, account: &Account) -> Result<bool, StepError> {
    match pass.survey.lists().map(|lists| &lists.bindings) {
        None => Ok(true),
        Some(Ok(bindings)) => Ok(missing(&account.id, bindings).is_empty()),
        Some(Err(source)) => Err(StepError::Cloud {
            action: "look at",
            resource: RESOURCE,
            source: source.clone(),
        }),
    }
}

/// What people are told about a grant.
fn granted(deltas: &[AccessBindingDelta]) -> String {
    let roles: Vec<&str> = deltas
        .iter()
        .map(|delta| delta.access_binding.role_id.as_str())
        .collect();
    roles.join(", ")
}

/// Sees to it that no role names the account any more. `account` is `None` when
/// there is no account.
pub(crate) async fn remove(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    account: Option<&str>,
) -> Outcome<()> {
    settle(try_remove(pass, saved, account).await)
}

async fn try_remove(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    account: Option<&str>,
) -> Result<Outcome<()>, StepError> {
    let removing = |again| {
        Ok(Outcome::pending(
            "removing the roles of the service account",
            again,
        ))
    };
    if let Standing::Running(again) = standing(pass, RESOURCE, saved).await? {
        return removing(again);
    }
    let mut accounts: Vec<String> = account.map(str::to_owned).into_iter().collect();
    accounts.extend(saved.id.clone().filter(|id| Some(id.as_str()) != account));
    if !accounts.is_empty() {
        let present = present(pass).await?;
        let deltas = accounts
            .iter()
            .flat_map(|account| leftovers(account, &present));
        let deltas: Vec<_> = deltas.collect();
        if !deltas.is_empty() {
            return removing(change(pass, saved, "remove", deltas, None).await?.again());
        }
    }
    gone(pass, RESOURCE, saved, LOOK_TWICE).await
}

async fn present(pass: &Pass<'_>) -> Result<Vec<AccessBinding>, StepError> {
    let folder = &pass.identity.folder_id;
    pass.context
        .cloud
        .folder_bindings(folder)
        .await
        .map_err(|source| StepError::Cloud {
            action: "look at",
            resource: RESOURCE,
            source,
        })
}

/// Changes of one folder go one after another: how the cloud answers changes
/// that overlap isn't documented.
async fn change(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    action: &'static str,
    deltas: Vec<AccessBindingDelta>,
    told: Option<Change>,
) -> Result<Standing, StepError> {
    let hash = request_hash(&deltas)?;
    let mutation = Mutation {
        resource: RESOURCE,
        action,
        hash: &hash,
        id_field: None,
        change: told,
    };
    let (cloud, folder) = (&pass.context.cloud, &pass.identity.folder_id);
    let _turn = pass.context.folder_turn.lock().await;
    begin(pass, mutation, saved, |key| {
        cloud.update_folder_bindings(folder, &deltas, key)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding(role: &str, account: &str) -> AccessBinding {
        AccessBinding {
            role_id: role.to_owned(),
            subject: AccessSubject::service_account(account),
        }
    }

    #[test]
    fn only_missing_roles_are_granted() {
        assert_eq!(missing("aje1", &[]).len(), 3);
        let present = ROLES.map(|role| binding(role, "aje1"));
        assert!(missing("aje1", &present).is_empty());
        assert_eq!(
            missing("aje1", &present[1..])[0].access_binding.role_id,
            "ydb.editor"
        );
        assert_eq!(
            missing("aje2", &present).len(),
            3,
            "another account's roles don't count"
        );
    }

    #[test]
    fn only_this_accounts_roles_are_removed() {
        let present = vec![binding("ydb.editor", "aje1"), binding("ydb.editor", "aje2")];
        let deltas = leftovers("aje1", &present);
        assert_eq!(deltas.len(), 1);
        assert_eq!(deltas[0].action, AccessBindingAction::Remove);
        assert_eq!(deltas[0].access_binding.subject.id, "aje1");
    }
}
