//! The inspector round a gRPC server: paths only, bodies stay streams.

use std::pin::Pin;
use std::task::{Context, Poll};

use http::{HeaderMap, HeaderValue, Request, Response};
use tower::{Layer, Service};

use super::faults::Phase;
use super::requests::{Finished, Started, grpc_mutates};
use super::{CallName, Cut, Inspector, Verdict};

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

impl<S, B, R> Service<Request<B>> for InspectGrpc<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: Send + 'static,
    R: Default + Send + 'static,
{
    type Response = Response<R>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The instance that is ready is the one to call; its clone waits.
        let clone = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, clone);
        Box::pin(inspected(self.inspector.clone(), inner, request))
    }
}

async fn inspected<S, B, R>(
    inspector: Inspector,
    mut inner: S,
    request: Request<B>,
) -> Result<Response<R>, BoxError>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    R: Default,
{
    let path = request.uri().path().to_owned();
    let subject = inspector.subject(token(request.headers()));
    let name = CallName {
        method: "GRPC",
        path: &path,
        subject: subject.as_deref(),
    };
    let sequence = inspector.started(Started {
        method: "GRPC".to_owned(),
        path: path.clone(),
        grpc: true,
        subject: subject.clone(),
        mutating: grpc_mutates(&path),
        ..Started::default()
    });
    let response = match inspector.apply(Phase::Before, &name).await {
        Verdict::Pass => inner.call(request).await.map_err(Into::into)?,
        Verdict::Status(status) => injected(status),
        Verdict::Cut => {
            inspector.finished(sequence, Finished::default());
            return Err(Cut.into());
        }
    };
    let status = Some(response.status().as_u16());
    inspector.finished(
        sequence,
        Finished {
            status,
            ..Finished::default()
        },
    );
    match inspector.apply(Phase::After, &name).await {
        Verdict::Pass => Ok(response),
        Verdict::Status(status) => Ok(injected(status)),
        Verdict::Cut => Err(Cut.into()),
    }
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let value = headers
        .get(TOKEN_HEADER)
        .or_else(|| headers.get("authorization"))?;
    value.to_str().ok()
}

/// A trailers-only gRPC reply with the code that goes with an HTTP status
/// (gRPC's http-grpc-status-mapping).
fn injected<R: Default>(status: u16) -> Response<R> {
    let code = match status {
        400 => tonic::Code::Internal,
        401 => tonic::Code::Unauthenticated,
        403 => tonic::Code::PermissionDenied,
        404 => tonic::Code::Unimplemented,
        429 | 502 | 503 | 504 => tonic::Code::Unavailable,
        _ => tonic::Code::Unknown,
    };
    let mut response = Response::new(R::default());
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/grpc"));
    headers.insert("grpc-status", HeaderValue::from(i32::from(code)));
    headers.insert(
        "grpc-message",
        HeaderValue::from_static("Injected by a fault rule"),
    );
    response
}
