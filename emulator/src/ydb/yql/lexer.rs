//! Text to tokens.

use crate::ydb::status::{Place, YdbError};

/// A word, a mark or a literal.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A keyword or a name; keywords are recognised where they are expected.
    Word(String),
    /// A name between backticks: never a keyword.
    Quoted(String),
    /// `$name`, without the dollar sign.
    Parameter(String),
    /// Without its quotes.
    Text(String),
    /// `"…"u`.
    Utf8(String),
    /// Digits, and the suffix that tells the type, in lower case.
    Integer(String, String),
    /// Digits with a point.
    Decimal(String),
    /// Anything else: `(`, `<=`, `??` …
    Mark(&'static str),
}

/// A token and where it starts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) place: Place,
}

/// Longer marks first.
const MARKS: &[&str] = &[
    "<=", ">=", "<>", "!=", "==", "??", "||", "::", "(", ")", ",", ";", ".", "*", "=", "<", ">",
    "+", "-", "/", "%", "?", "[", "]", "{", "}", ":", "@",
];

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    /// The last place that was asked for, and what is there.
    last: (usize, Place),
}

/// Splits a script; comments and white space are gone.
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, YdbError> {
    let start = Place { row: 1, column: 1 };
    let mut lexer = Lexer {
        text,
        at: 0,
        last: (0, start),
    };
    let mut all = Vec::new();
    while lexer.skip_blank()? {
        let place = lexer.place(lexer.at);
        lexer.last = (lexer.at, place);
        let token = lexer.token()?;
        all.push(Placed { token, place });
    }
    Ok(all)
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Counted from the last place, which isn't behind it.
    fn place(&self, at: usize) -> Place {
        let (from, last) = self.last;
        let between = &self.text[from..at];
        let count = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let Some(end) = between.rfind('\n') else {
            let column = last.column.saturating_add(count(between));
            return Place { column, ..last };
        };
        let rows = u32::try_from(between.matches('\n').count()).unwrap_or(u32::MAX);
        Place {
            row: last.row.saturating_add(rows),
            column: count(&between[end + 1..]).saturating_add(1),
        }
    }

    fn refuse(&self, at: usize, message: &str) -> YdbError {
        YdbError::query(message, Some(self.place(at)))
    }

    /// Whether anything is left behind white space and comments.
    fn skip_blank(&mut self) -> Result<bool, YdbError> {
        loop {
            let trimmed = self.rest().trim_start();
            self.at = self.text.len() - trimmed.len();
            if trimmed.starts_with("--") {
                self.at += trimmed.find('\n').unwrap_or(trimmed.len());
            } else if trimmed.starts_with("/*") {
                match trimmed.find("*/") {
                    Some(end) => self.at += end + 2,
                    None => return Err(self.refuse(self.at, "a comment without an end")),
                }
            } else {
                return Ok(!trimmed.is_empty());
            }
        }
    }

    fn token(&mut self) -> Result<Token, YdbError> {
        let rest = self.rest();
        let first = rest.chars().next().unwrap_or(' ');
        match first {
            '`' => Ok(Token::Quoted(self.quoted('`')?)),
            '"' | '\'' => {
                let text = self.quoted(first)?;
                match self.suffix(&["u", "s"]).as_str() {
                    "u" => Ok(Token::Utf8(text)),
                    _ => Ok(Token::Text(text)),
                }
            }
            '$' => {
                self.at += 1;
                let is_quoted = self.rest().starts_with('`');
                let name = if is_quoted {
                    self.quoted('`')?
                } else {
                    self.word()
                };
                if name.is_empty() {
                    return Err(self.refuse(self.at, "a parameter without a name"));
                }
                Ok(Token::Parameter(name))
            }
            first if first.is_ascii_digit() => Ok(self.number()),
            first if first.is_alphabetic() || first == '_' => Ok(Token::Word(self.word())),
            _ => match MARKS.iter().find(|mark| rest.starts_with(**mark)) {
                Some(mark) => {
                    self.at += mark.len();
                    Ok(Token::Mark(mark))
                }
                None => Err(self.refuse(self.at, &format!("unexpected character {first:?}"))),
            },
        }
    }

    fn take(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let rest = self.rest();
        let end = rest
            .find(|character| !wanted(character))
            .unwrap_or(rest.len());
        self.at += end;
        rest[..end].to_owned()
    }

    fn word(&mut self) -> String {
        self.take(|character| character.is_alphanumeric() || character == '_')
    }

    fn number(&mut self) -> Token {
        let whole = self.take(|character| character.is_ascii_digit());
        let mut behind = self.rest().chars();
        let is_decimal =
            behind.next() == Some('.') && behind.next().is_some_and(|next| next.is_ascii_digit());
        if is_decimal {
            self.at += 1;
            let fraction = self.take(|character| character.is_ascii_digit());
            return Token::Decimal(format!("{whole}.{fraction}"));
        }
        let suffix = self.suffix(&["ul", "us", "ut", "u", "l", "s", "t"]);
        Token::Integer(whole, suffix)
    }

    /// Takes a literal's type suffix, in any case; empty without one.
    fn suffix(&mut self, known: &[&'static str]) -> String {
        let rest = self.rest();
        let word = rest
            .find(|character: char| !character.is_alphanumeric() && character != '_')
            .map_or(rest, |end| &rest[..end]);
        if !known.iter().any(|suffix| word.eq_ignore_ascii_case(suffix)) {
            return String::new();
        }
        self.at += word.len();
        word.to_ascii_lowercase()
    }

    fn quoted(&mut self, quote: char) -> Result<String, YdbError> {
        let start = self.at;
        let mut text = String::new();
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                end if end == quote => {
                    self.at = start + at + quote.len_utf8();
                    return Ok(text);
                }
                '\\' => match characters.next().map(|(_, escaped)| escaped) {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('r') => text.push('\r'),
                    Some('0') => text.push('\0'),
                    Some(escaped) => text.push(escaped),
                    None => break,
                },
                character => text.push(character),
            }
        }
        Err(self.refuse(start, &format!("a {quote} without its end")))
    }
}
