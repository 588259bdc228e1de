//! OpenAPI 3.0 with the cloud's extensions, the part that a chat uses
//! (reference §4.1, §5). What isn't supported is refused by name.

mod cors;
mod integration;
mod parameters;
mod settings;
mod template;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

pub(super) use cors::CorsRule;
pub(super) use integration::{Dummy, FunctionCall, Integration, PayloadFormat};
pub(super) use parameters::Described;
use settings::Settings;
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
/// What preflight requests of a path are answered with.
const CORS: &str = "x-yc-apigateway-cors";

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
    /// None leaves preflight requests to the methods.
    pub(super) cors: Option<CorsRule>,
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
    pub(super) described: Described,
    pub(super) call: FunctionCall,
}

/// An operation of a plain path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Operation {
    pub(super) id: String,
    pub(super) described: Described,
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
        if text.contains("${var.") {
            return Err(unsupported("the specification", "a variable (${var.…})"));
        }
        let settings = Settings::parse(&document)?;
        let paths = document["paths"].as_object();
        let paths = paths.ok_or_else(|| wrong("paths", "it must be an object"))?;
        let items = paths
            .iter()
            .map(|(path, item)| path_item(path, item, &settings));
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

fn path_item(path: &str, item: &Value, settings: &Settings<'_>) -> Result<PathItem, SpecError> {
    let fields = item
        .as_object()
        .ok_or_else(|| wrong(path, "it must be an object"))?;
    let template = Template::parse(path).map_err(|problem| wrong(path, problem))?;
    let inherited = Described::default();
    let described = Described::parse(path, fields, settings.document, &inherited)?;
    let common = Common {
        settings,
        described,
    };
    let cors = match fields.get(CORS) {
        Some(rule) => cors::parse(&format!("{path} {CORS}"), rule, settings.document)?,
        None => settings.cors.clone(),
    };
    let mut methods = BTreeMap::new();
    for (name, value) in fields {
        let method = match name.as_str() {
            "get" | "put" | "post" | "delete" | "options" | "head" | "patch" => {
                name.to_ascii_uppercase()
            }
            ANY_METHOD => "*".to_owned(),
            CONNECT | MESSAGE | DISCONNECT | CORS | "summary" | "description" | "parameters" => {
                continue;
            }
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
        cors,
        web_socket,
    })
}

/// What an operation has of its path and of the specification.
struct Common<'a> {
    settings: &'a Settings<'a>,
    described: Described,
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
            described: operation.described,
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
        described: Described::parse(&place, fields, common.settings.document, &common.described)?,
        integration: integration::parse(&place, integration, common.settings.account)?,
    })
}

/// Samples have 64 hexadecimal digits where the specification sets none.
fn default_id(place: &str) -> String {
    let digest = Sha256::digest(place.as_bytes());
    digest
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
