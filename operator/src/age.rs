//! Which of several things of the cloud is the oldest.

use jiff::Timestamp;

/// Sorts by when a thing was made, and then by its id. Times are RFC 3339 with
/// as many digits as they need (`.5Z`, `.51Z`), so their texts don't sort.
/// Without a time that can be read, a thing is the oldest.
pub(crate) fn key<'a>(created_at: &'a str, id: &'a str) -> (Option<Timestamp>, &'a str, &'a str) {
    (created_at.parse().ok(), created_at, id)
}

#[cfg(test)]
mod tests {
    use super::key;

    #[test]
    fn times_sort_however_many_digits_they_have() {
        let mut all = [
            key("2026-11-28T10:00:00.51Z", "d"),
            key("2026-11-28T10:00:01Z", "e"),
            key("2026-11-28T10:00:00.5Z", "c"),
            key("2026-11-28T10:00:00Z", "b"),
            key("", "a"),
        ];
        all.sort();
        assert_eq!(all.map(|(_, _, id)| id), ["a", "b", "c", "d", "e"]);
    }
}
