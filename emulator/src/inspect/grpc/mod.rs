//! The inspector round a gRPC server. Bodies stay streams, whose messages rules
//! may see one by one.

mod answers;
mod filter;
mod messages;

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use prost::bytes::Bytes;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tower::{Layer, Service, ServiceExt};

use super::faults::{Content, Phase, Truncation};
use super::requests::{Finished, Started, grpc_mutates};
use super::{Call, Cut, Inspector, Verdict};
use filter::{Filter, Watch};

/// Header that carries the IAM token of a YDB call.
const TOKEN_HEADER: &str = "x-ydb-auth-ticket";

/// For `tonic::transport::Server::builder().layer(…)`.
#[derive(Debug, Clone)]
pub struct InspectGrpcLayer {
    inspector: Inspector,
}

impl InspectGrpcLayer {
    /// Records to and obeys this inspector.
    #[must_use]
    pub fn new(inspector: Inspector) -> Self {
        Self { inspector }
    }
}

impl<S> Layer<S> for InspectGrpcLayer {
    type Service = InspectGrpc<S>;

    fn layer(&self, inner: S) -> InspectGrpc<S> {
        InspectGrpc {
            inspector: self.inspector.clone(),
            inner,
        }
    }
}

/// A gRPC service under inspection. An error of this service resets the stream.
#[derive(Debug, Clone)]
pub struct InspectGrpc<S> {
    inspector: Inspector,
    inner: S,
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl<S> Service<Request<Body>> for InspectGrpc<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Cut;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Cut>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Cut>> {
        self.inner
            .poll_ready(context)
            .map_err(|never| match never {})
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The instance that is ready is the one to call; its clone waits.
        let clone = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, clone);
        Box::pin(inspected(self.inspector.clone(), inner, request))
    }
}

async fn inspected<S>(
    inspector: Inspector,
    inner: S,
    request: Request<Body>,
) -> Result<Response<Body>, Cut>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone,
{
    let (parts, body) = request.into_parts();
    let path: Arc<str> = parts.uri.path().into();
    let headers = parts.headers.clone();
    let subject = inspector.subject(token(&headers));
    let sequence = inspector.started(started(&path, subject.clone()));
    let watch = Watch {
        inspector: inspector.clone(),
        path: Arc::clone(&path),
        subject: subject.as_deref().map(Arc::from),
        cut: CancellationToken::new(),
    };
    let mut body = Filter::request(watch.clone(), body);
    let mut call = Call {
        method: "GRPC",
        path: &path,
        subject: subject.as_deref(),
        headers: Some(&headers),
        content: Content::None,
    };
    let first = if inspector.needs_content(&call) {
        body.peek().await
    } else {
        None
    };
    call.content = first.as_deref().map_or(Content::None, Content::Bytes);
    let verdict = inspector.apply(Phase::Before, &call).await;
    let carrying_out = carry_out(inner, verdict, &watch, parts, body.into_body());
    let response = carrying_out.await;
    let status = response
        .as_ref()
        .ok()
        .map(|response| response.status().as_u16());
    inspector.finished(
        sequence,
        Finished {
            status,
            ..Finished::default()
        },
    );
    let response = response?;
    let verdict = inspector.apply(Phase::After, &call).await;
    if let Some(answer) = instead(&verdict, &path)? {
        return Ok(answer);
    }
    let truncation = match verdict {
        Verdict::Truncate(truncation) => Some(truncation),
        _ => None,
    };
    Ok(watched(watch, response, truncation))
}

/// What the service answers, or what a rule answers instead.
async fn carry_out<S>(
    inner: S,
    verdict: Verdict,
    watch: &Watch,
    parts: http::request::Parts,
    body: Body,
) -> Result<Response<Body>, Cut>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone,
{
    if let Some(answer) = instead(&verdict, &watch.path)? {
        return Ok(answer);
    }
    let answering = async {
        match verdict {
            Verdict::Duplicate => twice(inner, parts, body).await,
            _ => once(inner, Request::from_parts(parts, body)).await,
        }
    };
    let response = tokio::select! {
        response = answering => response?,
        () = watch.cut.cancelled() => return Err(Cut),
    };
    // A service may have an answer to a request that was cut under its hands.
    if watch.cut.is_cancelled() {
        return Err(Cut);
    }
    Ok(response)
}

fn started(path: &str, subject: Option<String>) -> Started {
    Started {
        method: "GRPC".to_owned(),
        path: path.to_owned(),
        grpc: true,
        subject,
        mutating: grpc_mutates(path),
        ..Started::default()
    }
}

/// The answer that a verdict gives instead of the service's.
fn instead(verdict: &Verdict, path: &str) -> Result<Option<Response<Body>>, Cut> {
    match verdict {
        Verdict::Cut => Err(Cut),
        Verdict::Status(status) => Ok(Some(answers::refused(answers::code_of(*status)))),
        Verdict::Grpc(code) => Ok(Some(answers::refused(code.0))),
        Verdict::Ydb(code) => Ok(Some(answers::ydb(path, code.0))),
        _ => Ok(None),
    }
}

async fn once<S>(mut inner: S, request: Request<Body>) -> Result<Response<Body>, Cut>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    inner.call(request).await.map_err(|never| match never {})
}

/// The first call runs to the end of its answer before the second begins.
async fn twice<S>(
    mut inner: S,
    parts: http::request::Parts,
    body: Body,
) -> Result<Response<Body>, Cut>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone,
{
    let body: Bytes = body.collect().await.map_err(|_| Cut)?.to_bytes();
    let again = || {
        let body = Body::new(Full::new(body.clone()));
        Request::from_parts(parts.clone(), body)
    };
    let mut second = inner.clone();
    let Ok(first) = inner.call(again()).await;
    // How it ends doesn't matter, only that it does.
    let _ended = first.into_body().collect().await;
    let Ok(second) = second.ready().await;
    once(second, again()).await
}

/// What has no message, such as a refusal, must stay as it is: its status is
/// in the headers.
fn watched(
    watch: Watch,
    response: Response<Body>,
    truncation: Option<Truncation>,
) -> Response<Body> {
    if hyper::body::Body::is_end_stream(response.body()) {
        return response;
    }
    response.map(|body| Filter::response(watch, body, truncation).into_body())
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let value = headers
        .get(TOKEN_HEADER)
        .or_else(|| headers.get("authorization"))?;
    value.to_str().ok()
}
