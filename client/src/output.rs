//! Where lines go: the chat to standard output, remarks to standard error, or all
//! of it above the editor's prompt.

use std::io::{self, IsTerminal as _, Write as _};

use jiff::Timestamp;

use crate::editor::Printer;
use crate::ndjson;
use crate::render::{Line, Style};
use crate::told::Told;

/// What is wanted of the output.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    /// How lines look.
    pub(crate) style: Style,
    /// What becomes of the chat.
    pub(crate) form: Form,
    /// How much is said beside it.
    pub(crate) volume: Volume,
}

/// What becomes of the chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Lines for people.
    Words,
    /// Events for programs.
    Json,
    /// It isn't shown.
    Nothing,
}

/// How much is said beside the chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Volume {
    /// Warnings.
    Quiet,
    /// Notices too.
    Normal,
    /// Everything.
    Verbose,
}

/// The output.
pub(crate) struct Output {
    wish: Wish,
    printer: Option<Printer>,
    errors_share_the_screen: bool,
}

impl Output {
    /// With a printer, lines appear above the prompt.
    pub(crate) fn new(wish: Wish, printer: Option<Printer>) -> Self {
        Self {
            wish,
            printer,
            errors_share_the_screen: io::stderr().is_terminal(),
        }
    }

    /// Whether it is pointless when nobody reads standard output.
    pub(crate) fn needs_reader(&self) -> bool {
        self.printer.is_none() && self.wish.form != Form::Nothing
    }

    /// Tells it, at once.
    pub(crate) fn tell(&mut self, told: &Told) -> io::Result<()> {
        let now = Timestamp::now();
        if self.wish.form == Form::Json
            && let Some(line) = ndjson::line(told, now)
        {
            return self.chat(&line);
        }
        match self.wish.style.line(told, now) {
            Line::Chat(line) => self.chat(&line),
            Line::Notice(line) => {
                let is_first = matches!(told, Told::Connected { .. });
                let help = match &self.printer {
                    Some(_) if is_first => "; /help, Ctrl-D quits",
                    Some(_) | None => "",
                };
                self.remark(Volume::Normal, &format!("{line}{help}"));
                Ok(())
            }
            Line::Warning(line) => {
                self.remark(Volume::Quiet, &line);
                Ok(())
            }
            Line::Detail(line) => {
                self.remark(Volume::Verbose, &line);
                Ok(())
            }
        }
    }

    fn chat(&mut self, line: &str) -> io::Result<()> {
        if self.wish.form == Form::Nothing {
            return Ok(());
        }
        if let Some(printer) = &self.printer {
            printer.print(line);
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{line}")?;
        stdout.flush()
    }

    /// A remark for users who want at least this much; if it can't be written,
    /// nobody wants it.
    pub(crate) fn remark(&mut self, volume: Volume, line: &str) {
        if volume > self.wish.volume {
            return;
        }
        match &self.printer {
            Some(printer) if self.errors_share_the_screen => printer.print(line),
            Some(_) | None => {
                let _ = writeln!(io::stderr().lock(), "{line}");
            }
        }
    }

    /// Waits, not for long, until everything is on the screen.
    pub(crate) fn finish(&mut self) {
        if let Some(printer) = self.printer.take() {
            printer.finish();
        }
    }
}
