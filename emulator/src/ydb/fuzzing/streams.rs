//! A gRPC call whose messages are sent and heard one by one.

use std::convert::Infallible;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use http::Request;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::body::Body;
use tonic::service::Routes;
use tower::Service;

use super::bench::PATH;

/// How long a stream may say nothing before it is talked to again. Timers count
/// in milliseconds, which is as long as everything else that a case does.
const SILENCE: Duration = Duration::from_micros(200);
/// Replies that are heard in a row.
const MOST: usize = 8;
/// Messages that may wait to be read; no case has as many.
const WAITING: usize = 16;

/// Both directions of a call.
pub(super) struct Conversation {
    requests: mpsc::Sender<Result<Frame<Bytes>, Infallible>>,
    replies: Body,
}

impl Conversation {
    /// Calls a method and says the first message.
    pub(super) async fn begin(
        routes: &mut Routes,
        path: &str,
        token: &str,
        first: &[u8],
        is_stream: bool,
    ) -> Self {
        let (requests, waiting) = mpsc::channel(WAITING);
        let request = Request::post(path)
            .header("content-type", "application/grpc")
            .header("x-ydb-auth-ticket", token)
            .header("x-ydb-database", PATH)
            .body(StreamBody::new(ReceiverStream::new(waiting)))
            .expect("a request");
        let mut requests = requests;
        say(&requests, first);
        if !is_stream {
            // A sender whose receiver is gone: nothing more can be said.
            requests = mpsc::channel(1).0;
        }
        let Ok(response) = routes.call(request).await;
        Self {
            requests,
            replies: response.into_body(),
        }
    }

    /// One more message.
    pub(super) fn say(&self, message: &[u8]) {
        say(&self.requests, message);
    }

    /// Everything until the call ends.
    pub(super) async fn hear_all(self) -> Vec<u8> {
        drop(self.requests);
        let heard = self.replies.collect().await;
        heard.expect("a body that can be read").to_bytes().into()
    }

    /// What comes before a silence.
    pub(super) async fn hear(&mut self) -> Vec<u8> {
        let mut heard = Vec::new();
        for _ in 0..MOST {
            match before_silence(self.replies.frame()).await {
                Some(Some(Ok(frame))) => heard.extend(frame.into_data().unwrap_or_default()),
                Some(Some(Err(_)) | None) | None => break,
            }
        }
        heard
    }
}

/// With gRPC's prefix: not compressed, and the length.
fn say(requests: &mpsc::Sender<Result<Frame<Bytes>, Infallible>>, message: &[u8]) {
    let length = u32::try_from(message.len()).unwrap_or_default();
    let framed = [&[0], length.to_be_bytes().as_slice(), message].concat();
    // Nobody listens any more: then the call has ended.
    drop(requests.try_send(Ok(Frame::data(framed.into()))));
}

/// What comes soon, if it does; looked for without pause.
async fn before_silence<T>(coming: impl Future<Output = T>) -> Option<T> {
    let started = Instant::now();
    let mut coming = pin!(coming);
    while started.elapsed() < SILENCE {
        if let Poll::Ready(came) = futures::poll!(coming.as_mut()) {
            return Some(came);
        }
        tokio::task::yield_now().await;
    }
    None
}
