//! What people read of what others said.

/// The longest message of a condition and of an Event, in bytes: Kubernetes
/// takes no longer note, and nobody reads one.
pub(crate) const LONGEST: usize = 1024;
/// How much of that is kept for the end, which says what to do.
const END: usize = 384;

/// The text in one line, without its middle where it is too long (pure). What the
/// cloud says may have lines, and any length.
pub(crate) fn in_one_line(text: &str) -> String {
    let words = text.split(|one: char| one.is_whitespace() || one.is_control());
    let words = words.filter(|word| !word.is_empty());
    let line = words.collect::<Vec<_>>().join(" ");
    if line.len() <= LONGEST {
        return line;
    }
    let start = line.floor_char_boundary(LONGEST - END);
    let end = line.ceil_char_boundary(line.len() - (END - '…'.len_utf8()));
    format!("{}…{}", &line[..start], &line[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_line_stays_as_it_is() {
        let line = "cannot make the gateway: no; change the spec";
        assert_eq!(in_one_line(line), line);
        assert_eq!(in_one_line(""), "");
    }

    #[test]
    fn lines_become_one() {
        let told = "failed:\n - name: must\r\n\tmatch\u{0}; change the spec\n";
        assert_eq!(
            in_one_line(told),
            "failed: - name: must match ; change the spec"
        );
    }

    #[test]
    fn a_long_text_loses_its_middle_between_characters() {
        let long = format!("cannot look: {}; tries again", "я".repeat(20_000));
        let told = in_one_line(&long);
        assert!(told.len() <= LONGEST, "{}", told.len());
        assert!(told.starts_with("cannot look: яя") && told.ends_with("яя; tries again"));
        assert!(told.contains("я…я"));
    }
}
