//! What a line in the editor means.

/// What `/help` says.
pub(crate) const HELP: &str = "\
  Enter sends. Up and Down bring earlier lines back.
  Ctrl-C clears the line, or quits when it is empty. Ctrl-D quits.
  /help   this
  /quit   quits
  //text  sends /text";

/// A line, understood.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    /// An empty line.
    Nothing,
    /// `/help`.
    Help,
    /// `/quit`.
    Quit,
    /// A slash and something else.
    Unknown(String),
    /// A message.
    Text(String),
}

/// Understands a line, or a pasted block.
pub(crate) fn understand(line: &str) -> Typed {
    let line = line.trim_end();
    if line.trim().is_empty() {
        return Typed::Nothing;
    }
    match line.strip_prefix('/') {
        Some(text) if text.starts_with('/') => Typed::Text(text.to_owned()),
        Some("help" | "?") => Typed::Help,
        Some("quit" | "exit" | "q") => Typed::Quit,
        Some(_) => Typed::Unknown(line.split_whitespace().take(1).collect()),
        None => Typed::Text(line.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_begin_commands() {
        let text = |text: &str| Typed::Text(text.to_owned());
        let cases = [
            ("", Typed::Nothing),
            ("  \n ", Typed::Nothing),
            ("/help", Typed::Help),
            ("/quit ", Typed::Quit),
            ("/drop it", Typed::Unknown("/drop".to_owned())),
            ("//etc", text("/etc")),
            ("hello /quit", text("hello /quit")),
            (" two\nlines\n", text(" two\nlines")),
        ];
        for (line, expected) in cases {
            assert_eq!(understand(line), expected, "{line:?}");
        }
    }
}
