//! Rules for preflight requests (docs api-gateway/concepts/extensions/cors).

use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value};

use super::{SpecError, refuse_unknown, unsupported, wrong};

/// Where shared rules are.
pub(super) const SHARED: &str = "x-yc-apigateway-cors-rules";

/// What a preflight request is answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::gateway) struct CorsRule {
    /// None repeats the request's own.
    pub(in crate::gateway) origin: Option<HeaderValue>,
    pub(in crate::gateway) methods: HeaderValue,
    pub(in crate::gateway) allowed_headers: Option<HeaderValue>,
    pub(in crate::gateway) exposed_headers: Option<HeaderValue>,
    pub(in crate::gateway) credentials: Option<bool>,
    pub(in crate::gateway) max_age: Option<u64>,
    pub(in crate::gateway) status: StatusCode,
}

/// Reads a rule, or what refers to a shared one; none for `origin: false`, which
/// leaves preflight requests to the path's own operations.
pub(super) fn parse(
    place: &str,
    value: &Value,
    document: &Value,
) -> Result<Option<CorsRule>, SpecError> {
    let fields = resolved(place, value, document)?;
    let known = [
        "origin",
        "methods",
        "allowedHeaders",
        "exposedHeaders",
        "credentials",
        "maxAge",
        "optionsSuccessStatus",
    ];
    refuse_unknown(place, fields, &known)?;
    let origin = match fields.get("origin") {
        None => return Err(wrong(place, "origin is missing")),
        Some(Value::Bool(false)) => return Ok(None),
        Some(Value::Bool(true)) => None,
        Some(fixed) => Some(listed(place, "origin", fixed)?),
    };
    // The cloud's page says that a header is repeated that names no methods.
    let methods = list(place, fields, "methods")?
        .ok_or_else(|| unsupported(place, "a CORS rule without methods"))?;
    Ok(Some(CorsRule {
        origin,
        methods,
        allowed_headers: list(place, fields, "allowedHeaders")?,
        exposed_headers: list(place, fields, "exposedHeaders")?,
        credentials: typed(place, fields, "credentials", Value::as_bool)?,
        max_age: typed(place, fields, "maxAge", Value::as_u64)?,
        status: typed(place, fields, "optionsSuccessStatus", status)?.unwrap_or(StatusCode::OK),
    }))
}

fn resolved<'a>(
    place: &str,
    value: &'a Value,
    document: &'a Value,
) -> Result<&'a Map<String, Value>, SpecError> {
    let target = match value.get("$ref").and_then(Value::as_str) {
        None => Some(value),
        Some(reference) => {
            let prefix = format!("#/components/{SHARED}/");
            let name = reference.strip_prefix(&prefix);
            let name =
                name.ok_or_else(|| wrong(place, format!("$ref must start with {prefix}")))?;
            document["components"][SHARED].get(name)
        }
    };
    target
        .and_then(Value::as_object)
        .ok_or_else(|| wrong(place, "it must be a CORS rule or refer to one"))
}

fn status(value: &Value) -> Option<StatusCode> {
    let code = u16::try_from(value.as_u64()?).ok()?;
    StatusCode::from_u16(code).ok()
}

fn typed<T>(
    place: &str,
    fields: &Map<String, Value>,
    name: &str,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Option<T>, SpecError> {
    let read = |value| read(value).ok_or_else(|| wrong(place, format!("{name} has a wrong value")));
    fields.get(name).map(read).transpose()
}

fn list(
    place: &str,
    fields: &Map<String, Value>,
    name: &str,
) -> Result<Option<HeaderValue>, SpecError> {
    let value = fields.get(name);
    value.map(|value| listed(place, name, value)).transpose()
}

/// A string as it is, or the strings of a list with commas between them.
fn listed(place: &str, name: &str, value: &Value) -> Result<HeaderValue, SpecError> {
    let text = match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => {
            let texts: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            texts.map(|texts| texts.join(","))
        }
        _ => None,
    };
    text.and_then(|text| HeaderValue::from_str(&text).ok())
        .ok_or_else(|| {
            wrong(
                place,
                format!("{name} must be a string or a list of strings"),
            )
        })
}
