//! Walks over tokens, and says what was expected where.

use std::collections::HashMap;

use super::ast::Name;
use super::bound::{Bound, Extent};
use super::lexer::{Placed, Token, tokens};
use crate::ydb::parameters::ParameterType;
use crate::ydb::status::{Place, YdbError};
use crate::ydb::types::{ColumnType, Primitive};

pub(super) struct Cursor {
    tokens: Vec<Placed>,
    at: usize,
    end: Place,
    pub(super) bound: HashMap<String, Bound>,
    pub(super) extent: Extent,
}

impl Cursor {
    pub(super) fn new(text: &str) -> Result<Self, YdbError> {
        let tokens = tokens(text)?;
        let end = tokens
            .last()
            .map_or(Place { row: 1, column: 1 }, |last| last.place);
        Ok(Self {
            tokens,
            at: 0,
            end,
            bound: HashMap::new(),
            extent: Extent::default(),
        })
    }

    /// How many words were read.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|placed| &placed.token)
    }

    fn peek_behind(&self) -> Option<&Token> {
        self.tokens.get(self.at + 1).map(|placed| &placed.token)
    }

    pub(super) fn place(&self) -> Place {
        self.tokens
            .get(self.at)
            .map_or(self.end, |placed| placed.place)
    }

    pub(super) fn next(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.at += 1;
        token
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// The error for a token that nothing here expects.
    pub(super) fn unexpected(&self, expected: &str) -> YdbError {
        let found = match self.peek() {
            None => "the end".to_owned(),
            Some(Token::Word(text) | Token::Integer(text, _) | Token::Decimal(text)) => {
                text.clone()
            }
            Some(Token::Quoted(text)) => format!("`{text}`"),
            Some(Token::Parameter(text)) => format!("${text}"),
            Some(Token::Text(text) | Token::Utf8(text)) => format!("{text:?}"),
            Some(Token::Mark(mark)) => (*mark).to_owned(),
        };
        let message = format!("expected {expected}, found {found}");
        YdbError::query(message, Some(self.place()))
    }

    /// The error for YQL that this emulator lacks.
    pub(super) fn unsupported(&self, construct: &str) -> YdbError {
        let message = format!("{construct} is not supported by this emulator");
        YdbError::query(message, Some(self.place()))
    }

    /// The same for what is next, with its own name.
    pub(super) fn unsupported_next(&self, what: &str) -> YdbError {
        match self.peek() {
            Some(Token::Word(word)) => self.unsupported(&format!("{what} {}", word.to_uppercase())),
            _ => self.unexpected(&format!("{what}'s name")),
        }
    }

    pub(super) fn is_keyword(&self, keyword: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(keyword))
    }

    /// Takes a keyword if it is next.
    pub(super) fn keyword(&mut self, keyword: &str) -> bool {
        let found = self.is_keyword(keyword);
        self.at += usize::from(found);
        found
    }

    /// Takes two keywords if they are next.
    pub(super) fn keywords(&mut self, first: &str, second: &str) -> bool {
        let found = self.is_keyword(first)
            && matches!(self.peek_behind(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(second));
        self.at += 2 * usize::from(found);
        found
    }

    pub(super) fn expect_keyword(&mut self, keyword: &str) -> Result<(), YdbError> {
        if self.keyword(keyword) {
            Ok(())
        } else {
            Err(self.unexpected(keyword))
        }
    }

    /// Takes a mark if it is next.
    pub(super) fn mark(&mut self, mark: &str) -> bool {
        let found = self.is_mark(mark);
        self.at += usize::from(found);
        found
    }

    pub(super) fn is_mark(&self, mark: &str) -> bool {
        matches!(self.peek(), Some(Token::Mark(next)) if *next == mark)
    }

    /// Takes `(SELECT` if it is next.
    pub(super) fn bracketed_select(&mut self) -> bool {
        let found = self.is_mark("(")
            && matches!(self.peek_behind(), Some(Token::Word(word)) if word.eq_ignore_ascii_case("SELECT"));
        self.at += 2 * usize::from(found);
        found
    }

    /// Takes `name.*` if it is next.
    pub(super) fn all_of(&mut self) -> Option<Name> {
        let mark = |behind: usize, wanted| {
            let found: Option<&Placed> = self.tokens.get(self.at + behind);
            found.is_some_and(|found| found.token == Token::Mark(wanted))
        };
        if !mark(1, ".") || !mark(2, "*") {
            return None;
        }
        let name = self.name("a relation").ok()?;
        self.at += 2;
        Some(name)
    }

    pub(super) fn expect_mark(&mut self, mark: &str) -> Result<(), YdbError> {
        if self.mark(mark) {
            Ok(())
        } else {
            Err(self.unexpected(mark))
        }
    }

    /// A name, quoted or not.
    pub(super) fn name(&mut self, what: &str) -> Result<Name, YdbError> {
        let place = self.place();
        match self.peek() {
            Some(Token::Word(text) | Token::Quoted(text)) => {
                let text = text.clone();
                self.at += 1;
                Ok(Name { text, place })
            }
            _ => Err(self.unexpected(what)),
        }
    }

    /// `$name`.
    pub(super) fn parameter(&mut self) -> Result<Name, YdbError> {
        let place = self.place();
        match self.peek() {
            Some(Token::Parameter(text)) => {
                let text = text.clone();
                self.at += 1;
                Ok(Name { text, place })
            }
            _ => Err(self.unexpected("a parameter")),
        }
    }

    /// `(name, name, …)`.
    pub(super) fn names(&mut self, what: &str) -> Result<Vec<Name>, YdbError> {
        self.expect_mark("(")?;
        let names = self.list(|cursor| cursor.name(what))?;
        self.expect_mark(")")?;
        Ok(names)
    }

    /// One or more, with commas between.
    pub(super) fn list<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, YdbError>,
    ) -> Result<Vec<T>, YdbError> {
        let mut items = vec![item(self)?];
        while self.mark(",") {
            items.push(item(self)?);
        }
        Ok(items)
    }

    pub(super) fn text(&mut self, what: &str) -> Result<String, YdbError> {
        match self.peek() {
            Some(Token::Text(text) | Token::Utf8(text)) => {
                let text = text.clone();
                self.at += 1;
                Ok(text)
            }
            _ => Err(self.unexpected(what)),
        }
    }

    /// `T`.
    pub(super) fn primitive(&mut self) -> Result<Primitive, YdbError> {
        match self.peek() {
            Some(Token::Word(name)) => match Primitive::named(name) {
                Some(primitive) => {
                    self.at += 1;
                    Ok(primitive)
                }
                None => Err(self.unsupported(&format!("the type {name}"))),
            },
            _ => Err(self.unexpected("a type")),
        }
    }

    /// `T`, `T?` or `Optional<T>`.
    pub(super) fn column_type(&mut self) -> Result<ColumnType, YdbError> {
        if self.keyword("Optional") {
            self.expect_mark("<")?;
            let primitive = self.primitive()?;
            self.expect_mark(">")?;
            return Ok(ColumnType::optional(primitive));
        }
        let primitive = self.primitive()?;
        if self.mark("?") {
            Ok(ColumnType::optional(primitive))
        } else {
            Ok(ColumnType::required(primitive))
        }
    }

    /// A column's type, `List<T>` or `List<Struct<name: T, …>>`.
    pub(super) fn parameter_type(&mut self) -> Result<ParameterType, YdbError> {
        if !self.keyword("List") {
            return self.column_type().map(ParameterType::Plain);
        }
        self.expect_mark("<")?;
        let kind = if self.keyword("Struct") {
            self.expect_mark("<")?;
            let members = self.list(|cursor| {
                let name = cursor.name("a member's name")?;
                cursor.expect_mark(":")?;
                Ok((name.text, cursor.column_type()?))
            })?;
            self.expect_mark(">")?;
            ParameterType::rows(members)
        } else {
            ParameterType::List(self.column_type()?)
        };
        self.expect_mark(">")?;
        Ok(kind)
    }
}
