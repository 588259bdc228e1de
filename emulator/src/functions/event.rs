//! Pieces that events of the HTTP integration and of gateways share
//! (reference §4.1, §4.2).

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// `x-request-id` → `X-Request-Id`: how samples spell header names.
#[must_use]
pub fn canonical_name(name: &str) -> String {
    let mut start = true;
    let canonical = name.chars().map(|letter| {
        let upper = start;
        start = letter == '-';
        if upper {
            letter.to_ascii_uppercase()
        } else {
            letter.to_ascii_lowercase()
        }
    });
    canonical.collect()
}

/// Named values of which some may be given several times.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values(Vec<(String, String)>);

impl Values {
    /// Headers, spelled as in samples. Values that aren't text are left out.
    #[must_use]
    pub fn of_headers(headers: &HeaderMap) -> Self {
        let texts = headers
            .iter()
            .filter_map(|(name, value)| Some((name, value.to_str().ok()?)));
        Self(
            texts
                .map(|(name, value)| (canonical_name(name.as_str()), value.to_owned()))
                .collect(),
        )
    }

    /// A query string, decoded.
    #[must_use]
    pub fn of_query(query: Option<&str>) -> Self {
        let query = query.unwrap_or_default().as_bytes();
        let pairs = url::form_urlencoded::parse(query);
        Self(
            pairs
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    /// Pairs as they are.
    #[must_use]
    pub fn of_pairs(pairs: &[(String, String)]) -> Self {
        Self(pairs.to_vec())
    }

    /// Adds one more.
    pub fn push(&mut self, name: &str, value: impl Into<String>) {
        self.0.push((name.to_owned(), value.into()));
    }

    /// Those whose names are wanted.
    #[must_use]
    pub fn only(&self, wanted: impl Fn(&str) -> bool) -> Self {
        let kept = self.0.iter().filter(|(name, _)| wanted(name));
        Self(kept.cloned().collect())
    }

    /// All of these and all of those.
    #[must_use]
    pub fn with(&self, more: &Self) -> Self {
        Self(self.0.iter().chain(&more.0).cloned().collect())
    }

    /// Name → value; of several the last one.
    #[must_use]
    pub fn single(&self) -> Value {
        let pairs = self
            .0
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)));
        Value::Object(pairs.collect())
    }

    /// Name → list of values.
    #[must_use]
    pub fn multiple(&self) -> Value {
        let mut lists = Map::new();
        for (name, value) in &self.0 {
            let list = lists.entry(name.clone()).or_insert_with(|| json!([]));
            if let Some(list) = list.as_array_mut() {
                list.push(json!(value));
            }
        }
        Value::Object(lists)
    }
}

/// `X-Forwarded-For`: what the client says it forwards for, then the client
/// (documented).
#[must_use]
pub fn forwarded_for(headers: &HeaderMap, client: IpAddr) -> String {
    let stated = headers.get_all("x-forwarded-for").iter();
    let stated = stated.filter_map(|value| value.to_str().ok());
    let mut hops: Vec<String> = stated.map(str::to_owned).collect();
    hops.push(client.to_string());
    hops.join(", ")
}

/// The part of `requestContext` that every event has.
#[must_use]
pub fn request_context(
    source: IpAddr,
    user_agent: &str,
    method: &str,
    request_id: &str,
    now: Timestamp,
) -> Map<String, Value> {
    let context = json!({
        "identity": { "sourceIp": source.to_string(), "userAgent": user_agent },
        "httpMethod": method,
        "requestId": request_id,
        "requestTime": now.strftime("%-d/%b/%Y:%H:%M:%S +0000").to_string(),
        "requestTimeEpoch": now.as_second(),
    });
    match context {
        Value::Object(context) => context,
        _ => Map::new(),
    }
}

/// `body` and `isBase64Encoded` of an HTTP request: text only when it says
/// that it is JSON (and is UTF-8), else base64, an empty one too.
#[must_use]
pub fn http_body(content_type: Option<&str>, body: &[u8]) -> (String, bool) {
    let is_json = content_type.is_some_and(|kind| {
        kind.split(';')
            .next()
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
    });
    match std::str::from_utf8(body) {
        Ok(text) if is_json => (text.to_owned(), false),
        _ => (STANDARD.encode(body), true),
    }
}

#[cfg(test)]
mod tests {
    use super::{Values, canonical_name, http_body, request_context};
    use serde_json::json;

    #[test]
    fn names_are_spelled_as_in_samples() {
        assert_eq!(
            canonical_name("x-yc-APIGATEWAY-websocket-event-type"),
            "X-Yc-Apigateway-Websocket-Event-Type"
        );
    }

    #[test]
    fn repeated_values_are_listed_and_the_last_one_counts() {
        let values = Values::of_query(Some("room=a%20b&user=x&room=c"));
        assert_eq!(values.single(), json!({ "room": "c", "user": "x" }));
        assert_eq!(
            values.multiple(),
            json!({ "room": ["a b", "c"], "user": ["x"] })
        );
    }

    #[test]
    fn only_json_bodies_are_plain() {
        assert_eq!(
            http_body(Some("application/json; charset=utf-8"), b"{}"),
            ("{}".to_owned(), false)
        );
        assert_eq!(
            http_body(Some("text/plain"), b"{}"),
            ("e30=".to_owned(), true)
        );
        assert_eq!(http_body(None, b""), (String::new(), true));
    }

    #[test]
    fn time_is_in_common_log_format() {
        let now = "2023-01-04T23:47:03Z".parse().unwrap();
        let context = request_context([127, 0, 0, 1].into(), "curl", "GET", "id", now);
        assert_eq!(context["requestTime"], "4/Jan/2023:23:47:03 +0000");
        assert_eq!(context["requestTimeEpoch"], 1_672_876_023);
    }
}
