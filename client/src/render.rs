//! What is told, in words for people.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use unicode_width::UnicodeWidthStr as _;

use crate::text::{harmless, harmless_line, preview};
use crate::told::Told;

const DIM: &str = "\u{1b}[2m";
const RESET: &str = "\u{1b}[0m";
/// Readable on dark and on light grounds.
const NAMES: [&str; 6] = [
    "\u{1b}[31m",
    "\u{1b}[32m",
    "\u{1b}[33m",
    "\u{1b}[34m",
    "\u{1b}[35m",
    "\u{1b}[36m",
];

/// How lines look.
#[derive(Debug, Clone)]
pub(crate) struct Style {
    /// Whether escape sequences for colours are wanted.
    pub(crate) color: bool,
    /// The user's clock.
    pub(crate) zone: TimeZone,
}

/// Where a line belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line {
    /// The chat itself.
    Chat(String),
    /// A remark of this program; left out when the user wants it quiet.
    Notice(String),
    /// Something that the user should know in any case.
    Warning(String),
    /// Only for those who want to know everything.
    Detail(String),
}

impl Style {
    /// Puts it into words, without the end of the line.
    pub(crate) fn line(&self, told: &Told, now: Timestamp) -> Line {
        match told {
            Told::Message { user, text, at, .. } => Line::Chat(self.message(user, text, at, now)),
            Told::Joined { user, at } => Line::Chat(self.presence(user, "joined", at, now)),
            Told::Left { user, at } => Line::Chat(self.presence(user, "left", at, now)),
            Told::Gap { offline } => Line::Chat(self.dim(&format!("— {} —", gap(*offline)))),
            Told::Refused { code, message, .. } => Line::Warning(format!(
                "! {}: {}",
                harmless_line(code),
                harmless_line(message)
            )),
            Told::Unconfirmed { text, .. } => {
                Line::Warning(format!("! not confirmed: {}", preview(text)))
            }
            Told::Connected { user, took } => Line::Notice(format!(
                "wschat: connected as {} in {} ms",
                harmless_line(user),
                took.as_millis()
            )),
            Told::Reconnecting {
                why,
                after,
                attempt,
            } => {
                let line = format!(
                    "! {}; retry in {:.1} s",
                    harmless_line(why),
                    after.as_secs_f64()
                );
                // One line tells of an outage; more of them would only scroll.
                if *attempt <= 1 {
                    Line::Notice(line)
                } else {
                    Line::Detail(line)
                }
            }
            Told::Unknown { count } => {
                Line::Detail(format!("wschat: passed over {count} unknown message(s)"))
            }
        }
    }

    fn message(&self, user: &str, text: &str, at: &str, now: Timestamp) -> String {
        let user = harmless_line(user);
        let clock = self.clock(at, now);
        let indent = " ".repeat(clock.width() + 1 + user.width() + 2);
        let text = harmless(text).replace('\n', &format!("\n{indent}"));
        if !self.color {
            return format!("{clock} {user}: {text}");
        }
        let color = name_color(&user);
        format!("{DIM}{clock}{RESET} {color}{user}{RESET}: {text}")
    }

    fn presence(&self, user: &str, verb: &str, at: &str, now: Timestamp) -> String {
        let clock = self.clock(at, now);
        self.dim(&format!("{clock} * {} {verb}", harmless_line(user)))
    }

    fn dim(&self, text: &str) -> String {
        if self.color {
            format!("{DIM}{text}{RESET}")
        } else {
            text.to_owned()
        }
    }

    /// The time of day; of now, if the server's isn't a time.
    fn clock(&self, at: &str, now: Timestamp) -> String {
        let at = at.parse::<Timestamp>().unwrap_or(now);
        let local = at.to_zoned(self.zone.clone());
        local.strftime("%H:%M:%S").to_string()
    }
}

/// How a gap is told; whole seconds, and never none.
pub(crate) fn gap(offline: Duration) -> String {
    let seconds = seconds(offline);
    if seconds < 120 {
        format!("offline {seconds} s; messages may be missing")
    } else {
        let minutes = seconds / 60;
        format!("offline {minutes} min; messages may be missing")
    }
}

/// Whole seconds, rounded up, at least one.
pub(crate) fn seconds(offline: Duration) -> u64 {
    offline
        .as_millis()
        .div_ceil(1000)
        .max(1)
        .try_into()
        .unwrap_or(u64::MAX)
}

fn name_color(name: &str) -> &'static str {
    let sum: usize = name.bytes().map(usize::from).sum();
    NAMES[sum % NAMES.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(color: bool) -> Style {
        Style {
            color,
            zone: TimeZone::UTC,
        }
    }

    fn message(user: &str, text: &str, at: &str) -> Told {
        Told::Message {
            user: user.to_owned(),
            text: text.to_owned(),
            id: None,
            at: at.to_owned(),
        }
    }

    fn chat(told: &Told) -> String {
        match style(false).line(told, Timestamp::UNIX_EPOCH) {
            Line::Chat(line) => line,
            other => panic!("not chat: {other:?}"),
        }
    }

    #[test]
    fn messages_stand_behind_time_and_name() {
        let at = "2026-01-01T12:00:07.5Z";
        assert_eq!(chat(&message("bob", "hi", at)), "12:00:07 bob: hi");
        assert_eq!(chat(&message("bob", "hi", "soon")), "00:00:00 bob: hi");
    }

    #[test]
    fn a_message_cannot_look_like_another_one() {
        let line = chat(&message("b\nob", "one\n12:00:08 eve: two", ""));
        assert_eq!(line, "00:00:00 b ob: one\n               12:00:08 eve: two");
        assert!(!chat(&message("\u{1b}[1mx", "\u{1b}[2J\u{202e}", "")).contains('\u{1b}'));
    }

    #[test]
    fn colours_only_when_wanted() {
        let told = message("bob", "hi", "");
        let Line::Chat(line) = style(true).line(&told, Timestamp::UNIX_EPOCH) else {
            panic!("not chat");
        };
        assert!(line.contains("\u{1b}["));
        assert!(!chat(&told).contains('\u{1b}'));
    }

    #[test]
    fn gaps_are_honest() {
        let told = |millis| Told::Gap {
            offline: Duration::from_millis(millis),
        };
        assert_eq!(
            chat(&told(42_400)),
            "— offline 43 s; messages may be missing —"
        );
        assert_eq!(chat(&told(0)), "— offline 1 s; messages may be missing —");
        assert_eq!(
            chat(&told(600_000)),
            "— offline 10 min; messages may be missing —"
        );
    }
}
