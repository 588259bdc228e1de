//! One instance of the function: what lives as long as its process, and the
//! way of a call through it.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use serde_json::{Value, json};
use wschat_protocol::ServerMessage;

use crate::call::Call;
use crate::chat::{Chat, Ports, now};
use crate::cloud::Cloud;
use crate::connections::ConnectionApi;
use crate::decisions;
use crate::environment::{BadEnvironment, Environment};
use crate::event::Event;
use crate::health;
use crate::https::Https;
use crate::log::Log;
use crate::ports::Broadcaster;
use crate::reply::Reply;
use crate::store::Store;
use crate::topic::Topic;

/// What an instance keeps between calls.
pub struct Instance {
    chat: Chat,
    outside: Result<Outside, BadEnvironment>,
    log: Log,
}

struct Outside {
    cloud: Cloud<Environment>,
    https: Https,
    endpoint: url::Url,
}

impl Instance {
    /// Reads the environment with `get`; connects to nothing yet.
    #[must_use]
    pub fn new(get: impl Fn(&str) -> Option<String>) -> Self {
        // Fails only when somebody was first, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let log = Log::new(Environment::log_level(&get));
        let outside = Environment::read(get).map(|environment| Outside {
            endpoint: environment.connections_endpoint.clone(),
            cloud: Cloud::new(environment, log),
            https: Https::default(),
        });
        Self {
            chat: Chat::new(log),
            outside,
            log,
        }
    }

    /// Answers one call: JSON in, JSON out. A panic fails this call only.
    pub async fn call(&self, event: &str, context: &str) -> String {
        let event = match Event::parse(event) {
            Ok(event) => event,
            Err(error) => return Reply::refused(400, &error.to_string()).to_json(),
        };
        let call = Call::parse(context);
        let (fallback, log) = (fallback(&event), self.log);
        survive(self.answer(&event, &call), fallback, log)
            .await
            .to_json()
    }

    async fn answer(&self, event: &Event, call: &Call) -> Reply {
        let outside = match &self.outside {
            Ok(outside) => outside,
            Err(error) if *event == Event::Health => {
                return Reply::Operator(health::without_environment(error));
            }
            Err(error) => {
                self.log
                    .error("cannot serve", json!({ "error": error.to_string() }));
                return fallback(event);
            }
        };
        let store = Store {
            cloud: &outside.cloud,
            token: &call.token,
        };
        let topic = Topic {
            cloud: &outside.cloud,
            token: &call.token,
        };
        let connections = ConnectionApi {
            https: &outside.https,
            endpoint: &outside.endpoint,
            token: &call.token,
        };
        let ports = Ports {
            store: &store,
            broadcaster: &topic,
            connections: &connections,
        };
        match event {
            Event::Connect(connect) => self.chat.connect(connect, ports, call).await,
            Event::Message {
                connection_id,
                text,
            } => {
                let text = text.as_deref();
                self.chat.message(connection_id, text, ports, call).await
            }
            Event::Disconnect { connection_id } => {
                self.chat.disconnect(connection_id, ports, call).await
            }
            Event::Health => Reply::Operator(health::check(&store, &topic, call).await),
            Event::Probe { id } => Reply::Operator(probe(id, &topic, call).await),
        }
    }
}

/// Runs a call so that a panic ends only that. What a call leaves behind is
/// whole then, too: no lock is held where anything could panic, and whoever
/// takes one doesn't mind that its last holder did.
pub(crate) async fn survive(call: impl Future<Output = Reply>, fallback: Reply, log: Log) -> Reply {
    let call = AssertUnwindSafe(call).catch_unwind();
    call.await.unwrap_or_else(|_panic| {
        // Not its text, which may hold what a client wrote.
        log.error("a call failed", json!({}));
        fallback
    })
}

async fn probe(id: &str, topic: &dyn Broadcaster, call: &Call) -> Value {
    let message = ServerMessage::Probe {
        id: id.to_owned(),
        timestamp: now(),
    };
    match topic.publish(&message, call.deadline).await {
        Ok(()) => json!({ "ok": true }),
        Err(error) => json!({ "ok": false, "error": error.to_string() }),
    }
}

/// The answer when a call can't be carried out at all.
pub(crate) fn fallback(event: &Event) -> Reply {
    match event {
        Event::Connect(_) | Event::Disconnect { .. } => {
            Reply::refused(503, "the chat is unavailable; try again in a few seconds")
        }
        Event::Message { .. } => Reply::message(&decisions::unavailable(None, None, &now())),
        Event::Health | Event::Probe { .. } => {
            Reply::Operator(json!({ "ok": false, "error": "the call failed; see the log" }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(variables: &'static [(&str, &str)], event: &str) -> Value {
        let instance = Instance::new(|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        });
        let reply = instance.call(event, r#"{"remaining":2000}"#).await;
        serde_json::from_str(&reply).expect("JSON")
    }

    #[tokio::test]
    async fn a_panic_fails_one_call() {
        let fallback = fallback(&Event::Disconnect {
            connection_id: "c".into(),
        });
        let log = Log::new(crate::log::Level::Error);
        let reply = survive(async { panic!("on purpose") }, fallback.clone(), log);
        assert_eq!(reply.await, fallback);
        let reply = survive(async { Reply::done() }, fallback, log);
        assert_eq!(reply.await, Reply::done());
    }

    #[tokio::test]
    async fn without_an_environment_everything_says_so() {
        let health = ask(&[], r#"{"wschat":"health"}"#).await;
        assert_eq!(health["ok"], false);
        let words = health["checks"]["environment"].as_str().expect("words");
        assert!(
            words.starts_with("YDB_CONNECTION_STRING is not set"),
            "{words}"
        );
        let event = r#"{"requestContext":{"connectionId":"c","eventType":"CONNECT"}}"#;
        assert_eq!(ask(&[], event).await["statusCode"], 503);
        let event = r#"{"requestContext":{"connectionId":"c","eventType":"MESSAGE"},"body":"{}"}"#;
        assert_eq!(ask(&[], event).await["statusCode"], 200);
        assert_eq!(ask(&[], "{}").await["statusCode"], 400);
    }

    #[tokio::test]
    async fn a_database_that_is_not_there_is_told_in_time() {
        // Nobody listens on port 1.
        let variables = &[
            ("YDB_CONNECTION_STRING", "grpc://127.0.0.1:1/?database=/a"),
            ("YDB_DATABASE", "/a"),
            ("BROADCAST_TOPIC", "t"),
            ("YC_CONNECTIONS_ENDPOINT", "http://127.0.0.1:1"),
            ("LOG_LEVEL", "error"),
        ];
        let health = ask(variables, r#"{"wschat":"health"}"#).await;
        assert_eq!(health["ok"], false);
        assert_eq!(health["checks"]["environment"], "ok");
        for check in ["database", "topic"] {
            let words = health["checks"][check].as_str().expect("words");
            assert!(words.starts_with("cannot "), "{words}");
        }
    }
}
