//! The account's roles on the folder.

use std::time::Instant;

use wschat_crds::ResourceStatus;
use yandex_cloud_rest::model::access::{
    AccessBinding, AccessBindingAction, AccessBindingDelta, AccessSubject,
};

use super::account::Account;
use super::child::gone;
use super::operation::{Mutation, Standing, begin, fulfilled, standing};
use super::sight::LOOK_TWICE;
use crate::change::Change;
use crate::cloud::CloudError;
use crate::context::Pass;
use crate::error::StepError;
use crate::idempotency::request_hash;
use crate::inventory::Content;
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

/// What is missing of the roles, by those that the account has (pure).
fn missing(account: &str, present: &[String]) -> Vec<AccessBindingDelta> {
    let missing = ROLES
        .into_iter()
        .filter(|wanted| present.iter().all(|role| role != wanted));
    missing
        .map(|role| delta(AccessBindingAction::Add, role, account))
        .collect()
}

/// What has to go, whichever roles they are (pure).
fn leftovers(account: &str, present: &[String]) -> Vec<AccessBindingDelta> {
    let remove = |role: &String| delta(AccessBindingAction::Remove, role, account);
    present.iter().map(remove).collect()
}

fn delta(action: AccessBindingAction, role: &str, account: &str) -> AccessBindingDelta {
    AccessBindingDelta {
        action,
        access_binding: AccessBinding {
            role_id: role.to_owned(),
            subject: AccessSubject::service_account(account),
        },
    }
}

/// Sees to it that the account has its roles.
pub(crate) async fn ensure(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    account: &Account,
) -> Outcome<()> {
    let outcome = settle(try_ensure(pass, saved, account).await);
    outcome.or_serving(saved.hash.is_some().then_some(()))
}

async fn try_ensure(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    account: &Account,
) -> Result<Outcome<()>, StepError> {
    let hash = request_hash(&(&account.id, ROLES))?;
    let granting = |again| {
        Ok(Outcome::pending(
            "granting the roles of the service account",
            again,
        ))
    };
    if let Standing::Running(again) = standing(pass, RESOURCE, saved).await? {
        return granting(again);
    }
    if pass.believes(RESOURCE, saved, &hash) && are_listed(pass, account)? {
        return Ok(Outcome::Ready(()));
    }
    // An account that was removed by hand leaves its bindings behind.
    let former = saved.id.clone().filter(|former| *former != account.id);
    let former = former.as_deref();
    // That it has them, a list shows that others share; what it lacks is read
    // before anything is done.
    let mut deltas = difference(pass, account, former, pass.survey.doubted()).await?;
    if !deltas.is_empty() || former.is_some() {
        deltas = difference(pass, account, former, Some(pass.began)).await?;
    }
    if deltas.is_empty() {
        saved.id = Some(account.id.clone());
        fulfilled(saved, hash);
        pass.journal.save(RESOURCE, saved).await?;
        return Ok(Outcome::Ready(()));
    }
    let again = saved.hash.is_some() && former.is_none();
    let told = Change::grant(RESOURCE, again, &granted(&deltas));
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
    let begun = change(pass, saved, "grant", deltas, Some(told)).await;
    if begun.is_err() {
        // The account lacks them, and doesn't get them.
        saved.hash = None;
    }
    granting(begun?.again())
}

/// Whether the lists that this look compares with hold all roles, if it does.
fn are_listed(pass: &Pass<'_>, account: &Account) -> Result<bool, StepError> {
    match pass.survey.lists() {
        None => Ok(true),
        Some(lists) => {
            let present = lists.bindings.of(&account.id).map_err(not_seen)?;
            Ok(missing(&account.id, present).is_empty())
        }
    }
}

/// What the account lacks, and what a former one left behind, by a list that was
/// taken since then.
async fn difference(
    pass: &Pass<'_>,
    account: &Account,
    former: Option<&str>,
    since: Option<Instant>,
) -> Result<Vec<AccessBindingDelta>, StepError> {
    let present = pass.index(Content::Roles, since).await;
    let mut deltas = missing(&account.id, present.of(&account.id).map_err(not_seen)?);
    if let Some(former) = former {
        deltas.extend(leftovers(former, present.of(former).map_err(not_seen)?));
    }
    Ok(deltas)
}

fn not_seen(source: CloudError) -> StepError {
    StepError::Cloud {
        action: "look at",
        resource: RESOURCE,
        source,
    }
}

/// What people are told about a grant.
fn granted(deltas: &[AccessBindingDelta]) -> String {
    let added = deltas
        .iter()
        .filter(|delta| delta.action == AccessBindingAction::Add);
    let roles: Vec<&str> = added
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
        let present = pass.index(Content::Roles, Some(pass.began)).await;
        let mut deltas = Vec::new();
        for account in &accounts {
            deltas.extend(leftovers(account, present.of(account).map_err(not_seen)?));
        }
        if !deltas.is_empty() {
            return removing(change(pass, saved, "remove", deltas, None).await?.again());
        }
    }
    gone(pass, RESOURCE, saved, LOOK_TWICE).await
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

    fn of(deltas: &[AccessBindingDelta]) -> Vec<(&str, &str)> {
        let pairs = deltas.iter().map(|delta| &delta.access_binding);
        pairs
            .map(|one| (one.role_id.as_str(), one.subject.id.as_str()))
            .collect()
    }

    #[test]
    fn only_missing_roles_are_granted() {
        let all = ROLES.map(str::to_owned);
        assert_eq!(missing("aje1", &[]).len(), 3);
        assert_eq!(missing("aje1", &all), []);
        let deltas = missing("aje1", &all[1..]);
        assert_eq!(of(&deltas), [("ydb.editor", "aje1")]);
        assert_eq!(deltas[0].action, AccessBindingAction::Add);
    }

    #[test]
    fn whatever_is_left_behind_is_removed_and_only_what_is_granted_is_told() {
        let mut deltas = leftovers("aje1", &["ydb.editor".to_owned(), "x".to_owned()]);
        assert_eq!(of(&deltas), [("ydb.editor", "aje1"), ("x", "aje1")]);
        assert_eq!(deltas[1].action, AccessBindingAction::Remove);
        deltas.extend(missing("aje2", &ROLES.map(str::to_owned)[1..]));
        assert_eq!(granted(&deltas), "ydb.editor");
    }
}
