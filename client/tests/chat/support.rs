//! A chat server in this process, and the real client against it.
#![expect(
    clippy::result_large_err,
    reason = "the library fixes the callbacks' types"
)]

use std::process::{Output, Stdio};
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader, Lines};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

/// Longer than anything here takes; a hanging test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for something, but not forever.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("in time")
}

/// A server that does what a test says.
pub(crate) struct Server {
    listener: TcpListener,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        Self { listener }
    }

    pub(crate) fn port(&self) -> u16 {
        self.listener.local_addr().expect("an address").port()
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://127.0.0.1:{}/ws?token=secret", self.port())
    }

    pub(crate) async fn tcp(&self) -> TcpStream {
        soon(self.listener.accept()).await.expect("a client").0
    }

    /// Lets the next client in.
    pub(crate) async fn accept(&self) -> Peer<TcpStream> {
        Peer::accept(self.tcp().await).await
    }

    /// Turns the next client away.
    pub(crate) async fn refuse(&self, status: u16) {
        let refuse = |_: &Request, _: Response| -> Result<Response, ErrorResponse> {
            let mut response = ErrorResponse::new(None);
            *response.status_mut() = StatusCode::from_u16(status).expect("a status");
            Err(response)
        };
        let result = soon(accept_hdr_async(self.tcp().await, refuse)).await;
        assert!(result.is_err());
    }
}

/// The server's side of a connection.
pub(crate) struct Peer<S> {
    pub(crate) query: String,
    socket: WebSocketStream<S>,
}

impl<S: AsyncRead + tokio::io::AsyncWrite + Unpin> Peer<S> {
    pub(crate) async fn accept(stream: S) -> Self {
        let mut query = String::new();
        let note = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
            query = request.uri().query().unwrap_or_default().to_owned();
            Ok(response)
        };
        let socket = soon(accept_hdr_async(stream, note)).await.expect("upgrade");
        Self { query, socket }
    }

    pub(crate) async fn tell(&mut self, message: &Value) {
        let frame = Message::text(message.to_string());
        soon(self.socket.send(frame)).await.expect("sent");
    }

    /// The next SEND: its text and its id.
    pub(crate) async fn sent(&mut self) -> (String, String) {
        let text = loop {
            match soon(self.socket.next())
                .await
                .expect("open")
                .expect("a frame")
            {
                Message::Text(text) => break text,
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("not a SEND: {other:?}"),
            }
        };
        let message: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(message["type"], "SEND", "{message}");
        let field = |name: &str| message[name].as_str().expect(name).to_owned();
        (field("content"), field("id"))
    }

    pub(crate) async fn ack(&mut self, id: &str) {
        self.tell(&json!({"type": "ACK", "originalType": "SEND", "id": id}))
            .await;
    }

    /// Sees a SEND and acknowledges it.
    pub(crate) async fn take(&mut self) -> String {
        let (text, id) = self.sent().await;
        self.ack(&id).await;
        text
    }

    /// Waits for the client's close frame and answers it.
    pub(crate) async fn closed(&mut self) -> Option<CloseFrame> {
        loop {
            match soon(self.socket.next()).await {
                Some(Ok(Message::Close(frame))) => {
                    let _ = soon(self.socket.flush()).await;
                    return frame;
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("not a close frame: {other:?}"),
            }
        }
    }

    pub(crate) async fn close(&mut self) {
        soon(self.socket.close(None)).await.expect("closed");
    }
}

/// The client.
pub(crate) struct Client {
    pub(crate) child: Child,
    pub(crate) stdin: Option<ChildStdin>,
    stdout: Option<Lines<BufReader<ChildStdout>>>,
}

/// What is left when the client is gone.
pub(crate) struct Remains {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The client's command, deaf to this process's environment.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wschat"));
    command
        .args(args)
        .env_clear()
        .env("USER", "alice")
        .env("TZ", "UTC")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

impl Client {
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut child = command(args).spawn().expect("the client starts");
        let stdout = child.stdout.take().expect("a pipe");
        Self {
            stdin: child.stdin.take(),
            stdout: Some(BufReader::new(stdout).lines()),
            child,
        }
    }

    pub(crate) async fn write(&mut self, text: &str) {
        use tokio::io::AsyncWriteExt as _;
        let stdin = self.stdin.as_mut().expect("open");
        soon(stdin.write_all(text.as_bytes()))
            .await
            .expect("written");
    }

    /// Ends standard input.
    pub(crate) fn end_input(&mut self) {
        self.stdin = None;
    }

    /// The next line on standard output.
    pub(crate) async fn line(&mut self) -> String {
        let stdout = self.stdout.as_mut().expect("not hung up");
        soon(stdout.next_line())
            .await
            .expect("readable")
            .expect("a line")
    }

    /// Stops reading, as `head` does.
    pub(crate) fn hang_up(&mut self) {
        self.stdout = None;
    }

    /// Waits for its end. Standard input stays as it is.
    pub(crate) async fn end(mut self) -> Remains {
        let mut stderr = String::new();
        let mut errors = self.child.stderr.take().expect("a pipe");
        let mut stdout = String::new();
        let mut lines = self.stdout.take().expect("not hung up");
        soon(async {
            while let Some(line) = lines.next_line().await.expect("readable") {
                stdout.push_str(&line);
                stdout.push('\n');
            }
            errors.read_to_string(&mut stderr).await.expect("readable");
        })
        .await;
        let status = soon(self.child.wait()).await.expect("ended");
        assert!(!stderr.contains("secret"), "a query was printed: {stderr}");
        Remains {
            code: status.code().expect("a code"),
            stdout,
            stderr,
        }
    }
}

/// Runs the client without a server.
pub(crate) async fn run(args: &[&str]) -> Remains {
    let mut command = command(args);
    command.stdin(Stdio::null());
    let output: Output = soon(command.output()).await.expect("runs");
    Remains {
        code: output.status.code().expect("a code"),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// A message of somebody.
pub(crate) fn broadcast(user: &str, text: &str, id: &str) -> Value {
    json!({"type": "BROADCAST", "userId": user, "content": text,
           "timestamp": "2026-01-01T12:00:07Z", "id": id})
}

/// An ERROR.
pub(crate) fn error(code: &str, id: Option<&str>) -> Value {
    json!({"type": "ERROR", "code": code, "message": "because", "id": id})
}
