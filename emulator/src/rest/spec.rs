//! A gateway's specification as the control plane sees it: text in JSON or
//! YAML that names service accounts.

use serde_json::Value;

use super::Call;
use crate::error::Status;

/// Most bytes of a specification.
pub(super) const LARGEST: usize = 3_670_016;

fn parse(text: &str) -> Result<Value, Status> {
    serde_norway::from_str(text).map_err(|error| {
        Status::invalid_argument(format!("Validation failed:\n - openapi_spec: {error}"))
    })
}

/// Whether a gateway could run it, and whether the caller may attach the
/// service accounts that it names.
pub(super) fn check(call: &Call, text: &str) -> Result<(), Status> {
    call.cloud.plane().check_spec(text)?;
    let mut accounts = Vec::new();
    collect_accounts(&parse(text)?, &mut accounts);
    for account in accounts {
        call.cloud.iam().authorize_use(&call.subject, &account)?;
    }
    Ok(())
}

fn collect_accounts(value: &Value, accounts: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(id) if name == "service_account_id" => accounts.push(id.to_owned()),
                    _ => collect_accounts(value, accounts),
                }
            }
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| collect_accounts(item, accounts)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// `:spec?format=`: as submitted when unset.
pub(super) fn formatted(text: &str, format: &str) -> Result<String, Status> {
    let failed = |error: &dyn std::fmt::Display| Status::internal(error.to_string());
    match format {
        "" | "FORMAT_UNSPECIFIED" => Ok(text.to_owned()),
        "JSON" => serde_json::to_string(&parse(text)?).map_err(|error| failed(&error)),
        "YAML" => serde_norway::to_string(&parse(text)?).map_err(|error| failed(&error)),
        _ => Err(Status::invalid_argument(
            "Validation failed:\n - format: Must be JSON or YAML",
        )),
    }
}
