//! What the cloud calls the function with.
//!
//! Keys as in the official samples of `@yandex-cloud/function-types`
//! (`examples/data/websocket*.json`); only those that the chat needs are read.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value};

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A client wants to open a WebSocket.
    Connect(Connect),
    /// A client sent a frame.
    Message {
        /// On which connection.
        connection_id: String,
        /// The frame's text; `None` when it isn't UTF-8.
        text: Option<String>,
    },
    /// A WebSocket is gone.
    Disconnect {
        /// Which connection it was.
        connection_id: String,
    },
    /// The operator asks whether this version can serve.
    Health,
    /// The operator wants to see a message of its own come round.
    Probe {
        /// Tells one round trip from another.
        id: String,
    },
}

/// A client's wish to open a WebSocket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connect {
    /// The new connection.
    pub connection_id: String,
    /// The `user_id` of the address, where it has one.
    pub user_id: Option<String>,
    /// Whether the address says `probe=1`: the operator's check, which takes
    /// no part in the chat.
    pub probe: bool,
}

/// Why a call can't be understood.
#[derive(Debug, thiserror::Error)]
pub enum BadEvent {
    /// Not JSON, or a field of a wrong type.
    #[error("the event is not what the API gateway sends: {0}")]
    Json(#[from] serde_json::Error),
    /// Neither a WebSocket event nor one of the operator's.
    #[error(
        "the event is no WebSocket event; call this function through an API gateway's \
         x-yc-apigateway-websocket-… operations"
    )]
    Unknown,
}

impl Event {
    /// Reads an event. With `?integration=raw` the cloud passes the request's
    /// body on, which may arrive as an object or as its text.
    pub fn parse(json: &str) -> Result<Self, BadEvent> {
        if json.trim_start().starts_with('"') {
            let text: String = serde_json::from_str(json)?;
            return serde_json::from_str::<Raw>(&text)?.understand();
        }
        serde_json::from_str::<Raw>(json)?.understand()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    wschat: Option<String>,
    id: Option<String>,
    request_context: Option<RequestContext>,
    body: Option<String>,
    is_base64_encoded: Option<bool>,
    query_string_parameters: Option<Map<String, Value>>,
    /// All arguments in format 1.0.
    parameters: Option<Map<String, Value>>,
    /// All arguments in format 0.1.
    params: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    connection_id: Option<String>,
    event_type: Option<String>,
}

impl Raw {
    fn understand(self) -> Result<Event, BadEvent> {
        if let Some(question) = &self.wschat {
            return match (question.as_str(), self.id) {
                ("health", _) => Ok(Event::Health),
                ("probe", Some(id)) => Ok(Event::Probe { id }),
                _ => Err(BadEvent::Unknown),
            };
        }
        let context = self.request_context.as_ref();
        let Some(connection_id) = context.and_then(|context| context.connection_id.clone()) else {
            return Err(BadEvent::Unknown);
        };
        match context.and_then(|context| context.event_type.as_deref()) {
            Some("CONNECT") => Ok(Event::Connect(Connect {
                connection_id,
                user_id: self.argument("user_id"),
                probe: self.argument("probe").as_deref() == Some("1"),
            })),
            Some("MESSAGE") => Ok(Event::Message {
                connection_id,
                text: self.text(),
            }),
            Some("DISCONNECT") => Ok(Event::Disconnect { connection_id }),
            _ => Err(BadEvent::Unknown),
        }
    }

    /// An argument of the address. Where it is given twice, the first counts.
    fn argument(&self, name: &str) -> Option<String> {
        [
            &self.query_string_parameters,
            &self.parameters,
            &self.params,
        ]
        .into_iter()
        .flatten()
        .find_map(|arguments| match arguments.get(name) {
            Some(Value::String(value)) => Some(value.clone()),
            Some(Value::Array(values)) => values.first()?.as_str().map(str::to_owned),
            _ => None,
        })
    }

    /// A text frame comes as it is, a binary one in base64.
    fn text(self) -> Option<String> {
        let body = self.body.unwrap_or_default();
        if self.is_base64_encoded == Some(true) {
            String::from_utf8(STANDARD.decode(body).ok()?).ok()
        } else {
            Some(body)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connect(user_id: Option<&str>, probe: bool) -> Event {
        Event::Connect(Connect {
            connection_id: "c1".into(),
            user_id: user_id.map(Into::into),
            probe,
        })
    }

    fn message(text: Option<&str>) -> Event {
        Event::Message {
            connection_id: "c1".into(),
            text: text.map(Into::into),
        }
    }

    #[test]
    fn every_form_of_event_is_understood() {
        const CONTEXT: &str =
            r#""requestContext":{"connectionId":"c1","connectedAt":1672875978785,"eventType":"#;
        let health = r#"{"wschat":"health"}"#;
        let cases = [
            (format!(r#"{{{CONTEXT}"CONNECT"}}}}"#), connect(None, false)),
            (
                format!(
                    r#"{{"queryStringParameters":{{"user_id":"ann"}},"parameters":null,{CONTEXT}"CONNECT"}}}}"#
                ),
                connect(Some("ann"), false),
            ),
            (
                format!(r#"{{"parameters":{{"user_id":["ann","bob"]}},{CONTEXT}"CONNECT"}}}}"#),
                connect(Some("ann"), false),
            ),
            (
                format!(r#"{{"params":{{"probe":"1"}},{CONTEXT}"CONNECT"}}}}"#),
                connect(None, true),
            ),
            (
                format!(r#"{{"body":"{{}}","isBase64Encoded":false,{CONTEXT}"MESSAGE"}}}}"#),
                message(Some("{}")),
            ),
            (
                format!(r#"{{"body":"e30=","isBase64Encoded":true,{CONTEXT}"MESSAGE"}}}}"#),
                message(Some("{}")),
            ),
            (
                format!(r#"{{"body":"/w==","isBase64Encoded":true,{CONTEXT}"MESSAGE"}}}}"#),
                message(None),
            ),
            (
                format!(r#"{{"isBase64Encoded":false,{CONTEXT}"DISCONNECT"}}}}"#),
                Event::Disconnect {
                    connection_id: "c1".into(),
                },
            ),
            (health.to_owned(), Event::Health),
            (format!("{health:?}"), Event::Health),
            (
                r#"{"wschat":"probe","id":"n"}"#.to_owned(),
                Event::Probe { id: "n".into() },
            ),
        ];
        for (json, event) in cases {
            assert_eq!(Event::parse(&json).expect(&json), event);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let cases = [
            "",
            "null",
            "{}",
            r#"{"wschat":"probe"}"#,
            r#"{"wschat":"reboot"}"#,
            r#"{"httpMethod":"GET","requestContext":{"requestId":"r"}}"#,
            r#"{"requestContext":{"connectionId":"c1","eventType":"PAUSE"}}"#,
        ];
        for json in cases {
            assert!(Event::parse(json).is_err(), "{json}");
        }
    }
}
