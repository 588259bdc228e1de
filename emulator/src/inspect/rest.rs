//! The inspector round an axum router: bodies are recorded.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::IntoResponse;
use futures::StreamExt;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::Value;
use tower::{Service, ServiceExt};

use super::faults::{Content, End, Phase, Truncation};
use super::requests::{Finished, Started, readable};
use super::stale::{Stale, hide, merge};
use super::{Call, Cut, Inspector, Verdict, cut_late};
use crate::error::{Code, Status};

/// Paths below this one are the inspector's own: never recorded, never broken.
const OWN_PREFIX: &str = "/_emulator";

/// A router under inspection. An error of this service cuts the connection.
#[derive(Debug, Clone)]
pub struct InspectRest {
    inspector: Inspector,
    inner: Router,
}

impl InspectRest {
    /// Puts the inspector round a router.
    #[must_use]
    pub fn new(inspector: Inspector, inner: Router) -> Self {
        Self { inspector, inner }
    }
}

impl Service<Request<Body>> for InspectRest {
    type Response = Response<Body>;
    type Error = Cut;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Cut>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Cut>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let Self { inspector, inner } = self.clone();
        Box::pin(async move {
            if request.uri().path().starts_with(OWN_PREFIX) {
                return Ok(run(inner, request).await);
            }
            inspected(inspector, inner, request).await
        })
    }
}

async fn run(router: Router, request: Request<Body>) -> Response<Body> {
    match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => {
            let never: Infallible = never;
            match never {}
        }
    }
}

async fn inspected(
    inspector: Inspector,
    inner: Router,
    request: Request<Body>,
) -> Result<Response<Body>, Cut> {
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        return Err(Cut);
    };
    let body = body.to_bytes();
    let subject = inspector.subject(text(&parts.headers, "authorization").as_deref());
    let sequence = inspector.started(started(&parts, &body, subject.clone()));
    // Rules look at the request before and after it is carried out.
    let (method, path) = (parts.method.clone(), parts.uri.path().to_owned());
    let headers = parts.headers.clone();
    let call = Call {
        method: method.as_str(),
        path: &path,
        subject: subject.as_deref(),
        headers: Some(&headers),
        content: Content::Bytes(&body),
    };
    let again = |parts: &Parts| Request::from_parts(parts.clone(), Body::from(body.clone()));
    let response = match inspector.apply(Phase::Before, &call).await {
        Verdict::Status(status) => injected(status),
        Verdict::Duplicate => {
            run(inner.clone(), again(&parts)).await;
            run(inner, again(&parts)).await
        }
        Verdict::Cut => {
            inspector.finished(sequence, Finished::default());
            return Err(Cut);
        }
        _ => run(inner, again(&parts)).await,
    };
    let (parts, answer) = response.into_parts();
    let answer = answer.collect().await.map_err(|_| Cut)?.to_bytes();
    let status = Some(parts.status.as_u16());
    // Recorded before the answer suffers: the call was carried out.
    inspector.finished(
        sequence,
        Finished {
            status,
            body: readable(&answer),
        },
    );
    match inspector.apply(Phase::After, &call).await {
        Verdict::Status(status) => Ok(injected(status)),
        Verdict::Cut => Err(Cut),
        Verdict::Truncate(truncation) => Ok(truncated(parts, &answer, truncation)),
        Verdict::Patch(change) => Ok(patched(parts, answer, &change)),
        Verdict::Hide(newest) if parts.status.is_success() => Ok(stale(parts, answer, newest)),
        _ => Ok(Response::from_parts(parts, Body::from(answer))),
    }
}

fn started(parts: &Parts, body: &Bytes, subject: Option<String>) -> Started {
    let path = parts.uri.path();
    Started {
        method: parts.method.as_str().to_owned(),
        path: path.to_owned(),
        query: parts.uri.query().map(str::to_owned),
        subject,
        idempotency_key: text(&parts.headers, "idempotency-key"),
        body: readable(body),
        mutating: mutates(&parts.method, path),
        ..Started::default()
    }
}

/// What a read answers that shows nothing that was made after `newest`.
fn stale(mut parts: http::response::Parts, answer: Bytes, newest: Timestamp) -> Response<Body> {
    match hide(&answer, newest) {
        Some(Stale::Missing) => Status::new(Code::NotFound, "Not found").into_response(),
        Some(Stale::Body(body)) => {
            parts.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(parts, Body::from(body.to_string()))
        }
        None => Response::from_parts(parts, Body::from(answer)),
    }
}

/// The answer as a merge patch changes it; what is no JSON stays as it is.
fn patched(mut parts: http::response::Parts, answer: Bytes, patch: &Value) -> Response<Body> {
    let Ok(mut body) = serde_json::from_slice(&answer) else {
        return Response::from_parts(parts, Body::from(answer));
    };
    merge(&mut body, patch);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(body.to_string()))
}

/// The first bytes of a body: as if they were all, or as much as came before
/// the connection broke.
fn truncated(
    mut parts: http::response::Parts,
    whole: &Bytes,
    truncation: Truncation,
) -> Response<Body> {
    let after = usize::try_from(truncation.after).unwrap_or(usize::MAX);
    let first = whole.slice(..after.min(whole.len()));
    parts.headers.remove(header::CONTENT_LENGTH);
    if truncation.end == End::Clean {
        return Response::from_parts(parts, Body::from(first));
    }
    parts
        .headers
        .insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
    let chunks = futures::stream::iter([Ok(first)]);
    let chunks = chunks.chain(futures::stream::once(async { Err(cut_late().await) }));
    Response::from_parts(parts, Body::from_stream(chunks))
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// Token exchange changes nothing that anybody could see.
fn mutates(method: &Method, path: &str) -> bool {
    let changes = matches!(
        *method,
        Method::POST | Method::PATCH | Method::PUT | Method::DELETE
    );
    changes && !path.starts_with("/iam/v1/tokens") && !path.starts_with("/invoke/")
}

/// The cloud's body for an injected HTTP status.
fn injected(status: u16) -> Response<Body> {
    let code = match status {
        400 => Code::InvalidArgument,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::NotFound,
        409 => Code::Aborted,
        429 => Code::ResourceExhausted,
        501 => Code::Unimplemented,
        503 => Code::Unavailable,
        504 => Code::DeadlineExceeded,
        _ => Code::Internal,
    };
    let mut response = Status::new(code, "Injected by a fault rule").into_response();
    if let Ok(status) = StatusCode::from_u16(status) {
        *response.status_mut() = status;
    }
    response
}
