//! What holds for a whole specification, and what none may have here.

use serde_json::{Map, Value};

use super::cors::{self, CorsRule};
use super::{SpecError, refuse_unknown, unsupported, wrong};

/// Settings of the whole gateway.
const GATEWAY: &str = "x-yc-apigateway";

/// Shared parts that only describe, or that are looked up here. Others would
/// protect or share operations.
const COMPONENTS: [&str; 9] = [
    "schemas",
    "responses",
    "parameters",
    "examples",
    "requestBodies",
    "headers",
    "links",
    "callbacks",
    cors::SHARED,
];

/// What operations and paths inherit.
#[derive(Debug)]
pub(super) struct Settings<'a> {
    /// The service account of integrations that name none.
    pub(super) account: Option<&'a str>,
    /// The rule of paths that have none.
    pub(super) cors: Option<CorsRule>,
    /// Where references point into.
    pub(super) document: &'a Value,
}

impl<'a> Settings<'a> {
    /// Reads the top level of a specification.
    pub(super) fn parse(document: &'a Value) -> Result<Self, SpecError> {
        check(document)?;
        let none = Map::new();
        let fields = match document.get(GATEWAY) {
            None => &none,
            Some(fields) => fields
                .as_object()
                .ok_or_else(|| wrong(GATEWAY, "it must be an object"))?,
        };
        let known = ["service_account_id", "ignoreTrailingSlashes", "cors"];
        refuse_unknown(GATEWAY, fields, &known)?;
        let slashes = fields.get("ignoreTrailingSlashes");
        if slashes.is_some_and(|value| *value != Value::Bool(true)) {
            return Err(unsupported(GATEWAY, "ignoreTrailingSlashes: false"));
        }
        let cors = match fields.get("cors") {
            None => None,
            Some(rule) => cors::parse(&format!("{GATEWAY} cors"), rule, document)?,
        };
        Ok(Self {
            account: document[GATEWAY]["service_account_id"].as_str(),
            cors,
            document,
        })
    }
}

fn check(document: &Value) -> Result<(), SpecError> {
    for name in document.as_object().into_iter().flat_map(Map::keys) {
        if name == "security" || name.starts_with("x-yc-") && name != GATEWAY {
            return Err(unsupported("the specification", name));
        }
    }
    match document.get("components") {
        None => Ok(()),
        Some(Value::Object(fields)) => refuse_unknown("components", fields, &COMPONENTS),
        Some(_) => Err(wrong("components", "it must be an object")),
    }
}
