//! Text from others, made harmless for terminals.

use wschat_protocol::limits::is_printable;

/// A text that keeps its lines and tabs, but loses everything that steers a
/// terminal or changes the direction of what stands around it. Joiners stay:
/// emoji and several scripts need them.
pub(crate) fn harmless(text: &str) -> String {
    text.replace("\r\n", "\n")
        .chars()
        .filter_map(|character| match character {
            '\r' | '\u{2028}' | '\u{2029}' => Some('\n'),
            '\n' | '\t' | '\u{200c}' | '\u{200d}' => Some(character),
            _ => is_printable(character).then_some(character),
        })
        .collect()
}

/// A harmless text on one line: names, reasons, messages of errors.
pub(crate) fn harmless_line(text: &str) -> String {
    text.chars()
        .filter_map(|character| match character {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => Some(' '),
            _ => is_printable(character).then_some(character),
        })
        .collect()
}

/// The start of a text, on one line, to remind its author which one is meant.
pub(crate) fn preview(text: &str) -> String {
    const CHARACTERS: usize = 40;
    let line = harmless_line(text);
    if line.chars().count() <= CHARACTERS {
        return line;
    }
    let mut start: String = line.chars().take(CHARACTERS).collect();
    start.push('…');
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_gone() {
        let cases = [
            ("\u{1b}[2Jhi", "[2Jhi"),
            ("\u{1b}]0;title\u{7}x", "]0;titlex"),
            ("\u{9b}31mred", "31mred"),
            ("a\u{8}\u{7f}b", "ab"),
            ("abc\u{202e}fed\u{2066}x\u{2069}", "abcfedx"),
            ("one\r\ntwo\rthree\u{2028}four", "one\ntwo\nthree\nfour"),
            ("col\tumn", "col\tumn"),
            ("👩\u{200d}🚀 Привет", "👩\u{200d}🚀 Привет"),
        ];
        for (given, expected) in cases {
            assert_eq!(harmless(given), expected, "{given:?}");
        }
    }

    #[test]
    fn names_stay_on_their_line() {
        assert_eq!(harmless_line("bob\n12:00 eve: hi"), "bob 12:00 eve: hi");
        assert_eq!(harmless_line("b\u{200b}ob\u{1b}[1m"), "bob[1m");
    }

    #[test]
    fn a_preview_is_short() {
        assert_eq!(preview("hello\nyou"), "hello you");
        let long = preview(&"ж".repeat(100));
        assert_eq!(long.chars().count(), 41);
        assert!(long.ends_with('…'));
    }
}
