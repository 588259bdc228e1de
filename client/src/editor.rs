//! The line editor. It runs in a thread of its own; what others write appears above
//! its line, and what is half typed stays.

use std::borrow::Cow;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc as threads;
use std::thread;
use std::time::Duration;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::Validator;
use rustyline::{
    Cmd, ConditionalEventHandler, Config, Context, Editor, Event, EventContext, EventHandler,
    ExternalPrinter, Helper, KeyEvent, Movement, RepeatCount,
};
use tokio::sync::mpsc;

use crate::input::Input;
use crate::outgoing::Outgoing;
use crate::typed::{HELP, Typed, understand};

/// More lines than this at once are probably a mistake of the mouse.
const PASTED_LINES: usize = 3;
/// How long the screen may take for the last lines.
const FLUSH_WITHIN: Duration = Duration::from_millis(300);

/// What the editor and the rest of the program share.
pub(crate) struct Handles {
    /// What the user types.
    pub(crate) input: mpsc::Receiver<Input>,
    /// Prints above the line.
    pub(crate) printer: Printer,
    /// Whether nothing is typed.
    pub(crate) empty: Arc<AtomicBool>,
    /// Gives the terminal back.
    pub(crate) terminal: Terminal,
}

enum Print {
    Line(String),
    Flush(threads::Sender<()>),
}

/// Prints lines above the editor's.
pub(crate) struct Printer {
    lines: threads::Sender<Print>,
}

impl Printer {
    /// Takes a line, or several, without the last end of line.
    pub(crate) fn print(&self, line: &str) {
        // Without its thread the terminal is gone, and nobody sees anything.
        let _ = self.lines.send(Print::Line(format!("{line}\n")));
    }

    /// Waits until everything is printed.
    pub(crate) fn finish(self) {
        let (sender, receiver) = threads::channel();
        if self.lines.send(Print::Flush(sender)).is_ok() {
            let _ = receiver.recv_timeout(FLUSH_WITHIN);
        }
    }
}

/// The terminal as it was.
pub(crate) struct Terminal {
    before: Option<Termios>,
    editing: Arc<AtomicBool>,
}

impl Terminal {
    fn save() -> Self {
        Self {
            before: tcgetattr(io::stdin().as_fd()).ok(),
            editing: Arc::default(),
        }
    }

    /// The editor's thread can't be woken; its terminal is taken from it.
    pub(crate) fn restore(&self) {
        if let Some(before) = &self.before {
            let _ = tcsetattr(io::stdin().as_fd(), OptionalActions::Drain, before);
        }
        if self.editing.load(Ordering::SeqCst) {
            // Bracketed paste off, and away from the half-typed line.
            let mut stdout = io::stdout().lock();
            let _ = stdout.write_all(b"\x1b[?2004l\n");
            let _ = stdout.flush();
        }
    }
}

/// Starts the editor with this name in its prompt.
pub(crate) fn start(name: &str) -> Result<Handles, ReadlineError> {
    let terminal = Terminal::save();
    let empty = Arc::new(AtomicBool::new(true));
    let config = Config::builder().auto_add_history(false).build();
    let mut editor: Lines = Editor::with_config(config)?;
    editor.set_helper(Some(Watch {
        empty: Arc::clone(&empty),
    }));
    editor.bind_sequence(
        KeyEvent::ctrl('C'),
        EventHandler::Conditional(Box::new(ClearFirst)),
    );
    let printer = printer(editor.create_external_printer()?);
    let (sender, input) = mpsc::channel(64);
    let keyboard = Keyboard {
        editor,
        prompt: format!("{name}> "),
        sender,
        editing: Arc::clone(&terminal.editing),
    };
    thread::spawn(move || keyboard.run());
    Ok(Handles {
        input,
        printer,
        empty,
        terminal,
    })
}

/// Printing waits for the editor, so a thread does it.
fn printer(mut screen: impl ExternalPrinter + Send + 'static) -> Printer {
    let (lines, receiver) = threads::channel();
    thread::spawn(move || {
        for print in receiver {
            match print {
                Print::Line(line) => {
                    if screen.print(line).is_err() {
                        return;
                    }
                }
                Print::Flush(done) => {
                    let _ = done.send(());
                }
            }
        }
    });
    Printer { lines }
}

type Lines = Editor<Watch, DefaultHistory>;

struct Keyboard {
    editor: Lines,
    prompt: String,
    sender: mpsc::Sender<Input>,
    editing: Arc<AtomicBool>,
}

impl Keyboard {
    fn run(mut self) {
        loop {
            let prompt = self.prompt.clone();
            let input = match self.read(&prompt) {
                Ok(line) => match self.line(&line) {
                    Some(input) => input,
                    None => continue,
                },
                Err(ReadlineError::Eof) => Input::End,
                // Ctrl-C in an empty line, or a terminal that is gone.
                Err(_) => Input::Quit,
            };
            let is_last = !matches!(input, Input::Text(_));
            if self.sender.blocking_send(input).is_err() || is_last {
                return;
            }
        }
    }

    fn read(&mut self, prompt: &str) -> Result<String, ReadlineError> {
        self.editing.store(true, Ordering::SeqCst);
        let line = self.editor.readline(prompt);
        self.editing.store(false, Ordering::SeqCst);
        line
    }

    fn line(&mut self, line: &str) -> Option<Input> {
        // A history that can't grow is no reason to stop.
        let _ = self.editor.add_history_entry(line);
        match understand(line) {
            Typed::Nothing => None,
            Typed::Help => say(HELP),
            Typed::Quit => Some(Input::End),
            Typed::Unknown(command) => say(&format!(
                "! unknown command {command}; /help tells more, // begins a text with a slash"
            )),
            Typed::Text(text) => {
                let lines = text.lines().count();
                if lines > PASTED_LINES && !self.confirmed(lines) {
                    return say("! not sent");
                }
                if let Err(too_large) = Outgoing::new(text.clone()) {
                    return say(&format!("! {too_large} (Up brings it back)"));
                }
                Some(Input::Text(text))
            }
        }
    }

    fn confirmed(&mut self, lines: usize) -> bool {
        let answer = self.read(&format!("send these {lines} lines? [y/N] "));
        answer.is_ok_and(|answer| matches!(answer.trim(), "y" | "Y" | "yes"))
    }
}

/// Between two lines the terminal is in its usual mode.
fn say(text: &str) -> Option<Input> {
    let mut stdout = io::stdout().lock();
    // Without a terminal the next line won't come either.
    let _ = stdout.write_all(format!("{text}\n").as_bytes());
    None
}

/// Ctrl-C takes the text first, and only then the program.
struct ClearFirst;

impl ConditionalEventHandler for ClearFirst {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, context: &EventContext) -> Option<Cmd> {
        (!context.line().is_empty()).then_some(Cmd::Kill(Movement::WholeBuffer))
    }
}

/// Notes whether something is typed; gives no hints.
struct Watch {
    empty: Arc<AtomicBool>,
}

impl Hinter for Watch {
    type Hint = String;

    fn hint(&self, line: &str, _: usize, _: &Context<'_>) -> Option<String> {
        self.empty.store(line.is_empty(), Ordering::Relaxed);
        None
    }
}

impl Completer for Watch {
    type Candidate = String;
}

impl Highlighter for Watch {
    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Borrowed(hint)
    }
}

impl Validator for Watch {}
impl Helper for Watch {}
