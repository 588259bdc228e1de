//! Tables for a terminal: aligned text, names to the left, figures to the
//! right.

use std::fmt::{self, Write as _};
use std::time::Duration;

/// Two columns stand so far apart.
const GAP: &str = "  ";

/// A table with a heading, columns and rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    title: String,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows; the first column is for their names.
    pub fn new(title: impl Into<String>, columns: &[&str]) -> Self {
        let heading = columns.iter().map(|&column| column.to_owned()).collect();
        Self {
            title: title.into(),
            rows: vec![heading],
        }
    }

    /// Adds a row. Cells that it lacks are empty.
    #[must_use]
    pub fn row(mut self, cells: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.rows.push(cells.into_iter().map(Into::into).collect());
        self
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max()
        };
        (0..columns)
            .map(|column| width(column).unwrap_or_default())
            .collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.title)?;
        let widths = self.widths();
        for row in &self.rows {
            let mut line = String::new();
            for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
                line += GAP;
                if column == 0 {
                    write!(line, "{cell:<width$}")?;
                } else {
                    write!(line, "{cell:>width$}")?;
                }
            }
            writeln!(formatter, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// A time in milliseconds, to the hundredth.
#[must_use]
pub fn milliseconds(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1000.0)
}

/// How much longer `time` is than `floor`, in milliseconds; negative when it is
/// shorter.
#[must_use]
pub fn above(time: Duration, floor: Duration) -> String {
    match time.checked_sub(floor) {
        Some(more) => milliseconds(more),
        None => format!("-{}", milliseconds(floor.saturating_sub(time))),
    }
}

/// How many times `one` is `other`; a dash when there is nothing to divide by.
#[must_use]
pub fn ratio(one: Duration, other: Duration) -> String {
    if other.is_zero() {
        return "-".to_owned();
    }
    format!("{:.1}x", one.as_secs_f64() / other.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_to_the_left_and_figures_to_the_right() {
        let table = Table::new("times, ms", &["", "p50", "p99"])
            .row(["echo", "0.61", "1.10"])
            .row(["the chat", "12.34", "110.00"])
            .row(["naïve", "1"]);
        let lines = [
            "times, ms",
            "              p50     p99",
            "  echo       0.61    1.10",
            "  the chat  12.34  110.00",
            "  naïve         1",
            "",
        ];
        assert_eq!(table.to_string(), lines.join("\n"));
    }

    #[test]
    fn times_are_told_in_milliseconds_and_compared() {
        let (one, other) = (Duration::from_micros(1500), Duration::from_micros(500));
        assert_eq!(milliseconds(one), "1.50");
        assert_eq!(above(one, other), "1.00");
        assert_eq!(above(other, one), "-1.00");
        assert_eq!(ratio(one, other), "3.0x");
        assert_eq!(ratio(one, Duration::ZERO), "-");
    }
}
