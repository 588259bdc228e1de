//! A gRPC body under inspection: rules see each of its messages.

use std::collections::VecDeque;
use std::sync::Arc;

use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use prost::bytes::Bytes;
use tokio_util::sync::CancellationToken;
use tonic::Code;
use tonic::body::Body;

use super::BoxError;
use super::answers::{trailers, ydb_message};
use super::messages::{Splitter, payload};
use crate::inspect::faults::{Content, End, Phase, Truncation};
use crate::inspect::{Call, Inspector, Verdict, cut_late};

/// Whose messages they are.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    pub(super) inspector: Inspector,
    pub(super) path: Arc<str>,
    pub(super) subject: Option<Arc<str>>,
    /// Ends the call in both directions.
    pub(super) cut: CancellationToken,
}

impl Watch {
    /// What rules say to a message.
    async fn verdict(&self, direction: &str, message: &Bytes) -> Verdict {
        if !self.inspector.concerns(direction) {
            return Verdict::Pass;
        }
        let call = Call {
            method: direction,
            path: &self.path,
            subject: self.subject.as_deref(),
            headers: None,
            content: Content::Bytes(payload(message)),
        };
        self.inspector.apply(Phase::Before, &call).await
    }
}

/// A body whose messages are judged one by one.
pub(super) struct Filter {
    watch: Watch,
    /// `GRPC_IN` or `GRPC_OUT`.
    direction: &'static str,
    body: Body,
    splitter: Splitter,
    ready: VecDeque<Result<Frame<Bytes>, BoxError>>,
    truncation: Option<Truncation>,
    ended: bool,
    /// Whether it ends with an error once what is ready has left.
    breaks: bool,
}

impl Filter {
    /// Of what a client sends.
    pub(super) fn request(watch: Watch, body: Body) -> Self {
        Self::new(watch, "GRPC_IN", body)
    }

    /// Of what it gets, maybe not all.
    pub(super) fn response(watch: Watch, body: Body, truncation: Option<Truncation>) -> Self {
        let mut filter = Self::new(watch, "GRPC_OUT", body);
        filter.truncation = truncation;
        filter.end_when_due();
        filter
    }

    fn new(watch: Watch, direction: &'static str, body: Body) -> Self {
        Self {
            watch,
            direction,
            body,
            splitter: Splitter::default(),
            ready: VecDeque::new(),
            truncation: None,
            ended: false,
            breaks: false,
        }
    }

    /// The first message, which stays; none when the body ends without one.
    pub(super) async fn peek(&mut self) -> Option<Bytes> {
        loop {
            let message = self.splitter.peek();
            if message.is_some() || self.ended {
                return message;
            }
            self.read().await;
        }
    }

    /// A body again.
    pub(super) fn into_body(self) -> Body {
        let frames = futures::stream::unfold(self, Self::next);
        Body::new(StreamBody::new(frames))
    }

    async fn next(mut self) -> Option<(Result<Frame<Bytes>, BoxError>, Self)> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Some((frame, self));
            }
            if std::mem::take(&mut self.breaks) {
                let cut = cut_late().await;
                self.watch.cut.cancel();
                return Some((Err(cut.into()), self));
            }
            if let Some(message) = self.splitter.next() {
                self.judge(message).await;
            } else if self.ended {
                // A body that ended within a message.
                let rest = self.splitter.rest()?;
                return Some((Ok(Frame::data(rest)), self));
            } else {
                self.read().await;
            }
        }
    }

    async fn read(&mut self) {
        let frame = tokio::select! {
            frame = self.body.frame() => frame,
            () = self.watch.cut.cancelled() => return self.cut(),
        };
        match frame {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => self.splitter.push(&data),
                Err(trailers) => self.ready.push_back(Ok(trailers)),
            },
            Some(Err(error)) => {
                self.ready.push_back(Err(error.into()));
                self.ended = true;
            }
            None => self.ended = true,
        }
    }

    async fn judge(&mut self, message: Bytes) {
        match self.watch.verdict(self.direction, &message).await {
            Verdict::Drop => return,
            Verdict::Cut => return self.cut(),
            Verdict::Grpc(code) => return self.finish(End::Grpc(code)),
            Verdict::Ydb(code) => return self.finish(End::Ydb(code)),
            Verdict::Duplicate => self.ready.push_back(Ok(Frame::data(message.clone()))),
            _ => {}
        }
        self.ready.push_back(Ok(Frame::data(message)));
        if let Some(truncation) = &mut self.truncation {
            truncation.after = truncation.after.saturating_sub(1);
        }
        self.end_when_due();
    }

    fn end_when_due(&mut self) {
        if let Some(Truncation { after: 0, end }) = self.truncation {
            self.finish(end);
        }
    }

    fn finish(&mut self, end: End) {
        let code = match end {
            End::Cut => return self.cut(),
            End::Clean | End::Ydb(_) => Code::Ok,
            End::Grpc(code) => code.0,
        };
        if let End::Ydb(code) = end {
            let last = ydb_message(&self.watch.path, code.0);
            self.ready.push_back(Ok(Frame::data(last)));
        }
        self.ready.push_back(Ok(Frame::trailers(trailers(code))));
        self.close();
    }

    fn cut(&mut self) {
        self.breaks = true;
        self.close();
    }

    /// Nothing more is read or passed on.
    fn close(&mut self) {
        self.splitter = Splitter::default();
        self.body = Body::empty();
        self.ended = true;
    }
}
