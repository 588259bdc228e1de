//! What is told, as JSON for programs: one object on a line. Fields are only ever
//! added. Texts have lost what steers terminals, since `jq -r` prints them.

use jiff::Timestamp;
use serde::Serialize;

use crate::render;
use crate::text::{harmless, harmless_line};
use crate::told::Told;

/// The form's version.
const VERSION: u8 = 1;

#[derive(Debug, Serialize)]
struct Record {
    v: u8,
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    ts: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<u64>,
}

/// One line, without its end; `None` if it is no event of the chat.
pub(crate) fn line(told: &Told, now: Timestamp) -> Option<String> {
    let record = record(told, now)?;
    serde_json::to_string(&record).ok()
}

fn record(told: &Told, now: Timestamp) -> Option<Record> {
    let event = |event, at: &str| Record {
        v: VERSION,
        event,
        id: None,
        ts: at.parse::<Timestamp>().unwrap_or(now).to_string(),
        user: None,
        text: None,
        code: None,
        seconds: None,
    };
    Some(match told {
        Told::Message { user, text, id, at } => Record {
            id: id.as_deref().map(harmless_line),
            user: Some(harmless_line(user)),
            text: Some(harmless(text)),
            ..event("message", at)
        },
        Told::Joined { user, at } => Record {
            user: Some(harmless_line(user)),
            ..event("joined", at)
        },
        Told::Left { user, at } => Record {
            user: Some(harmless_line(user)),
            ..event("left", at)
        },
        Told::Gap { offline } => Record {
            text: Some(render::gap(*offline)),
            seconds: Some(render::seconds(*offline)),
            ..event("gap", "")
        },
        Told::Refused { code, message, id } => Record {
            id: id.as_deref().map(harmless_line),
            text: Some(harmless_line(message)),
            code: Some(harmless_line(code)),
            ..event("error", "")
        },
        Told::Unconfirmed { id, text } => Record {
            id: Some(id.clone()),
            text: Some(harmless(text)),
            code: Some("NOT_CONFIRMED".to_owned()),
            ..event("error", "")
        },
        Told::Connected { .. } | Told::Reconnecting { .. } | Told::Unknown { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn events_keep_their_form() {
        let message = Told::Message {
            user: "bob".to_owned(),
            text: "hi\u{1b}[2J".to_owned(),
            id: Some("7".to_owned()),
            at: "2026-01-01T12:00:07Z".to_owned(),
        };
        let joined = Told::Joined {
            user: "eve".to_owned(),
            at: String::new(),
        };
        let gap = Told::Gap {
            offline: Duration::from_secs(43),
        };
        let cases = [
            (
                message,
                r#"{"v":1,"event":"message","id":"7","ts":"2026-01-01T12:00:07Z","user":"bob","text":"hi[2J"}"#,
            ),
            (
                joined,
                r#"{"v":1,"event":"joined","ts":"1970-01-01T00:00:00Z","user":"eve"}"#,
            ),
            (
                gap,
                r#"{"v":1,"event":"gap","ts":"1970-01-01T00:00:00Z","text":"offline 43 s; messages may be missing","seconds":43}"#,
            ),
        ];
        for (told, expected) in cases {
            assert_eq!(
                line(&told, Timestamp::UNIX_EPOCH).as_deref(),
                Some(expected)
            );
        }
    }

    #[test]
    fn remarks_are_no_events() {
        let told = Told::Unknown { count: 1 };
        assert_eq!(line(&told, Timestamp::UNIX_EPOCH), None);
    }
}
