//! A chat session without its I/O: what happened goes in, what to do comes out.
//! Time and chance are given from outside, so that tests decide about them.

mod backoff;
mod ending;
mod link;
mod model;
mod outbox;
mod presence;
mod receive;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use wschat_protocol::Recent;

use crate::outgoing::Outgoing;
use crate::text::preview;
use crate::told::Told;
use backoff::Backoff;
pub(crate) use ending::{Ending, Refusal};
use link::{Link, Then, Up};
pub(crate) use model::{Action, Event, Settings};
use outbox::Outbox;
use presence::Presence;

/// How many (user, id) pairs are remembered to drop repeats.
const REMEMBERED: usize = 1024;
/// How long the peer may take to answer a close.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);
/// The close code of a message that was too large (RFC 6455, 7.4.1).
const MESSAGE_TOO_BIG: u16 = 1009;

/// Random numbers of 0 to 1.
pub(crate) type Chance = Box<dyn FnMut() -> f64 + Send>;

/// The state machine.
pub(crate) struct Session {
    settings: Settings,
    chance: Chance,
    link: Link,
    outbox: Outbox,
    presence: Presence,
    backoff: Backoff,
    seen: Recent<(String, String)>,
    mine: Recent<String>,
    was_up: bool,
    /// Since when there is no connection; also counts from the start.
    offline_since: Option<Instant>,
    input_empty: bool,
    input_ended: bool,
    actions: Vec<Action>,
}

impl Session {
    pub(crate) fn new(settings: Settings, chance: Chance) -> Self {
        Self {
            outbox: Outbox::new(settings.ack_timeout),
            settings,
            chance,
            link: Link::Down,
            presence: Presence::default(),
            backoff: Backoff::default(),
            seen: Recent::new(REMEMBERED),
            mine: Recent::new(REMEMBERED),
            was_up: false,
            offline_since: None,
            input_empty: true,
            input_ended: false,
            actions: Vec::new(),
        }
    }

    /// Tells what happened; answers what to do, in order.
    pub(crate) fn step(&mut self, now: Instant, event: Event) -> Vec<Action> {
        match event {
            Event::Start => {
                self.offline_since = Some(now);
                self.connect();
            }
            Event::Opened { took } => self.opened(now, took),
            Event::Refused(refusal) => self.refused(now, refusal),
            Event::Frame(text) => {
                self.alive();
                self.receive(now, &text);
                self.flow(now);
            }
            Event::Alive => self.alive(),
            Event::Lost { code, why } => self.lost(now, code, why),
            Event::Submit(message) => {
                self.mine.insert(message.id.clone());
                self.outbox.push(message);
                self.flow(now);
            }
            Event::InputEnd => {
                self.input_ended = true;
                self.flow(now);
            }
            Event::Quit(ending) => self.quit(now, ending),
            Event::Tick => self.tick(now),
        }
        std::mem::take(&mut self.actions)
    }

    /// When to send [`Event::Tick`].
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let link = match &self.link {
            Link::Down | Link::Over | Link::Connecting => None,
            Link::Up(up) => Some(up.deadline(self.settings.reconnect && self.is_idle())),
            Link::Waiting { until } | Link::Closing { until, .. } => Some(*until),
        };
        [link, self.outbox.deadline(), self.presence.deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Whether the user may write now.
    pub(crate) fn wants_input(&self) -> bool {
        let ending = matches!(self.link, Link::Over | Link::Closing { .. });
        !ending && (!self.settings.strict || self.outbox.is_empty())
    }

    /// Whether there is half-typed text.
    pub(crate) fn set_input_empty(&mut self, empty: bool) {
        self.input_empty = empty;
    }

    fn is_idle(&self) -> bool {
        self.input_empty && self.outbox.is_empty()
    }

    fn tell(&mut self, told: Told) {
        self.actions.push(Action::Tell(told));
    }

    fn connect(&mut self) {
        self.link = Link::Connecting;
        self.actions.push(Action::Connect);
    }

    fn alive(&mut self) {
        if let Link::Up(up) = &mut self.link {
            up.alive();
        }
    }

    fn opened(&mut self, now: Instant, took: Duration) {
        self.link = Link::Up(Up::new(now, (self.chance)()));
        let away = self.offline_since.take();
        if self.was_up {
            let offline = away.map_or(Duration::ZERO, |since| now - since);
            self.tell(Told::Gap { offline });
        } else {
            let user = self.settings.user_id.clone();
            self.tell(Told::Connected { user, took });
        }
        self.was_up = true;
        self.flow(now);
    }

    fn refused(&mut self, now: Instant, refusal: Refusal) {
        let is_final = match &refusal {
            Refusal::Denied(_) | Refusal::Taken => true,
            Refusal::Busy(_) => false,
            // An address that never worked is wrong; one that did may come back.
            Refusal::Unreachable(_) | Refusal::NoChat(_) | Refusal::Protocol(_) => !self.was_up,
        };
        if refusal == Refusal::Taken {
            self.finish(Ending::Replaced);
        } else if is_final || !self.settings.reconnect {
            self.finish(Ending::Refused(refusal));
        } else {
            self.retry(now, refusal.to_string());
        }
    }

    fn lost(&mut self, now: Instant, code: Option<u16>, why: String) {
        self.actions.push(Action::Drop);
        match std::mem::replace(&mut self.link, Link::Down) {
            Link::Closing { then, .. } => self.closed(now, then),
            Link::Up(up) => {
                if up.was_stable(now) {
                    self.backoff.reset();
                }
                self.offline_since.get_or_insert(now);
                if code == Some(MESSAGE_TOO_BIG)
                    && let Some(message) = self.outbox.refuse_last()
                {
                    self.rejected(now, "TOO_LARGE", &message, "too large for the gateway");
                } else if let Some(message) = self.outbox.lose() {
                    self.unconfirmed(now, message);
                }
                self.retry(now, why);
            }
            // Nothing was there to be lost.
            link @ (Link::Down | Link::Over | Link::Connecting | Link::Waiting { .. }) => {
                self.link = link;
            }
        }
    }

    fn closed(&mut self, now: Instant, then: Then) {
        match then {
            Then::End(ending) => self.finish(ending),
            Then::Renew => {
                self.backoff.reset();
                self.connect();
            }
            Then::Retry(why) => self.retry(now, why),
        }
    }

    fn retry(&mut self, now: Instant, why: String) {
        if matches!(self.link, Link::Over) {
            return;
        }
        if !self.settings.reconnect {
            return self.finish(Ending::Lost(why));
        }
        if self.input_ended && !self.settings.strict {
            // A person who says goodbye doesn't wait for a connection.
            return self.finish(Ending::Clean);
        }
        let after = self.backoff.next((self.chance)());
        let since = *self.offline_since.get_or_insert(now);
        if now + after >= since + self.settings.retry_for {
            return self.finish(Ending::GaveUp(why));
        }
        self.link = Link::Waiting { until: now + after };
        let attempt = self.backoff.attempts();
        self.tell(Told::Reconnecting {
            why,
            after,
            attempt,
        });
    }

    /// Closes the connection on our side.
    fn close(&mut self, now: Instant, then: Then) {
        self.actions.push(Action::Close);
        self.outbox.hold();
        self.link = Link::Closing {
            until: now + CLOSE_WITHIN,
            then,
        };
    }

    fn quit(&mut self, now: Instant, ending: Ending) {
        match &self.link {
            Link::Up(_) => self.close(now, Then::End(ending)),
            // The second time means it.
            Link::Down
            | Link::Over
            | Link::Connecting
            | Link::Waiting { .. }
            | Link::Closing { .. } => {
                self.finish(ending);
            }
        }
    }

    fn finish(&mut self, ending: Ending) {
        if matches!(self.link, Link::Over) {
            return;
        }
        self.link = Link::Over;
        for message in self.outbox.drain() {
            self.tell(Told::Unconfirmed {
                id: message.id,
                text: message.text,
            });
        }
        self.actions.push(Action::Drop);
        self.actions.push(Action::Finish(ending));
    }

    /// Sends what may be sent; says goodbye after the last of it.
    fn flow(&mut self, now: Instant) {
        match self.link {
            Link::Up(_) => {
                if let Some(frame) = self.outbox.next_frame(now) {
                    self.actions.push(Action::Send(frame));
                } else if self.input_ended && self.outbox.is_empty() {
                    self.close(now, Then::End(Ending::Clean));
                }
            }
            Link::Connecting | Link::Waiting { .. } => {
                if self.input_ended && (!self.settings.strict || self.outbox.is_empty()) {
                    self.finish(Ending::Clean);
                }
            }
            Link::Down | Link::Over | Link::Closing { .. } => {}
        }
    }

    fn tick(&mut self, now: Instant) {
        for departure in self.presence.gone(now) {
            let (user, at) = (departure.user, departure.at);
            self.tell(Told::Left { user, at });
        }
        if let Some(message) = self.outbox.expire(now) {
            self.unconfirmed(now, message);
        }
        self.tick_link(now);
        self.flow(now);
    }

    fn tick_link(&mut self, now: Instant) {
        let renew = self.settings.reconnect && self.is_idle();
        match &mut self.link {
            Link::Up(up) if up.is_dead(now) => {
                self.lost(now, None, "the server doesn't answer".to_owned());
            }
            Link::Up(up) if renew && up.is_old(now) => {
                self.offline_since = Some(now);
                self.close(now, Then::Renew);
            }
            Link::Up(up) => {
                if up.ping(now) {
                    self.actions.push(Action::Ping);
                }
            }
            Link::Waiting { until } if *until <= now => self.connect(),
            Link::Closing { until, then } if *until <= now => {
                let then = then.clone();
                self.actions.push(Action::Drop);
                self.closed(now, then);
            }
            Link::Down
            | Link::Over
            | Link::Connecting
            | Link::Waiting { .. }
            | Link::Closing { .. } => {}
        }
    }

    fn unconfirmed(&mut self, now: Instant, message: Outgoing) {
        let Outgoing { id, text } = message;
        let preview = preview(&text);
        self.tell(Told::Unconfirmed { id, text });
        if self.settings.strict {
            self.quit(now, Ending::NotAcknowledged(preview));
        }
    }

    fn rejected(&mut self, now: Instant, code: &str, message: &Outgoing, why: &str) {
        self.tell(Told::Refused {
            code: code.to_owned(),
            message: why.to_owned(),
            id: Some(message.id.clone()),
        });
        if self.settings.strict {
            self.quit(now, Ending::Rejected(format!("{code}: {why}")));
        }
    }
}
