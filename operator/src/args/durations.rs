//! Durations of the command line, and which of them make sense.

use std::time::Duration;

/// The shortest interval of anything that calls the cloud.
const SHORTEST: Duration = Duration::from_secs(10);
/// The longest interval: whoever wants more wants never.
const LONGEST: Duration = Duration::from_hours(7 * 24);
/// How long a replica may be silent at most before another takes over.
const LONGEST_LEASE: Duration = Duration::from_hours(1);

/// A number with a unit, and more of them.
fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|_| "write numbers with units, for example 10m, 90s or 1h30m".to_owned())
}

/// How often to do something.
pub(super) fn interval(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        interval if interval.is_zero() => Err("use at least 10s, for example 10m".to_owned()),
        interval if interval > LONGEST => Err("use at most 7d, for example 10m".to_owned()),
        interval => Ok(interval),
    }
}

/// How often to do something that may be left undone.
pub(super) fn interval_or_never(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        never if never.is_zero() => Ok(never),
        _ => interval(text),
    }
}

/// Leases count whole seconds, and need time to be renewed in.
pub(super) fn lease(text: &str) -> Result<Duration, String> {
    let lease = duration(text)?;
    if lease < Duration::from_secs(3) || lease > LONGEST_LEASE || lease.subsec_nanos() != 0 {
        return Err("use whole seconds, from 3s to 1h, for example 15s".to_owned());
    }
    Ok(lease)
}

/// Why an interval is too short for a cloud that isn't on this machine, where
/// each of its calls costs something (pure). Zero is never.
pub(super) fn too_short(flag: &str, interval: Duration, why: &str) -> Option<String> {
    (!interval.is_zero() && interval < SHORTEST).then(|| {
        format!(
            "{flag}={} is too short: {why}; use at least 10s, for example {flag}=10m",
            humantime::format_duration(interval)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_duration_is_told_with_an_example() {
        for parse in [interval, interval_or_never, lease] {
            for wrong in [
                "abc",
                "-1s",
                "5",
                "",
                "10 minutes!",
                "99999999999999999999s",
            ] {
                let problem = parse(wrong).unwrap_err();
                assert!(problem.contains("for example"), "{wrong}: {problem}");
            }
        }
    }

    #[test]
    fn what_would_never_or_always_happen_is_refused() {
        for (parse, wrong, right) in [
            (interval as fn(&str) -> _, ["0s", "8d"], ["100ms", "7d"]),
            (interval_or_never, ["8d", "1000000000y"], ["0s", "10m"]),
            (lease, ["1500ms", "2s"], ["3s", "1h"]),
            (lease, ["2h", "3s1ms"], ["15s", "1m"]),
        ] {
            for text in wrong {
                assert!(parse(text).is_err(), "{text}");
            }
            for text in right {
                assert!(parse(text).is_ok(), "{text}");
            }
        }
    }

    #[test]
    fn tiny_intervals_are_told_with_what_to_write_instead() {
        let told = |seconds| too_short("--resync", Duration::from_secs(seconds), "it costs");
        assert_eq!((told(0), told(10)), (None, None));
        let problem = told(9).unwrap();
        for words in ["--resync=9s", "it costs", "at least 10s", "--resync=10m"] {
            assert!(problem.contains(words), "{problem}");
        }
    }
}
