//! YQL, the part of it that users of YDB's SDKs meet first: text → tokens →
//! statements. What isn't understood is refused with its place.

mod alteration;
pub(crate) mod ast;
mod bound;
mod case;
mod cursor;
mod definition;
mod expression;
mod lexer;
#[cfg(test)]
mod limit_tests;
mod part;
mod select;
mod statement;
#[cfg(test)]
mod tests;

pub(crate) use statement::parse;
