//! REST methods, one file a service. The front door here authenticates,
//! replays known idempotency keys and picks the service by the path.

mod bindings;
mod databases;
mod emulator;
mod endpoints;
mod eyes;
mod federated_credentials;
mod federations;
mod filter;
mod folders;
mod functions;
mod gateways;
mod iam;
mod named;
mod operations;
mod options;
mod page;
mod path;
mod query;
mod quotas;
mod scaling;
mod service_accounts;
mod spec;
mod token_exchange;
mod trigger_rule;
mod triggers;
mod unsupported;
mod validate;
mod version_create;
mod versions;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, Request};
use http_body_util::{BodyExt, Limited};
use serde_json::Value;

use crate::cloud::idempotency::Fingerprint;
use crate::cloud::{Cloud, Target, Work};
use crate::error::Status;
use crate::iam::{Permission, Resource, Subject};
use crate::inspect::Inspector;
use path::Path;
use query::Query;

/// The largest request: an inline archive of the proto's cap, in base64.
const LARGEST_BODY: usize = 72 * 1024 * 1024;

/// First segments of the paths that some service of the cloud answers.
const PREFIXES: [&str; 8] = [
    "endpoints",
    "iam",
    "resource-manager",
    "ydb",
    "functions",
    "apigateways",
    "triggers",
    "quota-manager",
];

/// One authenticated call.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) cloud: Cloud,
    pub(crate) subject: Subject,
    pub(crate) method: Method,
    pub(crate) path: Path,
    pub(crate) query: Query,
    pub(crate) body: Vec<u8>,
}

impl Call {
    pub(crate) fn authorize(
        &self,
        permission: Permission,
        resource: &Resource,
    ) -> Result<(), Status> {
        self.cloud
            .iam()
            .authorize(&self.subject, permission, resource)
    }

    /// The folder of a list or create call, when the caller may do it there.
    pub(crate) fn folder(&self, folder_id: &str, permission: Permission) -> Result<(), Status> {
        if !self.cloud.iam().has_folder(folder_id) {
            return Err(folder_not_found(folder_id));
        }
        self.authorize(permission, &Resource::folder(folder_id))
    }

    /// The folder that a list call names in its query.
    pub(crate) fn listed_folder(&self, permission: Permission) -> Result<String, Status> {
        let folder_id = self.query.get("folderId").cloned().unwrap_or_default();
        let mut violations = validate::Violations::default();
        violations.id("folderId", &folder_id);
        violations.finish()?;
        self.folder(&folder_id, permission)?;
        Ok(folder_id)
    }

    /// Starts an operation on a resource and answers with it.
    pub(crate) fn begin(&self, target: &Target<'_>, work: Work) -> Result<Value, Status> {
        page::to_value(&self.cloud.begin(&self.subject, target, work)?)
    }

    /// A method that isn't here: never a silent 404.
    pub(crate) fn unimplemented(&self) -> Status {
        unimplemented(&self.method, &self.path)
    }
}

/// The cloud's answer for an unknown folder.
pub(crate) fn folder_not_found(folder_id: &str) -> Status {
    Status::not_found(format!("Folder {folder_id} not found"))
}

fn unimplemented(method: &Method, path: &Path) -> Status {
    let verb = path
        .verb()
        .map(|verb| format!(":{verb}"))
        .unwrap_or_default();
    let path = path.segments().join("/");
    Status::unimplemented(format!(
        "The emulator doesn't implement {method} /{path}{verb}"
    ))
}

/// All REST methods of the control plane and the inspector's own pages.
pub fn router(cloud: Cloud, inspector: Inspector) -> Router {
    let own = emulator::router(inspector);
    Router::new()
        .merge(own)
        .merge(eyes::router())
        .merge(token_exchange::router())
        .fallback(handle)
        .with_state(cloud)
}

async fn handle(State(cloud): State<Cloud>, request: Request<Body>) -> Response {
    let request_id = header(request.headers(), "x-request-id")
        .map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned);
    match answer(cloud, request).await {
        Ok(value) => {
            let mut response = axum::Json(value).into_response();
            if let Ok(value) = HeaderValue::from_str(&request_id) {
                response.headers_mut().insert("x-request-id", value);
            }
            response
        }
        Err(status) => status.reply(&request_id),
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

async fn answer(cloud: Cloud, request: Request<Body>) -> Result<Value, Status> {
    let (parts, body) = request.into_parts();
    let path = Path::parse(parts.uri.path());
    let first = path
        .segments()
        .first()
        .map(|segment| (*segment).to_owned())
        .unwrap_or_default();
    if first != "operations" && !PREFIXES.contains(&first.as_str()) {
        return Err(Status::not_found(format!(
            "No service answers {}",
            parts.uri.path()
        )));
    }
    let body = Limited::new(body, LARGEST_BODY)
        .collect()
        .await
        .map_err(|error| Status::invalid_argument(format!("Can't read the request: {error}")))?
        .to_bytes();
    if first == "endpoints" {
        return endpoints::route(&cloud, &parts.method, &path);
    }
    if let (&Method::POST, ["iam", "v1", "tokens"], None) =
        (&parts.method, path.segments().as_slice(), path.verb())
    {
        return iam::exchange(&cloud, &body);
    }
    let subject = cloud
        .iam()
        .authenticate(header(&parts.headers, "authorization"))?;
    let key = header(&parts.headers, "idempotency-key").map(str::to_owned);
    let query_text = parts.uri.query();
    let fingerprint = Fingerprint::of(
        parts.method.as_str(),
        parts.uri.path(),
        query_text.unwrap_or_default(),
        &body,
    );
    let query = Query::parse(query_text);
    let call = Call {
        cloud,
        subject,
        method: parts.method,
        path,
        query,
        body: body.into(),
    };
    if call.method == Method::GET {
        look(call).await
    } else {
        let known: &[&str] = match (&call.method, call.path.segments().as_slice()) {
            (&Method::DELETE, ["functions", "v1", "versions", _]) => &["force"],
            _ => &[],
        };
        call.query.refuse_all_but(known)?;
        mutate(call, key, fingerprint).await
    }
}

/// What a reply tells is saved before it is given.
async fn look(call: Call) -> Result<Value, Status> {
    let cloud = call.cloud.clone();
    let _saved = cloud.saved().await;
    let reply = route(&call)?;
    call.query.refuse_unread()?;
    Ok(reply)
}

/// Mutations run one after the other: what one checks, no other changes before
/// it is done. They only start operations, so that they are short.
async fn mutate(
    call: Call,
    key: Option<String>,
    fingerprint: Fingerprint,
) -> Result<Value, Status> {
    let cloud = call.cloud.clone();
    let _unit = cloud.unit().await;
    let Some(key) = key else { return route(&call) };
    if uuid::Uuid::parse_str(&key).is_err() {
        return Err(Status::invalid_argument("Idempotency-Key must be a UUID"));
    }
    let subject = call.subject.id.clone();
    let known = cloud.state().keys.find(&subject, &key, &fingerprint)?;
    if let Some(operation) = known {
        return page::to_value(&cloud.operation(&operation)?);
    }
    let reply = route(&call)?;
    // Replies that aren't operations (a new key) have nothing to replay.
    if let Some(operation) = reply.get("id").and_then(Value::as_str) {
        cloud
            .state()
            .keys
            .remember(&subject, &key, fingerprint, operation);
    }
    Ok(reply)
}

fn route(call: &Call) -> Result<Value, Status> {
    match call.path.segments().as_slice() {
        ["iam", "v1", "tokens"] => iam::tokens(call),
        ["iam", "v1", "keys", ..] => iam::keys(call),
        ["iam", "v1", "serviceAccounts", ..] => service_accounts::route(call),
        ["iam", "v1", "workload", "oidc", "federations", ..] => federations::route(call),
        ["iam", "v1", "workload", "federatedCredentials", ..] => federated_credentials::route(call),
        ["resource-manager", "v1", "folders", ..] => folders::route(call),
        ["ydb", "v1", "databases", ..] => databases::route(call),
        ["functions", "v1", "functions", ..] => functions::route(call),
        ["functions", "v1", "runtimes"] => version_create::runtimes(call),
        ["functions", "v1", "versions", ..] => versions::route(call),
        ["apigateways", "v1", "apigateways", ..] => gateways::route(call),
        ["triggers", "v1", "triggers", ..] => triggers::route(call),
        ["operations", ..] => operations::route(call),
        ["quota-manager", "v1", "quotaLimits", ..] => quotas::route(call),
        _ => Err(call.unimplemented()),
    }
}
