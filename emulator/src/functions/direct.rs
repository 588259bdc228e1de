//! The event of a direct HTTPS call, with the keys of the documentation's
//! samples (functions/concepts/function-invoke, functions/lang/python/handler;
//! reference §4.2): those of a gateway's format 0.1, empty where only a gateway
//! knows something.

use std::net::SocketAddr;

use axum::body::Bytes;
use http::{HeaderMap, HeaderName, Method, Uri, header};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::event::{Values, forwarded_for, http_body, request_context};

/// Request headers that a function doesn't see (documented).
const HIDDEN: [&str; 13] = [
    "expect",
    "te",
    "trailer",
    "upgrade",
    "proxy-authenticate",
    "authorization",
    "connection",
    "content-md5",
    "max-forwards",
    "server",
    "transfer-encoding",
    "www-authenticate",
    "cookie",
];

/// Request headers that the service states itself, whatever a client says.
const STATED: [&str; 4] = [
    "x-forwarded-for",
    "x-real-remote-address",
    "x-request-id",
    "x-trace-id",
];

/// A request for a function.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) peer: SocketAddr,
    /// In the event, in the context and in the reply, as in the samples.
    pub(super) id: String,
}

impl Request {
    /// A header that is text.
    pub(super) fn text(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What the function gets.
    pub(super) fn event(&self, now: Timestamp) -> Value {
        let headers = self.passed_headers();
        let query = Values::of_query(self.uri.query());
        let (body, is_base64) = http_body(self.text(header::CONTENT_TYPE), &self.body);
        let user_agent = self.text(header::USER_AGENT).unwrap_or_default();
        let method = self.method.as_str();
        json!({
            "httpMethod": method,
            "headers": headers.single(),
            "multiValueHeaders": headers.multiple(),
            "url": "",
            "path": "",
            "pathParams": {},
            "params": {},
            "multiValueParams": {},
            "queryStringParameters": query.single(),
            "multiValueQueryStringParameters": query.multiple(),
            "requestContext":
                request_context(self.peer.ip(), user_agent, method, &self.id, now),
            "body": body,
            "isBase64Encoded": is_base64,
        })
    }

    /// The client's headers and the service's own.
    fn passed_headers(&self) -> Values {
        let mut kept = self.headers.clone();
        for name in HIDDEN.iter().chain(&STATED) {
            kept.remove(*name);
        }
        let mut headers = Values::of_headers(&kept);
        let (address, port) = (self.peer.ip(), self.peer.port());
        headers.push("X-Forwarded-For", forwarded_for(&self.headers, address));
        headers.push("X-Real-Remote-Address", format!("[{address}]:{port}"));
        headers.push("X-Request-Id", self.id.clone());
        headers.push("X-Trace-Id", Uuid::new_v4().to_string());
        headers
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use http::{HeaderMap, Method, Uri};
    use serde_json::{Value, json};

    use super::Request;

    fn request(headers: &[(&'static str, &'static str)], body: &'static str) -> Request {
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.append(*name, value.parse().unwrap());
        }
        Request {
            method: Method::POST,
            uri: Uri::from_static("/invoke/d4e1?a=1&a=2&b=1"),
            headers: all,
            body: Bytes::from_static(body.as_bytes()),
            peer: "88.99.0.24:37310".parse().unwrap(),
            id: "cd0d12cd".to_owned(),
        }
    }

    fn event(request: &Request) -> Value {
        request.event("2019-12-26T14:22:07Z".parse().unwrap())
    }

    /// The documentation's own sample of a call with curl.
    #[test]
    fn the_documented_call_gives_the_documented_event() {
        let mut event = event(&request(
            &[
                ("accept", "*/*"),
                ("content-length", "13"),
                ("content-type", "application/x-www-form-urlencoded"),
                ("user-agent", "curl/7.58.0"),
                ("authorization", "Bearer t1"),
                ("cookie", "a=b"),
            ],
            "hello, world!",
        ));
        let trace = event["headers"]["X-Trace-Id"].take();
        assert_eq!(event["multiValueHeaders"]["X-Trace-Id"], json!([trace]));
        assert_eq!(
            event["headers"],
            json!({
                "Accept": "*/*",
                "Content-Length": "13",
                "Content-Type": "application/x-www-form-urlencoded",
                "User-Agent": "curl/7.58.0",
                "X-Forwarded-For": "88.99.0.24",
                "X-Real-Remote-Address": "[88.99.0.24]:37310",
                "X-Request-Id": "cd0d12cd",
                "X-Trace-Id": null,
            })
        );
        assert_eq!(
            event["queryStringParameters"],
            json!({ "a": "2", "b": "1" })
        );
        assert_eq!(
            event["multiValueQueryStringParameters"],
            json!({ "a": ["1", "2"], "b": ["1"] })
        );
        assert_eq!(
            event["requestContext"],
            json!({
                "identity": { "sourceIp": "88.99.0.24", "userAgent": "curl/7.58.0" },
                "httpMethod": "POST",
                "requestId": "cd0d12cd",
                "requestTime": "26/Dec/2019:14:22:07 +0000",
                "requestTimeEpoch": 1_577_370_127,
            })
        );
        assert_eq!(event["body"], "aGVsbG8sIHdvcmxkIQ==");
        assert_eq!(event["isBase64Encoded"], true);
    }

    #[test]
    fn what_only_a_gateway_knows_is_empty() {
        let event = event(&request(&[], ""));
        assert_eq!((&event["url"], &event["path"]), (&json!(""), &json!("")));
        for name in ["pathParams", "params", "multiValueParams"] {
            assert_eq!(event[name], json!({}), "{name}");
        }
    }

    #[test]
    fn a_client_does_not_choose_what_the_service_states() {
        let event = event(&request(
            &[
                ("x-request-id", "mine"),
                ("x-real-remote-address", "[1.1.1.1]:1"),
                ("x-forwarded-for", "10.0.0.1"),
            ],
            "",
        ));
        let headers = &event["multiValueHeaders"];
        assert_eq!(headers["X-Request-Id"], json!(["cd0d12cd"]));
        assert_eq!(
            headers["X-Real-Remote-Address"],
            json!(["[88.99.0.24]:37310"])
        );
        assert_eq!(
            headers["X-Forwarded-For"],
            json!(["10.0.0.1, 88.99.0.24"]),
            "documented: the stated addresses, then the client's"
        );
        assert_eq!(
            event["requestContext"]["identity"]["sourceIp"],
            "88.99.0.24"
        );
    }
}
