//! A session on a clock that tests move.

mod link;
mod messages;

use serde_json::{Value, json};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// A session on a clock of its own.
struct Bench {
    session: Session,
    now: Instant,
}

fn settings() -> Settings {
    Settings {
        user_id: "alice".to_owned(),
        ack_timeout: 5 * SECOND,
        reconnect: true,
        retry_for: 600 * SECOND,
        strict: false,
        calm: true,
    }
}

impl Bench {
    fn new(settings: Settings) -> Self {
        let mut bench = Self {
            session: Session::new(settings, Box::new(|| 1.0)),
            now: Instant::now(),
        };
        assert_eq!(bench.event(Event::Start), [Action::Connect]);
        bench
    }

    fn up(settings: Settings) -> Self {
        let mut bench = Self::new(settings);
        bench.open();
        bench
    }

    fn strict() -> Self {
        Self::up(Settings {
            strict: true,
            ..settings()
        })
    }

    fn event(&mut self, event: Event) -> Vec<Action> {
        self.session.step(self.now, event)
    }

    fn open(&mut self) -> Vec<Action> {
        self.event(Event::Opened { took: SECOND })
    }

    fn cut(&mut self) -> Vec<Action> {
        let why = "cut".to_owned();
        self.event(Event::Lost { code: None, why })
    }

    fn frame(&mut self, message: &Value) -> Vec<Action> {
        self.event(Event::Frame(message.to_string()))
    }

    fn submit(&mut self, id: &str) -> Vec<Action> {
        let (id, text) = (id.to_owned(), format!("text {id}"));
        self.event(Event::Submit(Outgoing { id, text }))
    }

    fn ack(&mut self, id: &str) -> Vec<Action> {
        self.frame(&json!({"type": "ACK", "originalType": "SEND", "id": id}))
    }

    /// Lets time pass, deadline by deadline, and collects what is done.
    fn pass(&mut self, time: Duration) -> Vec<Action> {
        let end = self.now + time;
        let mut actions = Vec::new();
        while let Some(deadline) = self.session.deadline().filter(|deadline| *deadline <= end) {
            self.now = self.now.max(deadline);
            actions.extend(self.event(Event::Tick));
        }
        self.now = end;
        actions
    }
}

fn broadcast(user: &str, id: &str) -> Value {
    json!({"type": "BROADCAST", "userId": user, "content": "hi", "timestamp": "t", "id": id})
}

fn error(code: &str, id: Option<&str>) -> Value {
    json!({"type": "ERROR", "code": code, "message": "why", "id": id})
}

fn ids_sent(actions: &[Action]) -> Vec<String> {
    let id = |action: &Action| match action {
        Action::Send(frame) => {
            let frame: Value = serde_json::from_str(frame).expect("JSON");
            frame["id"].as_str().map(str::to_owned)
        }
        _ => None,
    };
    actions.iter().filter_map(id).collect()
}

fn told(actions: &[Action]) -> Vec<&Told> {
    let mut told = Vec::new();
    for action in actions {
        if let Action::Tell(one) = action {
            told.push(one);
        }
    }
    told
}

fn ending(actions: &[Action]) -> Option<&Ending> {
    match actions.last() {
        Some(Action::Finish(ending)) => Some(ending),
        _ => None,
    }
}
