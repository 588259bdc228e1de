//! `google.protobuf.Any` in JSON: the message's fields beside its `@type`.

use serde::Serialize;
use serde_json::{Value, json};

use crate::error::Status;

/// A message of the cloud's API, for example `iam.v1.ServiceAccount`.
pub(crate) fn any<T: Serialize>(message_type: &str, message: &T) -> Result<Value, Status> {
    let mut value =
        serde_json::to_value(message).map_err(|error| Status::internal(error.to_string()))?;
    if let Some(fields) = value.as_object_mut() {
        fields.insert("@type".to_owned(), Value::String(type_url(message_type)));
    }
    Ok(value)
}

/// What names a message type of the cloud in an `Any`.
pub(super) fn type_url(message_type: &str) -> String {
    format!("type.googleapis.com/yandex.cloud.{message_type}")
}

/// The empty message: nothing but its type, as for any other message without
/// fields. (Go's own JSON adds a `value`, but the cloud's is Envoy's.)
pub(crate) fn empty() -> Value {
    json!({ "@type": "type.googleapis.com/google.protobuf.Empty" })
}
