//! What differs from run to run in the output of `kubectl describe`, in words
//! that don't.

use std::fmt::Write as _;

/// Fields whose values are bookkeeping.
const BOOKKEEPING: [&str; 6] = [
    "Resource Version:",
    "Sequence:",
    "Hash:",
    "Intent:",
    "Changed:",
    "Operation:",
];
/// The length of the cloud's ids.
const ID: usize = 20;
/// Beginnings of ids that may have no digit at all.
const LETTERS: [&str; 3] = ["aje", "etn", "ope"];
/// Hexadecimal digits at the end of the cloud names of a chat's parts.
const NAME_HASH: usize = 8;
const UUID: usize = 36;

/// The description of one object, with `names` replaced by what they stand for
/// (pure). Events lose their ages, and are sorted: several may have come in the
/// same moment.
#[must_use]
pub fn described(text: &str, names: &[(&str, &str)]) -> String {
    let mut text = text.trim_end().to_owned();
    for (name, stands_for) in names {
        text = text.replace(name, stands_for);
    }
    let (object, events) = match text.split_once("\nEvents:\n") {
        Some((object, events)) => (object, Some(events)),
        None => (text.as_str(), None),
    };
    let mut masked: String = object.lines().map(field).collect();
    if let Some(events) = events {
        masked.push_str("Events:\n");
        let mut all: Vec<String> = events.lines().skip(2).filter_map(event).collect();
        all.sort();
        masked.extend(all);
    }
    masked
}

/// A line of an object.
fn field(line: &str) -> String {
    let start = line.trim_start();
    let is_known = BOOKKEEPING.iter().any(|name| start.starts_with(*name));
    if is_known {
        let value = line.rsplit(' ').next().unwrap_or_default();
        let name = &line[..line.len() - value.len()];
        format!("{name}<bookkeeping>\n")
    } else {
        format!("{}\n", words(line.trim_end()))
    }
}

/// An Event: type, reason, age, reporter and message, the age as `3s`, or
/// `2s (x3 over 9s)`.
fn event(line: &str) -> Option<String> {
    let (head, rest) = line.split_once("wschat-operator ")?;
    let mut head = head.split_whitespace();
    let (type_, reason) = (head.next()?, head.next()?);
    Some(format!("  {type_}  {reason}: {}\n", words(rest.trim())))
}

/// Replaces ids, times, ports and hashes.
fn words(line: &str) -> String {
    let mut masked = String::new();
    for word in runs(line, |one| {
        one.is_ascii_alphanumeric() || "-:.+".contains(one)
    }) {
        if is_time(word) {
            masked.push_str("<time>");
        } else if let Some((host, _)) = word.split_once(':').filter(is_address) {
            // Writing into a String cannot fail.
            let _ = write!(masked, "{host}:<port>");
        } else {
            let parts = runs(word, |one| one.is_ascii_alphanumeric() || one == '-');
            masked.extend(parts.into_iter().map(part));
        }
    }
    masked
}

/// The text in pieces: each either of such characters only, or of others.
fn runs(text: &str, belongs: impl Fn(char) -> bool) -> Vec<&str> {
    let mut runs = Vec::new();
    let mut start = 0;
    let mut last = None;
    for (at, one) in text.char_indices() {
        let now = belongs(one);
        if last.is_some_and(|last| last != now) {
            runs.push(&text[start..at]);
            start = at;
        }
        last = Some(now);
    }
    runs.push(&text[start..]);
    runs
}

fn is_time(word: &str) -> bool {
    let bytes = word.as_bytes();
    bytes.len() >= "2026-01-02T03:04:05Z".len() && bytes[4] == b'-' && bytes[10] == b'T'
}

fn is_address((host, port): &(&str, &str)) -> bool {
    *host == "127.0.0.1" && port.len() >= 4 && port.chars().all(|one| one.is_ascii_digit())
}

fn part(part: &str) -> String {
    let is_hex = |text: &str| text.chars().all(|one| one.is_ascii_hexdigit());
    let hyphens = part.matches('-').count();
    if part.len() == UUID && hyphens == 4 && is_hex(&part.replace('-', "")) {
        return "<uuid>".to_owned();
    }
    if is_id(part) {
        return "<id>".to_owned();
    }
    match part.rsplit_once('-') {
        Some((name, hash))
            if name.starts_with("wschat-") && hash.len() == NAME_HASH && is_hex(hash) =>
        {
            format!("{name}-<hash>")
        }
        None if part.len() == NAME_HASH && is_hex(part) => "<hash>".to_owned(),
        _ => part.to_owned(),
    }
}

/// The cloud's ids are lower case letters and digits, a letter first. Words of
/// that length have no digit.
fn is_id(part: &str) -> bool {
    let allowed = |one: char| one.is_ascii_lowercase() || one.is_ascii_digit();
    part.len() == ID
        && part.chars().all(allowed)
        && part.starts_with(|one: char| one.is_ascii_lowercase())
        && (LETTERS.iter().any(|kind| part.starts_with(kind))
            || part.contains(|one: char| one.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_run_to_run_is_masked() {
        let text = "\
Name:         lobby
Namespace:    trial-01234567
Metadata:
  Creation Timestamp:  2026-11-28T12:34:56Z
  Resource Version:    1234
  UID:                 01234567-89ab-cdef-0123-456789abcdef
Status:
  Conditions:
    Message:  cannot look at the gateway d5dk3l4m5n6o7p8q9r0s (wschat-lobby-1a2b3c4d): no; by itself
    Id:       etnqehrbjonctxhbtsrq
    Name:     credentialsforbidden
  Handler Version:  0.1.0+9f86d081
  URL:              ws://127.0.0.1:43210/ws
Events:
  Type     Reason    Age               From             Message
  ----     ------    ----              ----             -------
  Warning  Conflict  2s (x3 over 9s)   wschat-operator  it is d5dk3l4m5n6o7p8q9r0s
  Normal   Created   <invalid>         wschat-operator  made the gateway
";
        let expected = "\
Name:         lobby
Namespace:    <namespace>
Metadata:
  Creation Timestamp:  <time>
  Resource Version:    <bookkeeping>
  UID:                 <uuid>
Status:
  Conditions:
    Message:  cannot look at the gateway <id> (wschat-lobby-<hash>): no; by itself
    Id:       <id>
    Name:     credentialsforbidden
  Handler Version:  0.1.0+<hash>
  URL:              ws://127.0.0.1:<port>/ws
Events:
  Normal  Created: made the gateway
  Warning  Conflict: it is <id>
";
        let names = [("trial-01234567", "<namespace>")];
        assert_eq!(described(text, &names), expected);
    }

    #[test]
    fn no_events_stay_as_they_are() {
        assert_eq!(
            described("Name:  a\nEvents:  <none>\n", &[]),
            "Name:  a\nEvents:  <none>\n"
        );
    }
}
