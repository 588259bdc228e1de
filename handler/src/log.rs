//! Log lines: one JSON object each, on standard error, in the form that the
//! cloud's log reads (`level`, `msg`, further fields). Never a message's
//! content.

use serde_json::{Map, Value};

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For following one call.
    Debug,
    /// What happens.
    Info,
    /// What didn't work, but hurt nobody.
    Warn,
    /// What a client or the operator noticed.
    Error,
}

impl Level {
    /// Reads `LOG_LEVEL`; anything unknown, and nothing, is `info`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "trace" | "debug" => Self::Debug,
            "warn" | "warning" => Self::Warn,
            "error" | "fatal" => Self::Error,
            _ => Self::Info,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// Writes lines of its level and above.
#[derive(Debug, Clone, Copy)]
pub struct Log {
    level: Level,
}

impl Log {
    /// A log of this level.
    #[must_use]
    pub fn new(level: Level) -> Self {
        Self { level }
    }

    /// Writes a line. `fields` is an object; anything else is left out.
    pub fn line(self, level: Level, message: &str, fields: Value) {
        if level < self.level {
            return;
        }
        let mut line = Map::new();
        line.insert("level".into(), level.as_str().into());
        line.insert("msg".into(), message.into());
        if let Value::Object(fields) = fields {
            line.extend(fields);
        }
        eprintln!("{}", Value::Object(line));
    }

    /// What happens.
    pub fn info(self, message: &str, fields: Value) {
        self.line(Level::Info, message, fields);
    }

    /// What didn't work, but hurt nobody.
    pub fn warn(self, message: &str, fields: Value) {
        self.line(Level::Warn, message, fields);
    }

    /// What a client or the operator noticed.
    pub fn error(self, message: &str, fields: Value) {
        self.line(Level::Error, message, fields);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_without_regard_to_case() {
        let cases = [
            ("DEBUG", Level::Debug),
            ("warn", Level::Warn),
            ("Error", Level::Error),
            ("", Level::Info),
            ("loud", Level::Info),
        ];
        for (text, level) in cases {
            assert_eq!(Level::parse(text), level, "{text:?}");
        }
        assert!(Level::Debug < Level::Error);
    }
}
