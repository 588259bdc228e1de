//! `/iam/v1/serviceAccounts` (proto `iam/v1/service_account_service.proto`).

use http::Method;
use serde_json::{Value, json};
use yandex_cloud_rest::model::Labels;
use yandex_cloud_rest::model::iam::{CreateServiceAccountRequest, UpdateServiceAccountRequest};

use super::bindings::{self, Response};
use super::page::{page, to_value};
use super::validate::{self, LabelRule, NameRule, Violations, mask, message};
use super::{Call, filter, operations};
use crate::cloud::{Target, Work, quotas, service_account, settled, unique};
use crate::error::Status;
use crate::iam::accounts::{AccountState, account_not_found};
use crate::iam::{Account, Permission, Resource};

pub(super) fn route(call: &Call) -> Result<Value, Status> {
    match (
        &call.method,
        call.path.segments().as_slice(),
        call.path.verb(),
    ) {
        (&Method::GET, [_, _, _], None) => list(call),
        (&Method::POST, [_, _, _], None) => create(call),
        (&Method::GET, [_, _, _, id], None) => to_value(&service_account(&find(
            call,
            id,
            Permission::ServiceAccountsGet,
        )?)),
        (&Method::PATCH, [_, _, _, id], None) => update(call, id),
        (&Method::DELETE, [_, _, _, id], None) => delete(call, id),
        (&Method::GET, [_, _, _, id, "operations"], None) => {
            find(call, id, Permission::ServiceAccountsGet)?;
            filter::none(&call.query, "Operations of service accounts")?;
            operations::of_resource(call, id)
        }
        (method, [_, _, _, id], Some(verb)) if bindings::is_verb(method, verb, &Method::POST) => {
            let account = find(call, id, Permission::ServiceAccountsGet)?;
            let resource = Resource::service_account(&account.folder_id, &account.id);
            bindings::route(
                call,
                &resource,
                Permission::ServiceAccountsAdmin,
                Response::EffectiveDeltas,
            )
        }
        _ => Err(call.unimplemented()),
    }
}

fn find(call: &Call, id: &str, permission: Permission) -> Result<Account, Status> {
    let account = call
        .cloud
        .iam()
        .account(id)
        .ok_or_else(|| account_not_found(id))?;
    call.authorize(
        permission,
        &Resource::service_account(&account.folder_id, id),
    )?;
    Ok(account)
}

fn list(call: &Call) -> Result<Value, Status> {
    let folder_id = call.listed_folder(Permission::ServiceAccountsGet)?;
    let name = filter::name(&call.query)?;
    let accounts = call
        .cloud
        .iam()
        .accounts()
        .into_iter()
        .filter(|account| account.folder_id == folder_id)
        .filter(|account| name.as_ref().is_none_or(|name| account.name == *name))
        .map(|account| (account.id.clone(), service_account(&account)));
    page(&call.query, "serviceAccounts", accounts)
}

fn check(violations: &mut Violations, name: &str, description: &str, labels: &Labels) {
    validate::name(violations, name, NameRule::Account);
    violations.longest("description", description, 256);
    validate::labels(violations, labels, LabelRule::Strict);
}

fn create(call: &Call) -> Result<Value, Status> {
    let request: CreateServiceAccountRequest = message(&call.body)?;
    let mut violations = Violations::default();
    violations.id("folderId", &request.folder_id);
    check(
        &mut violations,
        &request.name,
        &request.description,
        &request.labels,
    );
    violations.finish()?;
    call.folder(&request.folder_id, Permission::ServiceAccountsManage)?;
    call.cloud.check_quota(quotas::SERVICE_ACCOUNTS)?;
    let account = call.cloud.iam().create_account(
        &request.folder_id,
        &request.name,
        &request.description,
        request.labels,
    )?;
    let target = target("Create service account", "Create", &account);
    let id = account.id.clone();
    call.begin(&target, Work::CreateAccount { id })
}

fn target<'a>(description: &'a str, verb: &str, account: &'a Account) -> Target<'a> {
    let metadata_type = match verb {
        "Create" => "iam.v1.CreateServiceAccountMetadata",
        "Update" => "iam.v1.UpdateServiceAccountMetadata",
        _ => "iam.v1.DeleteServiceAccountMetadata",
    };
    Target {
        description,
        metadata_type,
        metadata: json!({ "serviceAccountId": account.id }),
        folder_id: &account.folder_id,
        resource_id: &account.id,
    }
}

fn update(call: &Call, id: &str) -> Result<Value, Status> {
    let mut request: UpdateServiceAccountRequest = message(&call.body)?;
    let mask = mask(
        request.update_mask.take(),
        &["name", "description", "labels"],
    )?;
    let mut violations = Violations::default();
    check(
        &mut violations,
        &request.name,
        &request.description,
        &request.labels,
    );
    violations.finish()?;
    let account = find(call, id, Permission::ServiceAccountsManage)?;
    settled("Service account", id, &service_account(&account).status)?;
    let iam = call.cloud.iam().clone();
    if mask.has("name") {
        let others = iam.accounts();
        let names = others
            .iter()
            .filter(|other| other.id != id)
            .map(|other| other.name.as_str());
        unique("Service account", &request.name, names)?;
    }
    let target = target("Update service account", "Update", &account);
    let id = id.to_owned();
    call.begin(&target, Work::UpdateAccount { id, request, mask })
}

fn delete(call: &Call, id: &str) -> Result<Value, Status> {
    let account = find(call, id, Permission::ServiceAccountsManage)?;
    settled("Service account", id, &service_account(&account).status)?;
    let iam = call.cloud.iam().clone();
    iam.change_account(id, |account| account.state = AccountState::Deleting);
    let target = target("Delete service account", "Delete", &account);
    call.begin(&target, Work::DeleteAccount { id: id.to_owned() })
}
