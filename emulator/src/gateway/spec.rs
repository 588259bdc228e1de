//! OpenAPI 3.0 with the cloud's extensions, the part that a chat uses. What
//! isn't supported is refused by name.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Extensions of a path that make it one for WebSocket connections.
const CONNECT: &str = "x-yc-apigateway-websocket-connect";
const MESSAGE: &str = "x-yc-apigateway-websocket-message";
const DISCONNECT: &str = "x-yc-apigateway-websocket-disconnect";
/// What an operation does.
const INTEGRATION: &str = "x-yc-apigateway-integration";
/// Settings of the whole gateway.
const GATEWAY: &str = "x-yc-apigateway";

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

/// A specification, understood.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spec {
    paths: BTreeMap<String, PathItem>,
}

/// What a path answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct PathItem {
    /// As in the specification.
    pub(super) path: String,
    pub(super) connect: Option<Operation>,
    /// Without it, a path isn't one for WebSocket connections.
    pub(super) message: Option<Operation>,
    pub(super) disconnect: Option<Operation>,
    pub(super) get: Option<Operation>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Operation {
    pub(super) id: String,
    pub(super) integration: Integration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Integration {
    /// Calls a function.
    Function(FunctionCall),
    /// A fixed answer.
    Dummy {
        status: u16,
        headers: BTreeMap<String, String>,
        /// By media type.
        content: BTreeMap<String, String>,
    },
}

/// Which function is called, and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FunctionCall {
    pub(super) function_id: String,
    pub(super) tag: String,
    /// Without one, the call is anonymous.
    pub(super) service_account_id: Option<String>,
}

impl Spec {
    /// Reads JSON or YAML.
    ///
    /// # Errors
    /// See [`SpecError`].
    pub fn parse(text: &str) -> Result<Self, SpecError> {
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
        let mut spec = Self::default();
        for (path, item) in paths {
            let item = path_item(path, item, account.as_deref())?;
            spec.paths.insert(path.clone(), item);
        }
        Ok(spec)
    }

    pub(super) fn find(&self, path: &str) -> Option<&PathItem> {
        let trimmed = path.strip_suffix('/').filter(|rest| !rest.is_empty());
        self.paths.get(path).or_else(|| self.paths.get(trimmed?))
    }
}

/// The service account of operations that name none.
fn settings(document: &Value) -> Result<Option<String>, SpecError> {
    for (name, _) in document.as_object().into_iter().flatten() {
        if name.starts_with("x-") && name != GATEWAY {
            return Err(unsupported("the specification", name));
        }
    }
    let Some(settings) = document.get(GATEWAY) else {
        return Ok(None);
    };
    for (name, _) in settings.as_object().into_iter().flatten() {
        if !matches!(
            name.as_str(),
            "service_account_id" | "ignoreTrailingSlashes"
        ) {
            return Err(unsupported(GATEWAY, name));
        }
    }
    Ok(settings["service_account_id"].as_str().map(str::to_owned))
}

fn path_item(path: &str, item: &Value, account: Option<&str>) -> Result<PathItem, SpecError> {
    let fields = item
        .as_object()
        .ok_or_else(|| wrong(path, "it must be an object"))?;
    if path.contains('{') {
        return Err(unsupported(path, "a path parameter"));
    }
    let mut own = PathItem {
        path: path.to_owned(),
        ..PathItem::default()
    };
    for (name, operation) in fields {
        let place = format!("{path} {name}");
        let slot = match name.as_str() {
            CONNECT => &mut own.connect,
            MESSAGE => &mut own.message,
            DISCONNECT => &mut own.disconnect,
            "get" => &mut own.get,
            "summary" | "description" => continue,
            other => return Err(unsupported(path, other)),
        };
        *slot = Some(parse_operation(&place, operation, account)?);
    }
    Ok(own)
}

fn parse_operation(
    place: &str,
    operation: &Value,
    account: Option<&str>,
) -> Result<Operation, SpecError> {
    let fields = operation
        .as_object()
        .ok_or_else(|| wrong(place, "it must be an object"))?;
    for name in fields.keys() {
        let known = [
            "operationId",
            "summary",
            "description",
            "responses",
            "tags",
            INTEGRATION,
        ];
        if !known.contains(&name.as_str()) {
            return Err(unsupported(place, name));
        }
    }
    let integration = fields.get(INTEGRATION).and_then(Value::as_object);
    let integration =
        integration.ok_or_else(|| wrong(place, format!("{INTEGRATION} is missing")))?;
    let id = operation["operationId"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let integration = match text(integration, "type").as_deref() {
        Some("cloud_functions") => function_call(place, integration, account)?,
        Some("dummy") => dummy(place, integration)?,
        Some(other) => return Err(unsupported(place, format!("the integration {other}"))),
        None => return Err(wrong(place, "the integration's type is missing")),
    };
    Ok(Operation { id, integration })
}

fn text(fields: &Map<String, Value>, name: &str) -> Option<String> {
    fields.get(name)?.as_str().map(str::to_owned)
}

fn function_call(
    place: &str,
    fields: &Map<String, Value>,
    account: Option<&str>,
) -> Result<Integration, SpecError> {
    for name in fields.keys() {
        let known = [
            "type",
            "function_id",
            "tag",
            "service_account_id",
            "payload_format_version",
        ];
        if !known.contains(&name.as_str()) {
            return Err(unsupported(place, name));
        }
    }
    if text(fields, "payload_format_version").as_deref() != Some("1.0") {
        return Err(unsupported(
            place,
            "a payload_format_version other than \"1.0\"",
        ));
    }
    let function_id = text(fields, "function_id");
    Ok(Integration::Function(FunctionCall {
        function_id: function_id.ok_or_else(|| wrong(place, "function_id is missing"))?,
        tag: text(fields, "tag").unwrap_or_else(|| "$latest".to_owned()),
        service_account_id: text(fields, "service_account_id")
            .or_else(|| account.map(str::to_owned)),
    }))
}

fn dummy(place: &str, fields: &Map<String, Value>) -> Result<Integration, SpecError> {
    let status = fields.get("http_code").and_then(Value::as_u64);
    let status = status.and_then(|code| u16::try_from(code).ok());
    let texts = |name: &str| -> Result<BTreeMap<String, String>, SpecError> {
        let Some(map) = fields.get(name) else {
            return Ok(BTreeMap::new());
        };
        serde_json::from_value(map.clone())
            .map_err(|_| unsupported(place, format!("{name} with other values than strings")))
    };
    Ok(Integration::Dummy {
        status: status.ok_or_else(|| wrong(place, "http_code is missing"))?,
        headers: texts("http_headers")?,
        content: texts("content")?,
    })
}
