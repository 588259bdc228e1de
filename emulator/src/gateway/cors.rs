//! Answers to preflight requests. Answers to the requests that follow stay as
//! the integration makes them: the cloud's documents tell of preflight
//! requests only (a guess).

use http::{HeaderMap, HeaderValue, Method, header};

use super::listener::{Answer, text};
use super::spec::CorsRule;

/// The answer, when the request is a preflight request.
pub(super) fn preflight(rule: &CorsRule, method: &Method, headers: &HeaderMap) -> Option<Answer> {
    let asked = headers.get(header::ACCESS_CONTROL_REQUEST_METHOD);
    if method != Method::OPTIONS || asked.is_none() {
        return None;
    }
    let own = headers.get(header::ORIGIN)?;
    let mut answer = text(rule.status, "");
    let fields = [
        (
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
            Some(rule.origin.clone().unwrap_or_else(|| own.clone())),
        ),
        (
            header::ACCESS_CONTROL_ALLOW_METHODS,
            Some(rule.methods.clone()),
        ),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            rule.allowed_headers.clone(),
        ),
        (
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            rule.exposed_headers.clone(),
        ),
        (
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            rule.credentials.map(flag),
        ),
        (
            header::ACCESS_CONTROL_MAX_AGE,
            rule.max_age.map(HeaderValue::from),
        ),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            answer.headers_mut().insert(name, value);
        }
    }
    Some(answer)
}

fn flag(value: bool) -> HeaderValue {
    HeaderValue::from_static(if value { "true" } else { "false" })
}
