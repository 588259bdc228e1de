//! `/iam/v1/workload/oidc/federations`
//! (proto `iam/v1/workload/oidc/federation_service.proto`).

use http::Method;
use serde_json::{Value, json};
use yandex_cloud_rest::model::Labels;
use yandex_cloud_rest::model::workload::{
    CreateFederationRequest, Federation, UpdateFederationRequest,
};

use super::bindings::{self, Response};
use super::named::{page_of_folder, unique_in_folder};
use super::page::to_value;
use super::validate::{self, LabelRule, NameRule, Violations, mask, message};
use super::{Call, filter};
use crate::cloud::{Mask, Target, Work, quotas};
use crate::error::Status;
use crate::iam::{Permission, Resource};
use crate::ids::prefix;

/// Longest URL of an issuer or of its keys.
const LONGEST_URL: usize = 8000;
/// Most audiences.
const AUDIENCES: usize = 100;
/// Longest audience.
const LONGEST_AUDIENCE: usize = 255;

pub(super) fn route(call: &Call) -> Result<Value, Status> {
    match (
        &call.method,
        call.path.segments().as_slice(),
        call.path.verb(),
    ) {
        (&Method::GET, [_, _, _, _, _], None) => list(call),
        (&Method::POST, [_, _, _, _, _], None) => create(call),
        (&Method::GET, [_, _, _, _, _, id], None) => {
            to_value(&find(call, id, Permission::FederationsGet)?)
        }
        (&Method::PATCH, [_, _, _, _, _, id], None) => update(call, id),
        (&Method::DELETE, [_, _, _, _, _, id], None) => delete(call, id),
        (method, [_, _, _, _, _, id], Some(verb))
            if bindings::is_verb(method, verb, &Method::POST) =>
        {
            let federation = find(call, id, Permission::FederationsGet)?;
            let resource = Resource::federation(&federation.folder_id, id);
            let manage = Permission::FederationBindingsManage;
            bindings::route(call, &resource, manage, Response::EffectiveDeltas)
        }
        _ => Err(call.unimplemented()),
    }
}

/// A federation that the caller may do this with.
pub(super) fn find(call: &Call, id: &str, permission: Permission) -> Result<Federation, Status> {
    let federation = call.cloud.iam().federation(id)?;
    call.authorize(permission, &Resource::federation(&federation.folder_id, id))?;
    Ok(federation)
}

fn list(call: &Call) -> Result<Value, Status> {
    let folder_id = call.listed_folder(Permission::FederationsGet)?;
    filter::none(&call.query, "Federations")?;
    let all = call.cloud.iam().federations();
    page_of_folder(call, "federations", &folder_id, None, &all)
}

fn create(call: &Call) -> Result<Value, Status> {
    let request: CreateFederationRequest = message(&call.body)?;
    let mut violations = Violations::default();
    violations.id("folderId", &request.folder_id);
    validate::name(&mut violations, &request.name, NameRule::Account);
    check_texts(&mut violations, &request.description, &request.labels);
    check_audiences(&mut violations, &request.audiences);
    check_url(&mut violations, "issuer", &request.issuer);
    check_url(&mut violations, "jwksUrl", &request.jwks_url);
    violations.finish()?;
    call.folder(&request.folder_id, Permission::FederationsManage)?;
    let iam = call.cloud.iam();
    let others = iam.federations();
    unique_in_folder(
        "Federation",
        &request.folder_id,
        &request.name,
        None,
        &others,
    )?;
    call.cloud.check_quota(quotas::FEDERATIONS)?;
    let federation = Federation {
        id: iam.next_id(prefix::FEDERATION),
        name: request.name,
        folder_id: request.folder_id,
        description: request.description,
        enabled: !request.disabled,
        audiences: request.audiences,
        issuer: request.issuer,
        jwks_url: request.jwks_url,
        labels: request.labels,
        created_at: Some(iam.clock().now().to_string()),
    };
    iam.keep_federation(federation.clone());
    let id = federation.id.clone();
    call.begin(
        &target("Create federation", "Create", &federation),
        Work::CreateFederation { id },
    )
}

fn update(call: &Call, id: &str) -> Result<Value, Status> {
    let mut request: UpdateFederationRequest = message(&call.body)?;
    let fields = [
        "name",
        "description",
        "disabled",
        "audiences",
        "jwksUrl",
        "labels",
    ];
    let mask = mask(request.update_mask.take(), &fields)?;
    check_update(&request, &mask)?;
    let federation = find(call, id, Permission::FederationsManage)?;
    if mask.has("name") {
        let others = call.cloud.iam().federations();
        let (folder, name) = (&federation.folder_id, &request.name);
        unique_in_folder("Federation", folder, name, Some(id), &others)?;
    }
    let request = Box::new(request);
    let id = id.to_owned();
    call.begin(
        &target("Update federation", "Update", &federation),
        Work::UpdateFederation { id, request, mask },
    )
}

/// What the mask leaves out may be empty.
fn check_update(request: &UpdateFederationRequest, mask: &Mask) -> Result<(), Status> {
    let mut violations = Violations::default();
    if mask.has("name") {
        validate::name(&mut violations, &request.name, NameRule::Account);
    }
    if mask.has("audiences") {
        check_audiences(&mut violations, &request.audiences);
    }
    if mask.has("jwksUrl") {
        check_url(&mut violations, "jwksUrl", &request.jwks_url);
    }
    check_texts(&mut violations, &request.description, &request.labels);
    violations.finish()
}

fn delete(call: &Call, id: &str) -> Result<Value, Status> {
    let federation = find(call, id, Permission::FederationsManage)?;
    let id = id.to_owned();
    call.begin(
        &target("Delete federation", "Delete", &federation),
        Work::DeleteFederation { id },
    )
}

fn target<'a>(description: &'a str, verb: &str, federation: &'a Federation) -> Target<'a> {
    let metadata_type = match verb {
        "Create" => "iam.v1.workload.oidc.CreateFederationMetadata",
        "Update" => "iam.v1.workload.oidc.UpdateFederationMetadata",
        _ => "iam.v1.workload.oidc.DeleteFederationMetadata",
    };
    Target {
        description,
        metadata_type,
        metadata: json!({ "federationId": federation.id }),
        folder_id: &federation.folder_id,
        resource_id: &federation.id,
    }
}

fn check_texts(violations: &mut Violations, description: &str, labels: &Labels) {
    violations.longest("description", description, 256);
    validate::labels(violations, labels, LabelRule::Strict);
}

fn check_audiences(violations: &mut Violations, audiences: &[String]) {
    violations.check(
        "audiences",
        (1..=AUDIENCES).contains(&audiences.len()),
        &format!("Must have 1 to {AUDIENCES} elements"),
    );
    for audience in audiences {
        violations.check(
            "audiences",
            (1..=LONGEST_AUDIENCE).contains(&audience.chars().count()),
            &format!("Elements must be 1 to {LONGEST_AUDIENCE} characters long"),
        );
    }
}

fn check_url(violations: &mut Violations, field: &str, url: &str) {
    violations.required(field, url);
    violations.longest(field, url, LONGEST_URL);
}
