//! What libFuzzer says, in a table.

/// A target's run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Report {
    name: String,
    cases: u64,
    per_second: u64,
    /// Edges of the program that were taken.
    coverage: u64,
    /// Cases that are worth keeping.
    corpus: u64,
    /// Megabytes at most.
    memory: u64,
}

impl Report {
    /// Of libFuzzer's output.
    pub(crate) fn read(name: &str, log: &str) -> Self {
        let last = log.lines().rev().find(|line| line.contains(" cov: "));
        let last = last.unwrap_or_default();
        Self {
            name: name.to_owned(),
            cases: statistic(log, "number_of_executed_units"),
            per_second: statistic(log, "average_exec_per_sec"),
            coverage: number_behind(last, "cov: "),
            corpus: number_behind(last, "corp: "),
            memory: statistic(log, "peak_rss_mb"),
        }
    }
}

fn statistic(log: &str, name: &str) -> u64 {
    number_behind(log, &format!("stat::{name}:"))
}

/// The first number behind the last of these words; 0 without one.
fn number_behind(text: &str, words: &str) -> u64 {
    let (_, behind) = text.rsplit_once(words).unwrap_or_default();
    let digits = behind.trim_start();
    let end = digits
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(digits.len());
    digits[..end].parse().unwrap_or_default()
}

/// The line that tells why a run failed.
pub(crate) fn fault(log: &str) -> String {
    let mut lines = log.lines();
    let panic = lines.find(|line| line.contains("panicked at"));
    let reason = lines.next().unwrap_or_default();
    if let Some(panic) = panic {
        return format!("{panic} {reason}");
    }
    let said = log.lines().find(|line| line.contains("ERROR: "));
    said.unwrap_or("it ended too early").to_owned()
}

/// The file with the case that failed.
pub(crate) fn failing_case(log: &str) -> Option<&str> {
    let (_, file) = log.rsplit_once("Test unit written to ")?;
    file.lines().next()
}

/// A line a target.
pub(crate) fn table(reports: &[Report]) -> String {
    let heading = format!(
        "{:<16}{:>10}{:>10}{:>10}{:>8}{:>8}",
        "target", "cases", "a second", "edges", "corpus", "MB"
    );
    let lines = reports.iter().map(|report| {
        let Report {
            name,
            cases,
            per_second,
            coverage,
            corpus,
            memory,
        } = report;
        format!("{name:<16}{cases:>10}{per_second:>10}{coverage:>10}{corpus:>8}{memory:>8}")
    });
    let all: Vec<String> = std::iter::once(heading).chain(lines).collect();
    all.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{Report, failing_case, fault};

    const LOG: &str = "\
#2\tINITED cov: 10 ft: 10 corp: 1/1b exec/s: 0 rss: 27Mb
#1000000\tDONE   cov: 4311 ft: 9 corp: 212/6b lim: 4096 exec/s: 4807 rss: 90Mb
Done 1000000 runs in 208 second(s)
stat::number_of_executed_units: 1000000
stat::average_exec_per_sec:     4807
stat::new_units_added:          3
stat::slowest_unit_time_sec:    0
stat::peak_rss_mb:              91
";

    #[test]
    fn a_run_is_summed_up() {
        let report = Report {
            name: "yql".to_owned(),
            cases: 1_000_000,
            per_second: 4807,
            coverage: 4311,
            corpus: 212,
            memory: 91,
        };
        assert_eq!(Report::read("yql", LOG), report);
    }

    #[test]
    fn a_failure_is_told_with_its_case() {
        let log = "thread 'main' panicked at a.rs:1:2:\nindex out of bounds\nstack\n\
            artifact_prefix='t/'; Test unit written to t/crash-1\nBase64: AA==";
        assert!(fault(log).ends_with("panicked at a.rs:1:2: index out of bounds"));
        assert_eq!(failing_case(log), Some("t/crash-1"));
        assert_eq!(
            fault("ERROR: libFuzzer: timeout"),
            "ERROR: libFuzzer: timeout"
        );
    }
}
