//! The shell around a session: it carries out what the session decides and tells
//! it what happens.

use std::future::pending;
use std::io;
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use futures::{FutureExt as _, SinkExt as _, StreamExt as _};
use tokio::io::Interest;
use tokio::net::unix::pipe;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Error as SocketError, Message};

use url::Url;

use crate::connect::{Dialer, Socket};
use crate::input::Input;
use crate::outgoing::Outgoing;
use crate::output::Output;
use crate::session::{Action, Ending, Event, Refusal, Session};
use crate::text::harmless_line;

/// A frame that can't be written for so long means a dead connection.
const WRITE_WITHIN: Duration = Duration::from_secs(10);

type Attempt = BoxFuture<'static, (Result<Socket, Refusal>, Duration, Dialer)>;

/// Asks where the chat is by now; nothing, if that can't be told.
pub(crate) type Locate = Arc<dyn Fn() -> BoxFuture<'static, Option<Url>> + Send + Sync>;

/// Signals that end the program.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// The next one, as an ending.
    pub(crate) async fn next(&mut self) -> Ending {
        tokio::select! {
            _ = self.interrupt.recv() => Ending::Interrupted,
            _ = self.terminate.recv() => Ending::Terminated,
        }
    }
}

/// What a session is connected with.
pub(crate) struct Surroundings {
    /// Opens connections.
    pub(crate) dialer: Dialer,
    /// Where the chat is, when it isn't where it was.
    pub(crate) locate: Option<Locate>,
    /// Shows what comes.
    pub(crate) output: Output,
    /// Ends everything.
    pub(crate) signals: Signals,
    /// What the user writes; without it, nobody does.
    pub(crate) input: Option<mpsc::Receiver<Input>>,
    /// Whether the editor's line is empty.
    pub(crate) input_empty: Arc<AtomicBool>,
}

/// A session with everything that it needs.
pub(crate) struct Driver {
    session: Session,
    dialer: Dialer,
    locate: Option<Locate>,
    output: Output,
    reader: Option<pipe::Sender>,
    signals: Signals,
    input: Option<mpsc::Receiver<Input>>,
    input_empty: Arc<AtomicBool>,
    /// Whether the last attempt failed.
    failed: bool,
    attempt: Option<Attempt>,
    socket: Option<Socket>,
    /// Something that happened while actions were carried out.
    happened: Option<Event>,
}

impl Driver {
    /// Puts everything together.
    pub(crate) fn new(session: Session, surroundings: Surroundings) -> Self {
        let Surroundings {
            dialer,
            locate,
            output,
            signals,
            input,
            input_empty,
        } = surroundings;
        Self {
            session,
            dialer,
            locate,
            reader: output.needs_reader().then(reader).flatten(),
            output,
            signals,
            input,
            input_empty,
            failed: false,
            attempt: None,
            socket: None,
            happened: None,
        }
    }

    /// Runs until the session ends; gives the output back.
    pub(crate) async fn run(mut self) -> (Ending, Output) {
        let mut event = Event::Start;
        loop {
            for action in self.session.step(Instant::now(), event) {
                if let Some(ending) = self.perform(action).await {
                    return (ending, self.output);
                }
            }
            event = self.next().await;
        }
    }

    async fn perform(&mut self, action: Action) -> Option<Ending> {
        match action {
            Action::Connect => {
                let locate = self.locate.clone().filter(|_| self.failed);
                self.attempt = Some(attempt(self.dialer.clone(), locate));
            }
            Action::Send(frame) => self.write(Message::text(frame)).await,
            Action::Ping => self.write(Message::Ping(Bytes::new())).await,
            Action::Close => {
                let close = CloseFrame {
                    code: CloseCode::Normal,
                    reason: "".into(),
                };
                self.write(Message::Close(Some(close))).await;
            }
            Action::Drop => {
                self.socket = None;
                self.attempt = None;
            }
            Action::Tell(told) => {
                if let Err(error) = self.output.tell(&told) {
                    self.happened = Some(Event::Quit(unwritable(&error)));
                }
            }
            Action::Finish(ending) => return Some(ending),
        }
        None
    }

    async fn write(&mut self, message: Message) {
        let Some(socket) = &mut self.socket else {
            return;
        };
        let why = match timeout(WRITE_WITHIN, socket.send(message)).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => reason(&error),
            Err(_) => "the server doesn't read".to_owned(),
        };
        self.socket = None;
        self.happened = Some(Event::Lost { code: None, why });
    }

    async fn next(&mut self) -> Event {
        if let Some(event) = self.happened.take() {
            return event;
        }
        self.session
            .set_input_empty(self.input_empty.load(Ordering::Relaxed));
        let deadline = self.session.deadline();
        let wants_input = self.session.wants_input();
        tokio::select! {
            (result, took, dialer) = attempted(&mut self.attempt) => {
                self.attempt = None;
                self.dialer = dialer;
                self.failed = result.is_err();
                match result {
                    Ok(socket) => {
                        self.socket = Some(socket);
                        Event::Opened { took }
                    }
                    Err(refusal) => Event::Refused(refusal),
                }
            }
            event = received(&mut self.socket) => event,
            input = read(&mut self.input), if wants_input => self.typed(input),
            () = sleep_until(deadline) => Event::Tick,
            () = gone(&mut self.reader) => Event::Quit(Ending::Clean),
            ending = self.signals.next() => Event::Quit(ending),
        }
    }

    fn typed(&mut self, input: Option<Input>) -> Event {
        match input {
            Some(Input::Text(text)) => match Outgoing::new(text) {
                Ok(message) => Event::Submit(message),
                Err(too_large) => Event::Quit(Ending::TooLarge(too_large)),
            },
            Some(Input::End) | None => {
                self.input = None;
                Event::InputEnd
            }
            Some(Input::Quit) => {
                self.input = None;
                Event::Quit(Ending::Clean)
            }
            Some(Input::Failed(why)) => {
                self.input = None;
                Event::Quit(Ending::Input(why))
            }
        }
    }
}

/// Nobody reads any more: that is how `head` says that it has enough.
fn unwritable(error: &io::Error) -> Ending {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Ending::Clean
    } else {
        Ending::Output(error.to_string())
    }
}

/// Standard output, only to see its reader leave: a file has none. Nothing is ever
/// written through this, so that it may stay in blocking mode.
fn reader() -> Option<pipe::Sender> {
    let output = io::stdout().as_fd().try_clone_to_owned().ok()?;
    pipe::Sender::from_owned_fd_unchecked(output).ok()
}

/// Waits until nobody reads any more.
async fn gone(reader: &mut Option<pipe::Sender>) {
    if let Some(output) = reader {
        while let Ok(ready) = output.ready(Interest::ERROR).await {
            if ready.is_error() {
                *reader = None;
                return;
            }
        }
    }
    pending::<()>().await;
}

fn attempt(mut dialer: Dialer, locate: Option<Locate>) -> Attempt {
    async move {
        if let Some(locate) = locate
            && let Some(url) = locate().await
        {
            dialer = dialer.at(&url);
        }
        let begun = Instant::now();
        let result = dialer.dial().await;
        (result, begun.elapsed(), dialer)
    }
    .boxed()
}

async fn attempted(attempt: &mut Option<Attempt>) -> (Result<Socket, Refusal>, Duration, Dialer) {
    match attempt {
        Some(attempt) => attempt.await,
        None => pending().await,
    }
}

async fn read(input: &mut Option<mpsc::Receiver<Input>>) -> Option<Input> {
    match input {
        Some(input) => input.recv().await,
        None => pending().await,
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => pending().await,
    }
}

async fn received(socket: &mut Option<Socket>) -> Event {
    let Some(socket) = socket else {
        return pending().await;
    };
    match socket.next().await {
        Some(Ok(Message::Text(text))) => Event::Frame(text.as_str().to_owned()),
        Some(Ok(Message::Binary(bytes))) => {
            Event::Frame(String::from_utf8_lossy(&bytes).into_owned())
        }
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Event::Alive,
        Some(Ok(Message::Close(frame))) => {
            // Our half of the handshake; the peer may be gone already.
            let _ = timeout(WRITE_WITHIN, socket.flush()).await;
            closed(frame)
        }
        Some(Err(error)) => Event::Lost {
            code: None,
            why: reason(&error),
        },
        None => closed(None),
    }
}

fn closed(frame: Option<CloseFrame>) -> Event {
    let code = frame.as_ref().map(|frame| u16::from(frame.code));
    let why = match frame {
        Some(frame) if !frame.reason.is_empty() => {
            format!("connection closed: {}", harmless_line(&frame.reason))
        }
        Some(_) | None => "connection closed".to_owned(),
    };
    Event::Lost { code, why }
}

fn reason(error: &SocketError) -> String {
    match error {
        SocketError::ConnectionClosed | SocketError::AlreadyClosed | SocketError::Protocol(_) => {
            "connection closed".to_owned()
        }
        other => format!("connection broken: {}", harmless_line(&other.to_string())),
    }
}
