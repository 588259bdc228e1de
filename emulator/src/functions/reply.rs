//! What a function's result means as an HTTP reply (reference §4.2).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

use super::error::InvokeError;

/// A function's result, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionReply {
    /// `statusCode`
    pub status: StatusCode,
    /// `headers` and `multiValueHeaders`, of which the latter win.
    pub headers: HeaderMap,
    /// `body`, decoded when `isBase64Encoded`.
    pub body: Vec<u8>,
}

impl FunctionReply {
    /// Understands a result.
    ///
    /// # Errors
    /// `Malformed` when it isn't `{"statusCode", "headers", "multiValueHeaders",
    /// "body", "isBase64Encoded"}` with a string as body. Without `statusCode` it
    /// is 200: the documentation's own sample returns a body alone.
    pub fn parse(result: &Value) -> Result<Self, InvokeError> {
        let malformed = |reason: &str| InvokeError::Malformed {
            reason: reason.to_owned(),
            payload: result.clone(),
        };
        let fields = result
            .as_object()
            .ok_or_else(|| malformed("not an object"))?;
        let status = match fields.get("statusCode") {
            None => StatusCode::OK,
            Some(code) => code
                .as_u64()
                .and_then(|code| u16::try_from(code).ok())
                .and_then(|code| StatusCode::from_u16(code).ok())
                .ok_or_else(|| malformed("statusCode must be an HTTP status"))?,
        };
        let text = match fields.get("body") {
            None | Some(Value::Null) => "",
            Some(Value::String(text)) => text,
            Some(_) => return Err(malformed("body must be a string")),
        };
        let encoded = matches!(fields.get("isBase64Encoded"), Some(Value::Bool(true)));
        let body = if encoded {
            STANDARD
                .decode(text)
                .map_err(|_| malformed("body must be base64"))?
        } else {
            text.as_bytes().to_vec()
        };
        let mut headers = HeaderMap::new();
        for (name, value) in pairs(fields.get("headers")) {
            set(&mut headers, name, std::slice::from_ref(value)).map_err(malformed)?;
        }
        for (name, value) in pairs(fields.get("multiValueHeaders")) {
            let values = value
                .as_array()
                .ok_or_else(|| malformed("multiValueHeaders must hold lists"))?;
            set(&mut headers, name, values).map_err(malformed)?;
        }
        Ok(Self {
            status,
            headers,
            body,
        })
    }

    /// The media type that it states, without parameters.
    #[must_use]
    pub fn media_type(&self) -> Option<String> {
        let value = self
            .headers
            .get(http::header::CONTENT_TYPE)?
            .to_str()
            .ok()?;
        let kind = value.split(';').next()?.trim();
        Some(kind.to_ascii_lowercase())
    }
}

fn pairs(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

fn set(headers: &mut HeaderMap, name: &str, values: &[Value]) -> Result<(), &'static str> {
    let name: HeaderName = name.parse().map_err(|_| "a header's name is not valid")?;
    headers.remove(&name);
    for value in values {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => {
                return Err("a header's value must be a string");
            }
        };
        let value = HeaderValue::from_str(&text).map_err(|_| "a header's value is not valid")?;
        headers.append(name.clone(), value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{FunctionReply, InvokeError};
    use serde_json::json;

    #[test]
    fn lists_beat_single_headers_of_the_same_name() {
        let reply = FunctionReply::parse(&json!({
            "statusCode": 201,
            "headers": { "X-One": "1", "set-cookie": "lost" },
            "multiValueHeaders": { "Set-Cookie": ["a=1", "b=2"] },
            "body": "aGk=",
            "isBase64Encoded": true,
        }))
        .unwrap();
        let cookies: Vec<_> = reply.headers.get_all("set-cookie").iter().collect();
        assert_eq!(
            (reply.status.as_u16(), reply.body.as_slice()),
            (201, b"hi".as_slice())
        );
        assert_eq!(cookies, ["a=1", "b=2"]);
        assert_eq!(reply.headers["x-one"], "1");
    }

    #[test]
    fn a_body_alone_is_a_good_reply() {
        let reply = FunctionReply::parse(&json!({ "body": "hi" })).unwrap();
        assert_eq!((reply.status.as_u16(), &*reply.body), (200, &b"hi"[..]));
    }

    #[test]
    fn results_that_are_no_replies_are_malformed() {
        for result in [
            json!("hello"),
            json!(null),
            json!([]),
            json!({ "statusCode": 42 }),
            json!({ "statusCode": "200" }),
            json!({ "statusCode": 200, "body": { "not": "text" } }),
            json!({ "statusCode": 200, "body": "!", "isBase64Encoded": true }),
        ] {
            let error = FunctionReply::parse(&result).unwrap_err();
            assert!(matches!(error, InvokeError::Malformed { .. }), "{result}");
        }
    }
}
