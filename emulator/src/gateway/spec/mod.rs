//! OpenAPI 3.0 with the cloud's extensions, the part that a chat uses
//! (reference §4.1, §5). What isn't supported is refused by name.

mod integration;
mod parameters;
mod template;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

pub(super) use integration::{Dummy, FunctionCall, Integration, PayloadFormat};
pub(super) use parameters::QueryParameters;
pub(super) use template::Parameters;
use template::Template;

/// Extensions of a path that make it one for WebSocket connections.
const CONNECT: &str = "x-yc-apigateway-websocket-connect";
const MESSAGE: &str = "x-yc-apigateway-websocket-message";
const DISCONNECT: &str = "x-yc-apigateway-websocket-disconnect";
/// An operation for methods that have none of their own.
const ANY_METHOD: &str = "x-yc-apigateway-any-method";
/// What an operation does.
const INTEGRATION: &str = "x-yc-apigateway-integration";
/// Settings of the whole gateway.
const GATEWAY: &str = "x-yc-apigateway";

/// Largest specification in bytes (3.5 MB, reference §3.5).
const MAX_TEXT: usize = 3_670_016;

/// Why a specification isn't taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// Neither JSON nor YAML.
    #[error("the specification is neither JSON nor YAML: {0}")]
    Text(String),
    /// A part of it is missing or has the wrong form.
    #[error("{place}: {problem}")]
    Form {
        /// Where.
        place: String,
        /// What.
        problem: String,
    },
    /// The emulator lacks it.
    #[error("{place}: {what} is not supported by this emulator")]
    Unsupported {
        /// Where.
        place: String,
        /// What.
        what: String,
    },
}

fn wrong(place: &str, problem: impl Into<String>) -> SpecError {
    SpecError::Form {
        place: place.to_owned(),
        problem: problem.into(),
    }
}

fn unsupported(place: &str, what: impl Into<String>) -> SpecError {
    SpecError::Unsupported {
        place: place.to_owned(),
        what: what.into(),
    }
}

fn refuse_unknown(
    place: &str,
    fields: &Map<String, Value>,
    known: &[&str],
) -> Result<(), SpecError> {
    match fields.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(unknown) => Err(unsupported(place, unknown)),
    }
}

/// A specification, understood.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spec {
    /// The most particular paths first.
    paths: Vec<PathItem>,
}

/// What a path answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PathItem {
    /// As in the specification.
    pub(super) path: String,
    template: Template,
    /// By method; `*` for all others.
    methods: BTreeMap<String, Operation>,
    pub(super) web_socket: Option<WebSocketItem>,
}

/// The operations of a WebSocket path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WebSocketItem {
    pub(super) connect: Option<WebSocketOperation>,
    pub(super) message: WebSocketOperation,
    pub(super) disconnect: Option<WebSocketOperation>,
}

/// An operation of a WebSocket path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WebSocketOperation {
    pub(super) id: String,
    pub(super) query: QueryParameters,
    pub(super) call: FunctionCall,
}

/// An operation of a plain path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Operation {
    pub(super) id: String,
    pub(super) query: QueryParameters,
    pub(super) integration: Integration,
}

impl PathItem {
    /// The operation of a method.
    pub(super) fn operation(&self, method: &http::Method) -> Option<&Operation> {
        self.methods
            .get(method.as_str())
            .or_else(|| self.methods.get("*"))
    }
}

impl Spec {
    /// Reads JSON or YAML.
    ///
    /// # Errors
    /// See [`SpecError`].
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        if text.len() > MAX_TEXT {
            return Err(wrong(
                "the specification",
                format!("it may have {MAX_TEXT} bytes"),
            ));
        }
        let document: Value = serde_json::from_str(text)
            .or_else(|_| serde_norway::from_str(text))
            .map_err(|error| SpecError::Text(error.to_string()))?;
        let version = document["openapi"].as_str().unwrap_or_default();
        if !version.starts_with("3.0") {
            return Err(wrong("openapi", "it must be 3.0.x"));
        }
        let account = settings(&document)?;
        let paths = document["paths"].as_object();
        let paths = paths.ok_or_else(|| wrong("paths", "it must be an object"))?;
        let items = paths
            .iter()
            .map(|(path, item)| path_item(path, item, account.as_deref()));
        let mut paths = items.collect::<Result<Vec<_>, _>>()?;
        paths.sort_by_key(|item| item.template.rank());
        Ok(Self { paths })
    }

    /// The path that a request is for, with its parameters.
    pub(super) fn find(&self, path: &str) -> Option<(&PathItem, Parameters)> {
        self.paths
            .iter()
            .find_map(|item| Some((item, item.template.matches(path)?)))
    }

    /// The WebSocket operations of a path as it is written in the specification.
    pub(super) fn web_socket(&self, path: &str) -> Option<&WebSocketItem> {
        let item = self.paths.iter().find(|item| item.path == path)?;
        item.web_socket.as_ref()
    }
}

/// The service account of operations that name none.
fn settings(document: &Value) -> Result<Option<String>, SpecError> {
    for name in document.as_object().into_iter().flat_map(Map::keys) {
        if name.starts_with("x-yc-") && name != GATEWAY {
            return Err(unsupported("the specification", name));
        }
    }
    // They would protect or share operations, which isn't done here.
    for name in ["security", "components"] {
        if document.get(name).is_some() {
            return Err(unsupported("the specification", name));
        }
    }
    let Some(settings) = document.get(GATEWAY) else {
        return Ok(None);
    };
    let settings = settings
        .as_object()
        .ok_or_else(|| wrong(GATEWAY, "it must be an object"))?;
    refuse_unknown(
        GATEWAY,
        settings,
        &["service_account_id", "ignoreTrailingSlashes"],
    )?;
    if settings
        .get("ignoreTrailingSlashes")
        .is_some_and(|value| *value != Value::Bool(true))
    {
        return Err(unsupported(GATEWAY, "ignoreTrailingSlashes: false"));
    }
    Ok(settings
        .get("service_account_id")
        .and_then(Value::as_str)
        .map(str::to_owned))
}

fn path_item(path: &str, item: &Value, account: Option<&str>) -> Result<PathItem, SpecError> {
    let fields = item
        .as_object()
        .ok_or_else(|| wrong(path, "it must be an object"))?;
    let template = Template::parse(path).map_err(|problem| wrong(path, problem))?;
    let common = Common {
        account,
        query: QueryParameters::parse(path, fields, &QueryParameters::default())?,
    };
    let mut methods = BTreeMap::new();
    for (name, value) in fields {
        let method = match name.as_str() {
            "get" | "put" | "post" | "delete" | "options" | "head" | "patch" => {
                name.to_ascii_uppercase()
            }
            ANY_METHOD => "*".to_owned(),
            CONNECT | MESSAGE | DISCONNECT | "summary" | "description" | "parameters" => continue,
            other => return Err(unsupported(path, other)),
        };
        methods.insert(method, operation(path, name, value, &common)?);
    }
    let web_socket_operation = |name: &str| {
        let value = fields.get(name);
        value
            .map(|value| web_socket_operation(path, name, value, &common))
            .transpose()
    };
    let (connect, disconnect) = (
        web_socket_operation(CONNECT)?,
        web_socket_operation(DISCONNECT)?,
    );
    let web_socket = match web_socket_operation(MESSAGE)? {
        Some(message) => Some(WebSocketItem {
            connect,
            message,
            disconnect,
        }),
        None if connect.is_some() || disconnect.is_some() => {
            return Err(wrong(
                path,
                format!("{MESSAGE} is missing, without it no socket opens"),
            ));
        }
        None => None,
    };
    Ok(PathItem {
        path: path.to_owned(),
        template,
        methods,
        web_socket,
    })
}

/// What an operation has of its path and of the specification.
struct Common<'a> {
    account: Option<&'a str>,
    query: QueryParameters,
}

fn web_socket_operation(
    path: &str,
    name: &str,
    value: &Value,
    common: &Common<'_>,
) -> Result<WebSocketOperation, SpecError> {
    let operation = operation(path, name, value, common)?;
    match operation.integration {
        Integration::Function(call) => Ok(WebSocketOperation {
            id: operation.id,
            query: operation.query,
            call,
        }),
        Integration::Dummy(_) => Err(unsupported(
            &format!("{path} {name}"),
            "the integration dummy",
        )),
    }
}

fn operation(
    path: &str,
    name: &str,
    value: &Value,
    common: &Common<'_>,
) -> Result<Operation, SpecError> {
    let place = format!("{path} {name}");
    let fields = value
        .as_object()
        .ok_or_else(|| wrong(&place, "it must be an object"))?;
    let known = [
        "operationId",
        "summary",
        "description",
        "responses",
        "requestBody",
        "parameters",
        "tags",
        INTEGRATION,
    ];
    refuse_unknown(&place, fields, &known)?;
    let integration = fields.get(INTEGRATION).and_then(Value::as_object);
    let integration =
        integration.ok_or_else(|| wrong(&place, format!("{INTEGRATION} is missing")))?;
    let id = match fields.get("operationId").and_then(Value::as_str) {
        Some(id) => id.to_owned(),
        None => default_id(&place),
    };
    Ok(Operation {
        id,
        query: QueryParameters::parse(&place, fields, &common.query)?,
        integration: integration::parse(&place, integration, common.account)?,
    })
}

/// Samples have 64 hexadecimal digits where the specification sets none.
fn default_id(place: &str) -> String {
    let digest = Sha256::digest(place.as_bytes());
    digest
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
