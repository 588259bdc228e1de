//! How long and how odd a user id or content may be.

/// Most bytes of UTF-8 that a SEND's content may have. A frame of the gateway
/// holds 32 KB, and JSON escapes may nearly double a text.
pub const CONTENT_BYTES: usize = 16 * 1024;

/// Most characters of a user id.
pub const USER_ID_CHARACTERS: usize = 128;

/// Most bytes of a message's `id`.
pub const ID_BYTES: usize = 128;

/// What is wrong with a user id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadUserId {
    /// There is none.
    #[error("the user id is empty; give one of 1 to {USER_ID_CHARACTERS} printable characters")]
    Empty,
    /// Over [`USER_ID_CHARACTERS`].
    #[error("the user id is too long; give one of 1 to {USER_ID_CHARACTERS} printable characters")]
    TooLong,
    /// Control characters, or ones that change how others are shown.
    #[error("the user id holds a character that can't be printed")]
    Unprintable,
}

/// Checks a user id: 1 to 128 printable characters.
pub fn check_user_id(user_id: &str) -> Result<(), BadUserId> {
    if user_id.is_empty() {
        return Err(BadUserId::Empty);
    }
    if user_id.chars().count() > USER_ID_CHARACTERS {
        return Err(BadUserId::TooLong);
    }
    if user_id.chars().all(is_printable) && !user_id.trim().is_empty() {
        Ok(())
    } else {
        Err(BadUserId::Unprintable)
    }
}

/// Whether a character shows itself and leaves its neighbours alone: no control
/// characters, no line or paragraph separators, no bidirectional controls, no
/// invisible joiners that make two names look the same.
#[must_use]
pub fn is_printable(character: char) -> bool {
    let changes_others = matches!(
        character,
        '\u{061c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
    );
    !character.is_control() && !changes_others
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_ids_are_short_and_printable() {
        let longest = "ж".repeat(USER_ID_CHARACTERS);
        for good in ["alice", "Алиса 2", "🦊", longest.as_str()] {
            assert_eq!(check_user_id(good), Ok(()), "{good}");
        }
        let too_long = "a".repeat(USER_ID_CHARACTERS + 1);
        let cases = [
            ("", BadUserId::Empty),
            (too_long.as_str(), BadUserId::TooLong),
            ("a\nb", BadUserId::Unprintable),
            ("\u{1b}[2J", BadUserId::Unprintable),
            ("abc\u{202e}def", BadUserId::Unprintable),
            ("   ", BadUserId::Unprintable),
        ];
        for (bad, why) in cases {
            assert_eq!(check_user_id(bad), Err(why), "{bad:?}");
        }
    }
}
