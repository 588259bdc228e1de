//! Connections of YDB's clients, which may be cut: a client that was frozen
//! wakes up with sockets that died meanwhile.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_stream::wrappers::TcpListenerStream;
use tokio_stream::{Stream, StreamExt as _};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::{Connected, TcpConnectInfo};

/// How open connections die.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Cut {
    /// The client learns of it at once.
    Reset,
    /// Nothing comes any more, and nobody says so.
    Silence,
}

#[derive(Debug, Default)]
struct Tokens {
    reset: CancellationToken,
    silence: CancellationToken,
}

/// All open connections; clones share them.
#[derive(Debug, Clone, Default)]
pub(in crate::ydb) struct Sockets(Arc<Mutex<Tokens>>);

impl Sockets {
    /// Connections as they come.
    pub(super) fn accept(
        &self,
        listener: TcpListener,
    ) -> impl Stream<Item = io::Result<Socket>> + use<> {
        let sockets = self.clone();
        TcpListenerStream::new(listener).map(move |stream| {
            let stream = stream?;
            // tonic sets it on connections of its own listeners only. Without it
            // a small reply may wait 40 ms for an acknowledgement of the last one.
            stream.set_nodelay(true)?;
            Ok(sockets.open(stream))
        })
    }

    fn open(&self, stream: TcpStream) -> Socket {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Socket {
            stream,
            reset: Box::pin(tokens.reset.clone().cancelled_owned()),
            silence: tokens.silence.clone(),
        }
    }

    /// Ends those that are open now; later ones are not concerned.
    pub(in crate::ydb) fn cut(&self, how: Cut) {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let token = match how {
            Cut::Reset => &mut tokens.reset,
            Cut::Silence => &mut tokens.silence,
        };
        std::mem::take(token).cancel();
    }
}

/// One connection.
pub(super) struct Socket {
    stream: TcpStream,
    reset: Pin<Box<WaitForCancellationFutureOwned>>,
    silence: CancellationToken,
}

impl Socket {
    /// Pending for ever once it is silent; an error once it is reset.
    fn check(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.reset.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if self.silence.is_cancelled() {
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }
}

impl Connected for Socket {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.stream.connect_info()
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        std::task::ready!(self.check(context))?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        std::task::ready!(self.check(context))?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
