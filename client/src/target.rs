//! Which chat is meant.

use thiserror::Error;
use url::Url;

/// Where the chat's address comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// The user knows the address.
    Url(Url),
    /// A `WsChat` in Kubernetes.
    Chat {
        /// As in `NS/NAME`; else the context's.
        namespace: Option<String>,
        /// `metadata.name`.
        name: String,
    },
}

/// What the command line and the environment say.
#[derive(Debug, Default, Clone)]
pub(crate) struct Hints<'a> {
    /// `--url`.
    pub(crate) url: Option<&'a str>,
    /// `--chat`.
    pub(crate) chat: Option<&'a str>,
    /// The positional NAME.
    pub(crate) name: Option<&'a str>,
    /// `WSCHAT_URL`.
    pub(crate) env_url: Option<&'a str>,
    /// `WSCHAT_CHAT`.
    pub(crate) env_chat: Option<&'a str>,
}

impl Hints<'_> {
    /// Whether the chat is known without a positional NAME.
    pub(crate) fn suffice(&self) -> bool {
        [self.url, self.chat, self.env_url, self.env_chat]
            .iter()
            .any(Option::is_some)
    }
}

/// What is wrong with the choice.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum TargetError {
    #[error("which chat? Give NAME, --chat [NS/]NAME or --url URL")]
    Missing,
    #[error("give one of NAME, --chat and --url")]
    Several,
    #[error("a chat's name looks like lobby or team/lobby")]
    BadName,
    #[error("the URL must look like wss://host/ws")]
    BadUrl,
    #[error("a URL must not hold a user name or a password")]
    Credentials,
}

/// Decides; the command line wins over the environment, a URL over a name.
pub(crate) fn choose(hints: &Hints<'_>) -> Result<Target, TargetError> {
    let given = [hints.url, hints.chat, hints.name];
    if given.iter().flatten().count() > 1 {
        return Err(TargetError::Several);
    }
    if let Some(url) = hints.url {
        return by_url(url);
    }
    if let Some(name) = hints.chat.or(hints.name) {
        return by_name(name);
    }
    match (hints.env_url, hints.env_chat) {
        (Some(url), _) => by_url(url),
        (None, Some(name)) => by_name(name),
        (None, None) => Err(TargetError::Missing),
    }
}

fn by_url(text: &str) -> Result<Target, TargetError> {
    let mut url = Url::parse(text).map_err(|_| TargetError::BadUrl)?;
    if !matches!(url.scheme(), "ws" | "wss") || url.host_str().is_none_or(str::is_empty) {
        return Err(TargetError::BadUrl);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(TargetError::Credentials);
    }
    url.set_fragment(None);
    Ok(Target::Url(url))
}

fn by_name(text: &str) -> Result<Target, TargetError> {
    let (namespace, name) = match text.split_once('/') {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, text),
    };
    // What is wrong beyond this, the API server says better.
    let plain = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|character| character.is_ascii_alphanumeric() || "-.".contains(character))
    };
    if !plain(name) || namespace.is_some_and(|namespace| !plain(namespace)) {
        return Err(TargetError::BadName);
    }
    Ok(Target::Chat {
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
    })
}

/// An address for messages: without its query, which may hold secrets.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(namespace: Option<&str>, name: &str) -> Target {
        Target::Chat {
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        }
    }

    #[test]
    fn the_command_line_wins_over_the_environment() {
        let hints = Hints {
            name: Some("lobby"),
            env_url: Some("ws://example.com/ws"),
            env_chat: Some("ops"),
            ..Hints::default()
        };
        assert_eq!(choose(&hints), Ok(chat(None, "lobby")));
        let hints = Hints {
            name: None,
            ..hints
        };
        assert!(matches!(choose(&hints), Ok(Target::Url(_))));
    }

    #[test]
    fn one_chat_and_only_one_must_be_named() {
        assert_eq!(choose(&Hints::default()), Err(TargetError::Missing));
        let two = Hints {
            chat: Some("a"),
            name: Some("b"),
            ..Hints::default()
        };
        assert_eq!(choose(&two), Err(TargetError::Several));
    }

    #[test]
    fn names_may_carry_their_namespace() {
        assert_eq!(by_name("team/lobby"), Ok(chat(Some("team"), "lobby")));
        for bad in ["", "/", "team/", "/lobby", "a/b/c", "lob by", "wss://x"] {
            assert_eq!(by_name(bad), Err(TargetError::BadName), "{bad}");
        }
    }

    #[test]
    fn urls_are_those_of_web_sockets() {
        assert!(by_url("wss://example.com/ws?a=1").is_ok());
        for bad in ["https://example.com/ws", "example.com", ""] {
            assert_eq!(by_url(bad), Err(TargetError::BadUrl), "{bad}");
        }
        assert_eq!(
            by_url("ws://u:p@example.com/"),
            Err(TargetError::Credentials)
        );
    }

    #[test]
    fn a_shown_url_has_no_query() {
        let url = Url::parse("wss://example.com/ws?token=secret").expect("a URL");
        assert_eq!(shown(&url), "wss://example.com/ws");
    }
}
