//! Somebody who chats, as the plan wants it.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use wschat_tests::chaos::frame::Frame;
use wschat_tests::chaos::history::Happened;
use wschat_tests::chaos::plan::{Act, Plan, Step};

use crate::recorder::Recorder;
use crate::socket::{Answer, Live};

/// How long somebody waits for an answer before asking again.
const PATIENCE: Duration = Duration::from_secs(4);
/// How often a message is sent that isn't acknowledged.
const ATTEMPTS: usize = 3;
/// How long an answer may take when nothing is broken any more: a call has 15 s.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);
/// How soon after everything was mended everybody must be back.
const HEAL_LIMIT: Duration = Duration::from_secs(45);
/// Between two attempts to come back.
const BREATH: Duration = Duration::from_millis(300);
/// How long a replaced socket may stay open.
const REPLACED_LIMIT: Duration = Duration::from_secs(10);

/// A user with a socket, and with sockets that aren't used any more.
pub(crate) struct Person {
    pub(crate) user: String,
    url: String,
    recorder: Recorder,
    socket: Option<Live>,
    old: Vec<Live>,
    said: usize,
}

impl Person {
    pub(crate) fn new(number: usize, url: &str, recorder: &Recorder) -> Self {
        Self {
            user: Plan::user(number),
            url: url.to_owned(),
            recorder: recorder.clone(),
            socket: None,
            old: Vec::new(),
            said: 0,
        }
    }

    /// Does all of it, whatever comes of it.
    pub(crate) async fn live(mut self, steps: Vec<Step>) -> Self {
        for step in steps {
            sleep(step.pause).await;
            if self.come().await.is_ok() {
                self.act(step.act).await;
            }
            self.old.retain(Live::is_open);
        }
        self
    }

    /// Opens a socket if there is none.
    async fn come(&mut self) -> Result<(), String> {
        if self.socket.as_ref().is_some_and(Live::is_open) {
            return Ok(());
        }
        self.socket = None;
        let opened = Live::open(&self.recorder, &self.url, &self.user).await?;
        self.socket = Some(opened);
        Ok(())
    }

    async fn act(&mut self, act: Act) {
        match act {
            Act::Send => self.send().await,
            Act::Ping => {
                let id = self.next_id();
                self.ask(&Frame::Ping { id }, PATIENCE).await;
            }
            Act::Odd(odd) => {
                self.ask(&Frame::Odd(odd), PATIENCE).await;
            }
            Act::Goodbye => {
                self.ask(&Frame::Goodbye, PATIENCE).await;
            }
            Act::JoinAgain => {
                self.old.extend(self.socket.take());
                // Another step comes back if it can't be now.
                let _ = self.come().await;
            }
            Act::Close => {
                if let Some(socket) = self.socket.take() {
                    socket.close().await;
                }
            }
            Act::Cut => {
                if let Some(socket) = self.socket.take() {
                    socket.cut().await;
                }
            }
        }
    }

    async fn send(&mut self) {
        let frame = self.message();
        for _ in 0..ATTEMPTS {
            match self.ask(&frame, PATIENCE).await {
                Answer::Unknown | Answer::Nothing => {}
                Answer::Good | Answer::Gone | Answer::NotConnected => return,
            }
        }
    }

    async fn ask(&mut self, frame: &Frame, patience: Duration) -> Answer {
        let Some(socket) = &mut self.socket else {
            return Answer::Gone;
        };
        let answer = socket.ask(frame, patience).await;
        if answer == Answer::NotConnected {
            // Connect again, says the chat.
            self.old.extend(self.socket.take());
        }
        answer
    }

    fn message(&mut self) -> Frame {
        let id = self.next_id();
        let content = format!("{id}: «что?» 🦊 \"and\" so on");
        Frame::Send { id, content }
    }

    fn next_id(&mut self) -> String {
        self.said += 1;
        format!("{}-{:04}", self.user, self.said)
    }

    /// Comes back and is acknowledged, now that nothing is broken any more.
    pub(crate) async fn heal(mut self) -> Self {
        let deadline = Instant::now() + HEAL_LIMIT;
        let frame = self.message();
        loop {
            let why = match self.come().await {
                Err(why) => why,
                Ok(()) => match self.ask(&frame, ANSWER_LIMIT).await {
                    Answer::Good => return self,
                    other => format!("a message was answered: {other:?}"),
                },
            };
            if Instant::now() >= deadline {
                let user = self.user.clone();
                self.recorder.note(Happened::Stranded { user, why });
                return self;
            }
            sleep(BREATH).await;
        }
    }

    /// Opens another socket, which replaces this one, and says something.
    pub(crate) async fn replace(mut self) -> Self {
        let replaced = self.socket.take();
        // That it can be done is a law's matter.
        if self.come().await.is_ok() {
            let frame = self.message();
            self.ask(&frame, ANSWER_LIMIT).await;
        }
        if let Some(mut replaced) = replaced {
            replaced.ends_within(REPLACED_LIMIT).await;
            self.old.push(replaced);
        }
        self.old.retain(Live::is_open);
        self
    }

    /// One message on each socket.
    pub(crate) async fn last_words(mut self) -> Self {
        let count = self.sockets().count();
        let frames: Vec<Frame> = (0..count).map(|_| self.message()).collect();
        for (socket, frame) in self.sockets().zip(&frames) {
            if socket.is_open() {
                socket.ask(frame, ANSWER_LIMIT).await;
            }
        }
        self
    }

    /// All sockets.
    pub(crate) fn sockets(&mut self) -> impl Iterator<Item = &mut Live> {
        self.old.iter_mut().chain(&mut self.socket)
    }

    /// The one that is used.
    pub(crate) fn socket(&self) -> Option<&Live> {
        self.socket.as_ref()
    }

    /// Closes all sockets, or loses the network.
    pub(crate) async fn leave(self, politely: bool) {
        for socket in self.old.into_iter().chain(self.socket) {
            if politely {
                socket.close().await;
            } else {
                socket.cut().await;
            }
        }
    }
}
