//! What a frame tells a crowd: messages with their ids, and what must not be. A
//! crowd reads many frames, so nothing is copied.

use serde::Deserialize;

/// What a crowd looks at in a frame: a bare message, or several.
#[derive(Debug, Deserialize)]
struct Frame<'a> {
    #[serde(rename = "type")]
    kind: Option<&'a str>,
    id: Option<&'a str>,
    #[serde(borrow, default)]
    messages: Vec<Told<'a>>,
}

/// What a crowd looks at in a message.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Told<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'a str,
    id: Option<&'a str>,
}

impl Told<'_> {
    /// The number that its id was made of.
    pub(super) fn number(&self) -> Option<usize> {
        self.id?.parse().ok()
    }
}

/// The id of the message of this number; all are of one length.
pub(super) fn id(number: usize) -> String {
    format!("{number:08}")
}

/// The messages of a frame, in order. An ERROR, or what isn't understood, is
/// told as such.
pub(super) fn told(text: &str) -> Result<Vec<Told<'_>>, String> {
    let frame: Frame<'_> =
        serde_json::from_str(text).map_err(|error| format!("{error}: {text}"))?;
    let bare = frame.kind.map(|kind| Told { kind, id: frame.id });
    let all: Vec<_> = bare.into_iter().chain(frame.messages).collect();
    if all.iter().any(|message| message.kind == "ERROR") {
        return Err(format!("refused: {text}"));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(text: &str) -> Result<Vec<(&str, Option<usize>)>, String> {
        let all = told(text)?.into_iter();
        Ok(all.map(|told| (told.kind, told.number())).collect())
    }

    #[test]
    fn messages_are_read_alone_and_in_frames_of_several() {
        let id = id(7);
        let one = format!(r#"{{"type":"BROADCAST","userId":"a","content":"\n","id":"{id}"}}"#);
        assert_eq!(numbers(&one), Ok(vec![("BROADCAST", Some(7))]));
        let many = format!(r#"{{"messages":[{one},{{"type":"USER_LEFT","userId":"a"}}]}}"#);
        let both = vec![("BROADCAST", Some(7)), ("USER_LEFT", None)];
        assert_eq!(numbers(&many), Ok(both));
        assert_eq!(numbers(r#"{"messages":[]}"#), Ok(vec![]));
    }

    #[test]
    fn a_refusal_and_nonsense_are_told() {
        let refused = r#"{"type":"ERROR","code":"RATE_LIMITED","id":"1"}"#;
        assert!(numbers(refused).unwrap_err().contains("RATE_LIMITED"));
        let in_frame = format!(r#"{{"messages":[{refused}]}}"#);
        assert!(numbers(&in_frame).unwrap_err().contains("RATE_LIMITED"));
        assert!(numbers("hello").unwrap_err().ends_with(": hello"));
    }
}
