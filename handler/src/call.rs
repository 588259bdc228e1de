//! One call's context: who calls as whom, and how long it may take.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

/// The longest that a call works for a client that waits.
const LONGEST: Duration = Duration::from_secs(15);

/// Left for the answer's way back. One call that runs into the function's
/// timeout takes every call of its instance with it (docs
/// functions/concepts/function-invoke).
const MARGIN: Duration = Duration::from_secs(1);

/// Assumed when the runtime doesn't tell: the default of `WsChat`.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// The service account's IAM token, which the runtime renews between calls.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Token {
    /// The token; empty when the version has no service account.
    pub text: String,
    /// How long it is good for, if the runtime tells.
    pub lifetime: Option<Duration>,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Token({} characters)", self.text.len())
    }
}

/// What the runtime tells about one call.
#[derive(Debug, Clone)]
pub struct Call {
    /// For the log.
    pub request_id: String,
    /// With whose rights.
    pub token: Token,
    /// How long the function may run: what was left when the call began.
    pub function_timeout: Duration,
    /// When the answer has to be there.
    pub deadline: Instant,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Context {
    token: Value,
    request_id: Value,
    remaining: Option<f64>,
}

impl Call {
    /// Reads what `index.js` picks from the runtime's context. Nothing in it
    /// is worth failing a call for.
    #[must_use]
    pub fn parse(json: &str) -> Self {
        let context: Context = serde_json::from_str(json).unwrap_or_default();
        let remaining = context
            .remaining
            .and_then(|milliseconds| Duration::try_from_secs_f64(milliseconds / 1000.0).ok())
            .unwrap_or(DEFAULT_TIMEOUT);
        Self::new(
            context.request_id.as_str().unwrap_or_default().to_owned(),
            token(&context.token),
            remaining,
        )
    }

    /// A call that has this long from now.
    #[must_use]
    pub fn new(request_id: String, token: Token, remaining: Duration) -> Self {
        let margin = MARGIN.min(remaining / 4);
        Self {
            request_id,
            token,
            function_timeout: remaining,
            deadline: Instant::now() + remaining.saturating_sub(margin).min(LONGEST),
        }
    }

    /// The moment when one `part`th of the time that is left is over.
    #[must_use]
    pub fn part(&self, part: u32) -> Instant {
        let now = Instant::now();
        now + self.deadline.saturating_duration_since(now) / part.max(1)
    }
}

/// The runtimes' documentation shows a text in one place and an object in
/// others.
fn token(value: &Value) -> Token {
    let text = value.as_str().or_else(|| value["access_token"].as_str());
    Token {
        text: text.unwrap_or_default().to_owned(),
        lifetime: value["expires_in"].as_u64().map(Duration::from_secs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_token_are_read() {
        let object = Call::parse(
            r#"{"token":{"access_token":"t1","expires_in":43200,"token_type":"Bearer"},
                "requestId":"r1","remaining":9500.5}"#,
        );
        assert_eq!(object.token.text, "t1");
        assert_eq!(object.token.lifetime, Some(Duration::from_hours(12)));
        assert_eq!(object.request_id, "r1");
        assert_eq!(object.function_timeout, Duration::from_secs_f64(9.5005));
        assert_eq!(Call::parse(r#"{"token":"t2"}"#).token.text, "t2");
    }

    #[test]
    fn nothing_is_worth_failing_for() {
        for json in [
            "",
            "null",
            "{}",
            r#"{"remaining":-5}"#,
            r#"{"requestId":7}"#,
        ] {
            let call = Call::parse(json);
            assert_eq!(call.token, Token::default(), "{json}");
            assert_eq!(call.function_timeout, DEFAULT_TIMEOUT, "{json}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_leaves_a_margin_and_is_never_far() {
        let start = Instant::now();
        let cases = [(2_000, 1_500), (10_000, 9_000), (600_000, 15_000)];
        for (remaining, expected) in cases {
            let remaining = Duration::from_millis(remaining);
            let call = Call::new(String::new(), Token::default(), remaining);
            assert_eq!(call.deadline - start, Duration::from_millis(expected));
        }
    }

    #[test]
    fn a_token_is_not_printed() {
        let call = Call::parse(r#"{"token":"secret"}"#);
        assert!(!format!("{call:?}").contains("secret"));
    }
}
