//! `/iam/v1/workload/federatedCredentials`
//! (proto `iam/v1/workload/federated_credential_service.proto`).

use http::Method;
use serde_json::{Value, json};
use yandex_cloud_rest::model::workload::{CreateFederatedCredentialRequest, FederatedCredential};

use super::federations;
use super::page::{page, to_value};
use super::validate::{Violations, message};
use super::{Call, filter};
use crate::cloud::{Target, Work, quotas};
use crate::error::Status;
use crate::iam::accounts::account_not_found;
use crate::iam::{Account, Permission, Resource};
use crate::ids::prefix;

/// Longest `externalSubjectId`.
const LONGEST_SUBJECT: usize = 1000;

pub(super) fn route(call: &Call) -> Result<Value, Status> {
    match (
        &call.method,
        call.path.segments().as_slice(),
        call.path.verb(),
    ) {
        (&Method::GET, [_, _, _, _], None) => list(call),
        (&Method::POST, [_, _, _, _], None) => create(call),
        (&Method::GET, [_, _, _, _, id], None) => {
            let credential = call.cloud.iam().federated_credential(id)?;
            let account_id = &credential.service_account_id;
            account(call, account_id, Permission::FederatedCredentialsGet)?;
            to_value(&credential)
        }
        (&Method::DELETE, [_, _, _, _, id], None) => delete(call, id),
        _ => Err(call.unimplemented()),
    }
}

/// The account, when the caller may do this with its credentials.
fn account(call: &Call, id: &str, permission: Permission) -> Result<Account, Status> {
    let account = call.cloud.iam().account(id);
    let account = account.ok_or_else(|| account_not_found(id))?;
    let resource = Resource::service_account(&account.folder_id, id);
    call.authorize(permission, &resource)?;
    Ok(account)
}

fn list(call: &Call) -> Result<Value, Status> {
    let account_id = call.query.get("serviceAccountId").cloned();
    let account_id = account_id.unwrap_or_default();
    let mut violations = Violations::default();
    violations.id("serviceAccountId", &account_id);
    violations.finish()?;
    filter::none(&call.query, "Federated credentials")?;
    account(call, &account_id, Permission::FederatedCredentialsGet)?;
    let all = call.cloud.iam().federated_credentials();
    let own = all
        .iter()
        .filter(|credential| credential.service_account_id == account_id);
    let keyed = own.map(|credential| (credential.id.clone(), credential));
    page(&call.query, "federatedCredentials", keyed)
}

fn create(call: &Call) -> Result<Value, Status> {
    let request: CreateFederatedCredentialRequest = message(&call.body)?;
    let mut violations = Violations::default();
    violations.id("serviceAccountId", &request.service_account_id);
    violations.id("federationId", &request.federation_id);
    let subject = &request.external_subject_id;
    violations.longest("externalSubjectId", subject, LONGEST_SUBJECT);
    violations.finish()?;
    let manage = Permission::FederatedCredentialsManage;
    let account = account(call, &request.service_account_id, manage)?;
    federations::find(call, &request.federation_id, Permission::FederationsUse)?;
    call.cloud.check_quota(quotas::FEDERATED_CREDENTIALS)?;
    let iam = call.cloud.iam();
    let credential = FederatedCredential {
        id: iam.next_id(prefix::FEDERATION),
        service_account_id: request.service_account_id,
        federation_id: request.federation_id,
        external_subject_id: request.external_subject_id,
        created_at: Some(iam.clock().now().to_string()),
    };
    let twins = iam.federated_credentials();
    if twins.iter().any(|twin| same_link(twin, &credential)) {
        return Err(Status::already_exists(
            "Such a federated credential already exists",
        ));
    }
    iam.keep_federated_credential(credential.clone());
    let id = credential.id.clone();
    call.begin(
        &target(true, &account, &credential),
        Work::CreateFederatedCredential { id },
    )
}

fn same_link(one: &FederatedCredential, other: &FederatedCredential) -> bool {
    one.service_account_id == other.service_account_id
        && one.federation_id == other.federation_id
        && one.external_subject_id == other.external_subject_id
}

fn delete(call: &Call, id: &str) -> Result<Value, Status> {
    let credential = call.cloud.iam().federated_credential(id)?;
    let manage = Permission::FederatedCredentialsManage;
    let account = account(call, &credential.service_account_id, manage)?;
    let id = id.to_owned();
    call.begin(
        &target(false, &account, &credential),
        Work::DeleteFederatedCredential { id },
    )
}

fn target<'a>(
    create: bool,
    account: &'a Account,
    credential: &'a FederatedCredential,
) -> Target<'a> {
    let (description, metadata_type) = if create {
        (
            "Create federated credential",
            "iam.v1.workload.CreateFederatedCredentialMetadata",
        )
    } else {
        (
            "Delete federated credential",
            "iam.v1.workload.DeleteFederatedCredentialMetadata",
        )
    };
    Target {
        description,
        metadata_type,
        metadata: json!({ "federatedCredentialId": credential.id }),
        folder_id: &account.folder_id,
        resource_id: &credential.id,
    }
}
