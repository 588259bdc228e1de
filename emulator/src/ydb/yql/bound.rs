//! Names that a script gives to expressions and SELECTs, and how much of a script
//! there may be: what they stand for is copied to where they are used, so that a
//! few lines could stand for more than any memory holds.

use super::ast::{Expression, Select};
use super::cursor::Cursor;
use crate::ydb::status::YdbError;

/// Brackets and SELECTs inside each other: a guess. Each takes a few frames of the
/// stack of whoever reads and plans them.
const DEEPEST: usize = 64;
/// Words that names may stand for in a script, altogether: a guess.
const MOST_WORDS: usize = 100_000;

/// What `$name = …` gave a name to.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    pub(super) what: What,
    /// Its highest expression's.
    pub(super) height: usize,
    /// How deep it goes.
    levels: usize,
    /// How long it is.
    words: usize,
}

#[derive(Debug, Clone)]
pub(super) enum What {
    Expression(Box<Expression>),
    Select(Box<Select>),
}

/// How far a script has gone.
#[derive(Debug, Default)]
pub(super) struct Extent {
    /// Levels that are open, and the most that were.
    depth: usize,
    deepest: usize,
    /// The highest expression.
    height: usize,
    /// Words that names stood for.
    repeated: usize,
}

impl Cursor {
    /// Reads something inside of something.
    pub(super) fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, YdbError>,
    ) -> Result<T, YdbError> {
        self.must_hold(1)?;
        self.extent.depth += 1;
        let outcome = read(self);
        self.extent.depth -= 1;
        outcome
    }

    fn must_hold(&mut self, levels: usize) -> Result<(), YdbError> {
        let depth = self.extent.depth + levels;
        if depth > DEEPEST {
            let what = format!("more than {DEEPEST} levels of brackets and SELECTs");
            return Err(self.unsupported(&what));
        }
        self.extent.deepest = self.extent.deepest.max(depth);
        Ok(())
    }

    /// An expression of that height was read.
    pub(super) fn saw_height(&mut self, height: usize) {
        self.extent.height = self.extent.height.max(height);
    }

    /// Reads something; also the height of the highest expression in it.
    pub(super) fn measured<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, YdbError>,
    ) -> Result<(T, usize), YdbError> {
        let before = std::mem::take(&mut self.extent.height);
        let read = read(self)?;
        let height = self.extent.height;
        self.saw_height(before);
        Ok((read, height))
    }

    /// Reads something; also its words.
    pub(super) fn counted<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, YdbError>,
    ) -> Result<(T, usize), YdbError> {
        let words = |cursor: &Self| cursor.position() + cursor.extent.repeated;
        let before = words(self);
        let read = read(self)?;
        Ok((read, words(self) - before))
    }

    /// So many words are used once more.
    pub(super) fn repeat(&mut self, words: usize) -> Result<(), YdbError> {
        self.extent.repeated = self.extent.repeated.saturating_add(words);
        if self.extent.repeated > MOST_WORDS {
            let what = format!("names that stand for more than {MOST_WORDS} words");
            return Err(self.unsupported(&what));
        }
        Ok(())
    }

    /// From here on the name stands for what is read.
    pub(super) fn bind(
        &mut self,
        name: String,
        read: impl FnOnce(&mut Self) -> Result<What, YdbError>,
    ) -> Result<(), YdbError> {
        let before = std::mem::take(&mut self.extent.deepest);
        let ((what, height), words) = self.counted(|cursor| cursor.measured(read))?;
        let levels = self.extent.deepest;
        self.extent.deepest = before.max(levels);
        let bound = Bound {
            what,
            height,
            levels,
            words,
        };
        self.bound.insert(name, bound);
        Ok(())
    }

    /// What a name stands for; none for a parameter.
    pub(super) fn bound(&mut self, name: &str) -> Result<Option<Bound>, YdbError> {
        let Some(Bound { levels, words, .. }) = self.bound.get(name) else {
            return Ok(None);
        };
        let (levels, words) = (*levels, *words);
        self.must_hold(levels)?;
        self.repeat(words)?;
        Ok(self.bound.get(name).cloned())
    }
}
