//! Fuzz targets of what the chat itself reads. Those of the emulator are in its
//! own crate (`fuzzing`), and `src/main.rs` drives both.

use wschat_handler::event::Event;
use wschat_protocol::{Broadcasts, ClientMessage, ServerMessage};

/// Something that takes bytes from outside.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Names the corpus as well.
    pub name: &'static str,
    /// Runs one case; panics when a promise is broken.
    pub run: fn(&[u8]),
}

/// All of them.
pub const TARGETS: [Target; 2] = [
    Target {
        name: "calls",
        run: calls,
    },
    Target {
        name: "messages",
        run: messages,
    },
];

/// An event that the handler is called with is understood or refused, and its
/// message as well.
fn calls(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(event) = Event::parse(text) {
        // As the cloud may pass it on: as a text that holds it.
        let quoted = serde_json::Value::from(text).to_string();
        if !text.trim_start().starts_with('"') {
            assert_eq!(Event::parse(&quoted).ok().as_ref(), Some(&event));
        }
        if let Event::Message {
            text: Some(text), ..
        } = event
        {
            messages(text.as_bytes());
        }
    }
}

/// What a client or the chat says is understood or refused; what is understood
/// says the same when it is written and read again.
fn messages(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match ClientMessage::parse(text) {
        Ok(message) => assert_eq!(ClientMessage::parse(&message.to_json()), Ok(message)),
        Err(refusal) => said_again(&ServerMessage::refusal(refusal, String::new())),
    }
    for message in Broadcasts::parse(text).messages {
        said_again(&message);
    }
}

fn said_again(message: &ServerMessage) {
    let read = Broadcasts::parse(&message.to_json());
    assert_eq!(
        (read.messages.as_slice(), read.unknown),
        ([message.clone()].as_slice(), 0)
    );
}
