//! How long the cloud itself was busy: while at least one operation ran.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::emulator::Request;

/// How long at least one of the operations ran that somebody asked about.
#[must_use]
pub fn time_of_operations(requests: &[Request]) -> Duration {
    covered(operations(requests))
}

/// From when to when each operation ran.
fn operations(requests: &[Request]) -> Vec<(Timestamp, Timestamp)> {
    let answers = requests
        .iter()
        .filter(|request| request.method == "GET" && request.path.starts_with("/operations/"))
        .map(|request| &request.response_body)
        .filter(|operation| operation["done"] == true);
    let at = |time: &Value| time.as_str()?.parse::<Timestamp>().ok();
    let times = answers.filter_map(|operation| {
        let start = at(&operation["createdAt"])?;
        let end = at(&operation["modifiedAt"])?;
        Some((start, end))
    });
    times.collect()
}

/// How much time is in at least one of the spans.
fn covered(mut spans: Vec<(Timestamp, Timestamp)>) -> Duration {
    spans.sort();
    let mut total = Duration::ZERO;
    let mut until = Timestamp::MIN;
    for (start, end) in spans {
        let start = start.max(until);
        if end > start {
            total += end.duration_since(start).unsigned_abs();
            until = end;
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_that_spans_share_counts_once() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let spans = [(20, 21), (0, 10), (5, 12), (6, 7)];
        let spans = spans.map(|(start, end)| (at(start), at(end)));
        assert_eq!(covered(spans.to_vec()), Duration::from_secs(13));
    }
}
