//! Company for whoever is alone in the chat.

use std::time::Duration;

use serde_json::json;
use wschat_tests::chat_socket::{ChatSocket, ChatSocketError};

/// The bot's user id.
pub(super) const NAME: &str = "bot";
/// Longer than anybody stays.
const EVER: Duration = Duration::from_hours(24);

/// Greets who joins and answers what is said, until its socket ends.
pub(super) async fn chat(mut socket: ChatSocket) -> Result<(), ChatSocketError> {
    loop {
        let is_news = |message: &serde_json::Value| {
            let kind = message["type"].as_str().unwrap_or_default();
            matches!(kind, "BROADCAST" | "USER_JOINED") && message["userId"] != NAME
        };
        let news = socket.expect("news", EVER, is_news).await?;
        let who = news["userId"].as_str().unwrap_or("somebody");
        let words = match news["content"].as_str() {
            Some(content) => format!("{who}, I read you: {} letters", content.chars().count()),
            None => format!("welcome, {who}! Say something; Ctrl-D leaves."),
        };
        socket
            .send(&json!({"type": "SEND", "content": words}))
            .await?;
    }
}
