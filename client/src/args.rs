//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

const EXAMPLES: &str = "\
Examples:
  wschat join lobby                        join the chat of WsChat `lobby`
  wschat join --url wss://host/ws --nick alice
  echo 'deployed 1.4.2' | wschat send lobby
  wschat tail team/lobby --json | jq -r .text
";

const EXIT_CODES: &str = "\
Exit codes: 0 clean, 1 unexpected, 2 usage, 3 chat missing or not Ready, \
4 DNS, TCP or TLS, 5 denied (401, 403), 6 disconnected, 7 not acknowledged, \
8 too large or wrong protocol, 130 and 143 signals.";

/// The chat client for terminals and pipes.
#[derive(Debug, Parser)]
#[command(name = "wschat", version, before_help = EXAMPLES, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Join a chat: read and write.
    ///
    /// On a terminal, with an editor that survives incoming messages; else one message
    /// per line of standard input, each acknowledged before the next, until its end.
    Join(JoinArgs),
    /// Send one message, or the lines of standard input, and wait for the acknowledgement.
    Send(SendArgs),
    /// Show what is written in a chat; never reads standard input.
    Tail(TailArgs),
    /// Print the address of a chat that is Ready.
    Url(UrlArgs),
    /// Print a completion script for a shell.
    Completions {
        /// Which shell.
        shell: Shell,
    },
}

/// Which chat.
#[derive(Debug, Args)]
pub(crate) struct ChatArgs {
    /// The chat's address, ws:// or wss:// [env: WSCHAT_URL]
    #[arg(long, value_name = "URL", conflicts_with = "chat")]
    pub(crate) url: Option<String>,
    /// The WsChat in Kubernetes [env: WSCHAT_CHAT]
    #[arg(long, value_name = "[NS/]NAME")]
    pub(crate) chat: Option<String>,
    /// Its namespace; default: the context's
    #[arg(short, long, env = "WSCHAT_NAMESPACE")]
    pub(crate) namespace: Option<String>,
    /// The kubeconfig's context; default: the current one
    #[arg(long, env = "WSCHAT_CONTEXT")]
    pub(crate) context: Option<String>,
    /// The kubeconfig; default: KUBECONFIG, then ~/.kube/config
    #[arg(long, value_name = "PATH", env = "WSCHAT_KUBECONFIG")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Wait so long for the WsChat to become Ready, for example 2m
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = humantime::parse_duration, env = "WSCHAT_WAIT")]
    pub(crate) wait: Duration,
    /// Give up connecting after this time
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration, env = "WSCHAT_CONNECT_TIMEOUT")]
    pub(crate) connect_timeout: Duration,
}

/// How to be connected.
#[derive(Debug, Args)]
pub(crate) struct LinkArgs {
    /// Your name; a second connection under one name replaces the first.
    /// Default: the user's name (`tail`: with a random ending)
    #[arg(
        long,
        value_name = "NAME",
        visible_alias = "user-id",
        env = "WSCHAT_NICK"
    )]
    pub(crate) nick: Option<String>,
    /// Certificate authorities to trust as well, in PEM
    #[arg(long, value_name = "PATH", env = "WSCHAT_CACERT")]
    pub(crate) cacert: Option<PathBuf>,
    /// How long a message may go without acknowledgement
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = humantime::parse_duration, env = "WSCHAT_ACK_TIMEOUT")]
    pub(crate) ack_timeout: Duration,
    /// End when the connection breaks
    #[arg(long)]
    pub(crate) no_reconnect: bool,
    /// How long to try to get a broken connection back
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = humantime::parse_duration, env = "WSCHAT_RETRY_FOR")]
    pub(crate) retry_for: Duration,
}

/// How to show things.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Events as JSON, one on a line
    #[arg(long)]
    pub(crate) json: bool,
    /// Colours; `auto` heeds NO_COLOR
    #[arg(long, value_enum, default_value_t, env = "WSCHAT_COLOR")]
    pub(crate) color: Color,
    /// No notices on standard error, errors only
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// More notices on standard error
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On terminals.
    #[default]
    Auto,
    /// Also into pipes and files.
    Always,
    /// Not at all.
    Never,
}

/// `wschat join`.
#[derive(Debug, Args)]
pub(crate) struct JoinArgs {
    /// The WsChat in Kubernetes: [NS/]NAME
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) chat: ChatArgs,
    #[command(flatten)]
    pub(crate) link: LinkArgs,
    #[command(flatten)]
    pub(crate) show: ShowArgs,
    /// Never read standard input
    #[arg(long)]
    pub(crate) no_input: bool,
}

/// `wschat send`.
#[derive(Debug, Args)]
pub(crate) struct SendArgs {
    /// [NAME] [TEXT]...: the WsChat, unless --url, --chat or the environment names the chat,
    /// then the message. Without TEXT the lines of standard input are sent.
    #[arg(value_name = "NAME|TEXT")]
    pub(crate) words: Vec<String>,
    #[command(flatten)]
    pub(crate) chat: ChatArgs,
    #[command(flatten)]
    pub(crate) link: LinkArgs,
    /// No notices on standard error, errors only: this is the default
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Notices on standard error
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

/// `wschat tail`.
#[derive(Debug, Args)]
pub(crate) struct TailArgs {
    /// The WsChat in Kubernetes: [NS/]NAME
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) chat: ChatArgs,
    #[command(flatten)]
    pub(crate) link: LinkArgs,
    #[command(flatten)]
    pub(crate) show: ShowArgs,
}

/// `wschat url`.
#[derive(Debug, Args)]
pub(crate) struct UrlArgs {
    /// The WsChat in Kubernetes: [NS/]NAME
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) chat: ChatArgs,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn old_users_know_user_id() {
        let cli = Cli::try_parse_from(["wschat", "join", "--url", "ws://h/", "--user-id", "al"]);
        let Ok(Cli {
            command: Command::Join(join),
        }) = cli
        else {
            panic!("not understood: {cli:?}");
        };
        assert_eq!(join.link.nick.as_deref(), Some("al"));
        assert_eq!(join.link.ack_timeout, Duration::from_secs(5));
        assert_eq!(join.link.retry_for, Duration::from_mins(10));
    }
}
