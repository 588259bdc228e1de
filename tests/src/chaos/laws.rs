//! What must be true of every run, whatever broke in it.

use std::fmt;

use super::history::History;

mod answers;
mod delivery;
mod presence;
mod topic;

#[cfg(test)]
mod tests;

/// A law that doesn't hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Users that it is about.
    pub users: Vec<String>,
    /// What is wrong.
    pub words: String,
}

/// A law: holds, or says how it is broken.
pub type Law = fn(&History) -> Result<(), Broken>;

/// All laws, by their names.
pub const LAWS: [(&str, Law); 14] = [
    (
        "what is acknowledged is in the topic",
        topic::acknowledged_is_there,
    ),
    (
        "what was acknowledged comes before what is sent afterwards",
        topic::acknowledged_comes_first,
    ),
    (
        "what is told was said, by that user and under that id",
        topic::told_as_said,
    ),
    (
        "a socket hears the topic without a gap, from its opening to its end",
        delivery::without_gaps,
    ),
    (
        "nothing comes twice that isn't told apart by user and id",
        delivery::nothing_doubled,
    ),
    (
        "users leave as often as their sockets do, and not when they are replaced",
        presence::leaves_are_real,
    ),
    (
        "when nothing is broken, who comes and goes is told once",
        presence::told_once_in_calm,
    ),
    (
        "when nothing is broken, who is replaced is told so and closed",
        presence::replaced_in_calm,
    ),
    (
        "a user is one registered socket",
        presence::one_registered_socket,
    ),
    (
        "no row is without its socket for longer than it may live",
        presence::rows_have_owners,
    ),
    (
        "a handshake is refused only with a documented status",
        answers::handshakes_are_known,
    ),
    (
        "an answer is one to what was said, a refusal has its documented code",
        answers::answers_are_known,
    ),
    ("the chat heals by itself", answers::heals),
    (
        "when nothing is broken, everything is answered as it should be",
        answers::answered_in_calm,
    ),
];

/// The laws that a run breaks, by their names.
#[must_use]
pub fn broken_in(history: &History) -> Vec<(&'static str, Broken)> {
    let broken = |(name, law): &(&'static str, Law)| Some((*name, law(history).err()?));
    LAWS.iter().filter_map(broken).collect()
}

fn ensure(holds: bool, user: &str, words: impl FnOnce() -> String) -> Result<(), Broken> {
    if holds {
        return Ok(());
    }
    Err(Broken {
        users: vec![user.to_owned()],
        words: words(),
    })
}

impl fmt::Display for Broken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.words)
    }
}
