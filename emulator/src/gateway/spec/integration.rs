//! Integrations: what an operation does.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use yandex_cloud_rest::model::version::LATEST;

use super::{SpecError, refuse_unknown, unsupported, wrong};

/// What an operation does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::gateway) enum Integration {
    /// Calls a function.
    Function(FunctionCall),
    /// Gives a fixed answer.
    Dummy(Dummy),
}

/// Which function is called, and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::gateway) struct FunctionCall {
    pub(in crate::gateway) function_id: String,
    pub(in crate::gateway) tag: String,
    /// Without one, the call is anonymous.
    pub(in crate::gateway) service_account_id: Option<String>,
    /// How its events look.
    pub(in crate::gateway) format: PayloadFormat,
}

/// `payload_format_version`: the names that an event's fields have
/// (reference §4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::gateway) enum PayloadFormat {
    /// `0.1`, the default (documented).
    #[default]
    V0,
    /// `1.0`
    V1,
}

/// A fixed answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::gateway) struct Dummy {
    pub(in crate::gateway) status: http::StatusCode,
    pub(in crate::gateway) headers: BTreeMap<String, Vec<String>>,
    /// By media type; `*` is for all others.
    pub(in crate::gateway) content: BTreeMap<String, String>,
}

/// Reads `x-yc-apigateway-integration`; `account` is the gateway's own.
pub(super) fn parse(
    place: &str,
    fields: &Map<String, Value>,
    account: Option<&str>,
) -> Result<Integration, SpecError> {
    match string(place, fields, "type")?.as_deref() {
        Some("cloud_functions") => function(place, fields, account).map(Integration::Function),
        Some("dummy") => dummy(place, fields).map(Integration::Dummy),
        Some(other) => Err(unsupported(place, format!("the integration {other}"))),
        None => Err(wrong(place, "the integration's type is missing")),
    }
}

fn string(
    place: &str,
    fields: &Map<String, Value>,
    name: &str,
) -> Result<Option<String>, SpecError> {
    match fields.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(wrong(place, format!("{name} must be a string"))),
    }
}

fn function(
    place: &str,
    fields: &Map<String, Value>,
    account: Option<&str>,
) -> Result<FunctionCall, SpecError> {
    let known = [
        "type",
        "function_id",
        "tag",
        "service_account_id",
        "payload_format_version",
    ];
    refuse_unknown(place, fields, &known)?;
    let function_id = string(place, fields, "function_id")?;
    let own_account = string(place, fields, "service_account_id")?;
    let tag = string(place, fields, "tag")?.unwrap_or_else(|| LATEST.to_owned());
    let texts = [function_id.as_ref(), Some(&tag), own_account.as_ref()];
    if texts.into_iter().flatten().any(|text| text.contains('{')) {
        return Err(unsupported(place, "a parameter in a cloud_functions field"));
    }
    Ok(FunctionCall {
        function_id: function_id.ok_or_else(|| wrong(place, "function_id is missing"))?,
        tag,
        service_account_id: own_account.or_else(|| account.map(str::to_owned)),
        format: format(place, fields)?,
    })
}

/// YAML makes a number of it when it isn't quoted.
fn format(place: &str, fields: &Map<String, Value>) -> Result<PayloadFormat, SpecError> {
    let stated = match fields.get("payload_format_version") {
        None => return Ok(PayloadFormat::default()),
        Some(Value::String(version)) => version.clone(),
        Some(other) => other.to_string(),
    };
    match stated.as_str() {
        "0.1" => Ok(PayloadFormat::V0),
        "1.0" => Ok(PayloadFormat::V1),
        _ => Err(wrong(
            place,
            "payload_format_version must be \"0.1\" or \"1.0\"",
        )),
    }
}

fn dummy(place: &str, fields: &Map<String, Value>) -> Result<Dummy, SpecError> {
    refuse_unknown(
        place,
        fields,
        &["type", "http_code", "http_headers", "content"],
    )?;
    let code = fields.get("http_code").and_then(Value::as_u64);
    let status = code
        .and_then(|code| u16::try_from(code).ok())
        .and_then(|code| http::StatusCode::from_u16(code).ok())
        .ok_or_else(|| wrong(place, "http_code must be an HTTP status"))?;
    let mut headers = BTreeMap::new();
    for (name, value) in object(place, fields, "http_headers")? {
        headers.insert(name.clone(), strings(place, value)?);
    }
    let mut content = BTreeMap::new();
    for (kind, value) in object(place, fields, "content")? {
        let [text] = <[String; 1]>::try_from(strings(place, value)?)
            .map_err(|_| wrong(place, "content must hold strings"))?;
        content.insert(kind.clone(), text);
    }
    Ok(Dummy {
        status,
        headers,
        content,
    })
}

fn object<'a>(
    place: &str,
    fields: &'a Map<String, Value>,
    name: &str,
) -> Result<impl Iterator<Item = (&'a String, &'a Value)>, SpecError> {
    match fields.get(name) {
        None => Ok(None.into_iter().flatten()),
        Some(Value::Object(fields)) => Ok(Some(fields).into_iter().flatten()),
        Some(_) => Err(wrong(place, format!("{name} must be an object"))),
    }
}

fn strings(place: &str, value: &Value) -> Result<Vec<String>, SpecError> {
    let list = match value {
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    let texts = list.iter().map(|value| value.as_str().map(str::to_owned));
    texts
        .collect::<Option<_>>()
        .ok_or_else(|| wrong(place, "values must be strings"))
}
