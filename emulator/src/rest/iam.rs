//! `/iam/v1/tokens` and `/iam/v1/keys` (proto `iam/v1/iam_token_service.proto`,
//! `key_service.proto`).

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use yandex_cloud_rest::model::iam::{
    CreateIamTokenRequest, CreateIamTokenResponse, CreateKeyRequest, CreateKeyResponse, Key,
};

use super::Call;
use super::page::{page, to_value};
use super::validate::{LONGEST_ID, Violations, message};
use crate::cloud::{Cloud, Target, Work, quotas};
use crate::error::Status;
use crate::iam::accounts::account_not_found;
use crate::iam::keys::{AuthorizedKey, generate, with_warning};
use crate::iam::{IssuedToken, Permission, Resource};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ForServiceAccount {
    service_account_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Revoke {
    iam_token: String,
}

/// `POST /iam/v1/tokens`: the one call that brings its own credentials.
pub(super) fn exchange(cloud: &Cloud, body: &[u8]) -> Result<Value, Status> {
    let request: CreateIamTokenRequest = message(body)?;
    let mut violations = Violations::default();
    let jwt = match (&request.jwt, &request.yandex_passport_oauth_token) {
        (Some(jwt), None) => {
            violations.longest("jwt", jwt, 8000);
            violations.required("jwt", jwt);
            jwt.as_str()
        }
        (None, Some(_)) => {
            return Err(Status::unimplemented(
                "The emulator has no people: exchange a jwt instead of yandexPassportOauthToken",
            ));
        }
        (None, None) | (Some(_), Some(_)) => {
            violations.add(
                "identity",
                "One of jwt and yandexPassportOauthToken is required",
            );
            ""
        }
    };
    violations.finish()?;
    issued(cloud.iam().exchange_jwt(jwt)?)
}

fn issued(token: IssuedToken) -> Result<Value, Status> {
    to_value(&CreateIamTokenResponse {
        iam_token: token.token,
        expires_at: token.expires_at.to_string(),
    })
}

/// `/iam/v1/tokens:…`
pub(super) fn tokens(call: &Call) -> Result<Value, Status> {
    match (&call.method, call.path.verb()) {
        (&Method::POST, Some("createForServiceAccount")) => {
            let request: ForServiceAccount = message(&call.body)?;
            let resource = account_resource(call, &request.service_account_id)?;
            call.authorize(Permission::ServiceAccountsImpersonate, &resource)?;
            issued(call.cloud.iam().issue_token(&request.service_account_id)?)
        }
        (&Method::POST, Some("revoke")) => {
            let request: Revoke = message(&call.body)?;
            let subject = call.cloud.iam().revoke_token(&request.iam_token)?;
            Ok(json!({ "subjectId": subject }))
        }
        _ => Err(call.unimplemented()),
    }
}

/// `/iam/v1/keys…`
pub(super) fn keys(call: &Call) -> Result<Value, Status> {
    match (
        &call.method,
        call.path.segments().as_slice(),
        call.path.verb(),
    ) {
        (&Method::GET, [_, _, _], None) => list_keys(call),
        (&Method::POST, [_, _, _], None) => create_key(call),
        (&Method::GET, [_, _, _, id], None) => to_value(&wire_key(&find_key(
            call,
            id,
            Permission::ServiceAccountsGet,
        )?)),
        (&Method::DELETE, [_, _, _, id], None) => delete_key(call, id),
        _ => Err(call.unimplemented()),
    }
}

fn account_resource(call: &Call, id: &str) -> Result<Resource, Status> {
    let account = call
        .cloud
        .iam()
        .account(id)
        .ok_or_else(|| account_not_found(id))?;
    Ok(Resource::service_account(&account.folder_id, &account.id))
}

/// An account may manage its own keys.
fn may(call: &Call, account_id: &str, permission: Permission) -> Result<(), Status> {
    let resource = account_resource(call, account_id)?;
    if call.subject.id == account_id {
        return Ok(());
    }
    call.authorize(permission, &resource)
}

fn find_key(call: &Call, id: &str, permission: Permission) -> Result<AuthorizedKey, Status> {
    let key = call.cloud.iam().key(id);
    let key = key.ok_or_else(|| Status::not_found(format!("Key {id} not found")))?;
    may(call, &key.service_account_id, permission)?;
    Ok(key)
}

fn wire_key(key: &AuthorizedKey) -> Key {
    Key {
        id: key.id.clone(),
        service_account_id: key.service_account_id.clone(),
        created_at: Some(key.created_at.to_string()),
        description: key.description.clone(),
        key_algorithm: key.algorithm.clone(),
        public_key: key.public_key.clone(),
    }
}

fn own_or<'a>(call: &'a Call, account_id: &'a str) -> &'a str {
    if account_id.is_empty() {
        &call.subject.id
    } else {
        account_id
    }
}

fn list_keys(call: &Call) -> Result<Value, Status> {
    let given = call
        .query
        .get("serviceAccountId")
        .map_or("", String::as_str);
    let account_id = own_or(call, given);
    may(call, account_id, Permission::ServiceAccountsGet)?;
    let keys = call.cloud.iam().keys_of(account_id);
    page(
        &call.query,
        "keys",
        keys.iter().map(|key| (key.id.clone(), wire_key(key))),
    )
}

fn create_key(call: &Call) -> Result<Value, Status> {
    let request: CreateKeyRequest = message(&call.body)?;
    let mut violations = Violations::default();
    violations.longest("description", &request.description, 256);
    let account_id = &request.service_account_id;
    violations.longest("serviceAccountId", account_id, LONGEST_ID);
    violations.check(
        "format",
        matches!(request.format.as_str(), "" | "PEM_FILE"),
        "Must be PEM_FILE",
    );
    let algorithm = match request.key_algorithm.as_str() {
        "" | "RSA_2048" => Some(("RSA_2048", 2048)),
        "RSA_4096" => Some(("RSA_4096", 4096)),
        _ => None,
    };
    violations.check(
        "keyAlgorithm",
        algorithm.is_some(),
        "Must be RSA_2048 or RSA_4096",
    );
    violations.finish()?;
    let account_id = own_or(call, &request.service_account_id);
    may(call, account_id, Permission::ServiceAccountsAdmin)?;
    call.cloud.check_quota(quotas::KEYS)?;
    let (name, bits) = algorithm.unwrap_or(("RSA_2048", 2048));
    let pair = generate(bits).map_err(|error| Status::internal(error.to_string()))?;
    let iam = call.cloud.iam();
    let key = iam.add_key(account_id, &request.description, name, &pair.public_key)?;
    to_value(&CreateKeyResponse {
        private_key: with_warning(&key, &pair.private_key),
        key: wire_key(&key),
    })
}

fn delete_key(call: &Call, id: &str) -> Result<Value, Status> {
    let key = find_key(call, id, Permission::ServiceAccountsAdmin)?;
    let resource = account_resource(call, &key.service_account_id)?;
    let target = Target {
        description: "Delete key",
        metadata_type: "iam.v1.DeleteKeyMetadata",
        metadata: json!({ "keyId": id }),
        folder_id: &resource.folder_id,
        resource_id: &resource.id,
    };
    call.begin(&target, Work::DeleteKey { id: id.to_owned() })
}
