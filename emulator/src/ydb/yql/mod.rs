//! YQL, the part of it that users of YDB's SDKs meet first: text → tokens →
//! statements. What isn't understood is refused with its place.

mod alteration;
pub(crate) mod ast;
mod cursor;
mod definition;
mod expression;
mod lexer;
mod select;
mod statement;
#[cfg(test)]
mod tests;

pub(crate) use statement::parse;
