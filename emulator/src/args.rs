//! Command line.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Parser;

/// Headings of the help.
const ADDRESSES: &str = "Addresses";
const CLOUD: &str = "Cloud";
const BEHAVIOUR: &str = "Behaviour";
const PROCESS: &str = "Process";

/// The folder that there is when none is named.
pub const DEFAULT_FOLDER: &str = "b1gemulator000000000";

/// A local Yandex Cloud for development and tests.
///
/// Prints one line of JSON with its addresses when it is ready; logs go to
/// stderr. It listens on loopback only and needs no account.
#[derive(Debug, Clone, Parser)]
#[command(name = "yc-emulator", version)]
pub struct Args {
    /// Where the REST API listens; port 0 takes a free one, with --state the
    /// same one at each start.
    #[arg(long, default_value = "127.0.0.1:8480", value_parser = loopback, help_heading = ADDRESSES)]
    pub listen: SocketAddr,

    /// Where the YDB gRPC API listens; port 0 as above.
    #[arg(long, default_value = "127.0.0.1:0", value_parser = loopback, help_heading = ADDRESSES)]
    pub ydb_listen: SocketAddr,

    /// Serves everything over TLS, and writes here, as PEM, the certificate of the
    /// authority that clients must trust; it is made anew at each start, unless
    /// --state keeps it.
    #[arg(long, value_name = "PATH", help_heading = ADDRESSES)]
    pub tls: Option<PathBuf>,

    /// Keeps the cloud in this folder, so that the next start on it goes on
    /// where this one ends, however it ends; without it, all is gone.
    ///
    /// Whatever was acknowledged is there again: resources with their ids and
    /// addresses, tables, topics, tokens, the clock. Operations that ran go on.
    /// Sockets end, as in a crash, and what the page at `/_emulator/` shows of
    /// requests, calls and messages starts anew. It survives the end of the
    /// process at any moment, but not of the machine: nothing is forced to the
    /// disk. The folder must be empty, new, or a state of the same format, and
    /// only one emulator at a time may use it.
    #[arg(long, value_name = "DIR", help_heading = CLOUD)]
    pub state: Option<PathBuf>,

    /// A folder of the emulated cloud; repeat it for more. The operator key's
    /// roles are on all of them. Default: those of the state, or
    /// b1gemulator000000000. With --state, folders may be added, none left out.
    #[arg(long, help_heading = CLOUD)]
    pub folder_id: Vec<String>,

    /// Writes an authorized key file of a service account that has the roles
    /// an operator needs. With --state, a file that is still good stays.
    #[arg(long, value_name = "PATH", help_heading = CLOUD)]
    pub operator_key: Option<PathBuf>,

    /// Writes an authorized key file of a service account with the role admin,
    /// for what an operator may not do: federations, further accounts.
    #[arg(long, value_name = "PATH", help_heading = CLOUD)]
    pub admin_key: Option<PathBuf>,

    /// How long operations take: one duration, or a range to draw from.
    #[arg(long, default_value = "300ms..1500ms", help_heading = BEHAVIOUR)]
    pub operation_delay: Delay,

    /// Makes ids and delays repeatable.
    #[arg(long, help_heading = BEHAVIOUR)]
    pub seed: Option<u64>,

    /// Overrides a quota, for example ydb.serverless-databases=100.
    #[arg(long, value_name = "NAME=VALUE", value_parser = quota, help_heading = CLOUD)]
    pub quota: Vec<(String, u64)>,

    /// How long a new trigger doesn't run yet; the cloud takes up to 5min.
    #[arg(long, default_value = "0s", value_parser = humantime::parse_duration, help_heading = BEHAVIOUR)]
    pub trigger_start_delay: Duration,

    /// How long an instance of a function lives without a call, by the emulated
    /// clock; the cloud promises nothing.
    #[arg(long, default_value = "10m", value_parser = humantime::parse_duration, help_heading = BEHAVIOUR)]
    pub function_idle_limit: Duration,

    /// How long a changed access binding goes unnoticed; the cloud takes about 5s.
    #[arg(long, default_value = "0s", value_parser = humantime::parse_duration, help_heading = BEHAVIOUR)]
    pub iam_propagation_delay: Duration,

    /// How long an IAM token is good for.
    #[arg(long, default_value = "12h", value_parser = humantime::parse_duration, help_heading = BEHAVIOUR)]
    pub iam_token_lifetime: Duration,

    /// The Node.js that runs functions; default: `node` of the search path.
    #[arg(long, value_name = "PATH", help_heading = PROCESS)]
    pub node: Option<PathBuf>,

    /// Log filter, for example info or `yc_emulator=debug`.
    #[arg(long, default_value = "info", help_heading = PROCESS)]
    pub log_level: String,
}

impl Args {
    /// The quotas that were given, by name.
    #[must_use]
    pub fn quotas(&self) -> BTreeMap<String, u64> {
        self.quota.iter().cloned().collect()
    }
}

/// How long an operation takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delay {
    /// At least.
    pub low: Duration,
    /// At most.
    pub high: Duration,
}

impl FromStr for Delay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = |part: &str| {
            humantime::parse_duration(part.trim())
                .map_err(|error| format!("{part:?} isn't a duration like 300ms: {error}"))
        };
        let (low, high) = text.split_once("..").unwrap_or((text, text));
        let delay = Self {
            low: parse(low)?,
            high: parse(high)?,
        };
        if delay.low > delay.high {
            return Err("the range must go from the shorter to the longer".to_owned());
        }
        Ok(delay)
    }
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text
        .parse()
        .map_err(|_| "give an address like 127.0.0.1:8480".to_owned())?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err("only loopback addresses: everybody who reaches it owns it".to_owned())
    }
}

fn quota(text: &str) -> Result<(String, u64), String> {
    let (name, value) = text.split_once('=').ok_or("give NAME=VALUE")?;
    if !crate::cloud::quotas::is_known(name) {
        let known: Vec<&str> = crate::cloud::quotas::names().collect();
        return Err(format!("unknown quota {name}; known: {}", known.join(", ")));
    }
    let value = value
        .parse()
        .map_err(|_| format!("{value:?} isn't a whole number"))?;
    Ok((name.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Args, Delay};
    use clap::{CommandFactory, Parser};

    #[test]
    fn a_delay_is_one_duration_or_a_range() {
        let exact: Delay = "0s".parse().unwrap();
        assert_eq!(
            exact,
            Delay {
                low: Duration::ZERO,
                high: Duration::ZERO
            }
        );
        let range: Delay = "300ms..1500ms".parse().unwrap();
        assert_eq!((range.low.as_millis(), range.high.as_millis()), (300, 1500));
        assert!("2s..1s".parse::<Delay>().is_err());
    }

    #[test]
    fn every_switch_is_under_a_heading() {
        let command = Args::command();
        command.clone().debug_assert();
        let bare = command
            .get_arguments()
            .filter(|argument| argument.get_help_heading().is_none())
            .map(|argument| argument.get_id().as_str());
        assert_eq!(bare.collect::<Vec<_>>(), Vec::<&str>::new());
    }

    #[test]
    fn it_listens_on_loopback_only_and_knows_its_quotas() {
        assert!(Args::try_parse_from(["yc-emulator", "--listen", "0.0.0.0:80"]).is_err());
        assert!(Args::try_parse_from(["yc-emulator", "--quota", "cats=3"]).is_err());
        let args =
            Args::try_parse_from(["yc-emulator", "--quota", "ydb.serverless-databases=9"]).unwrap();
        assert_eq!(args.quotas().get("ydb.serverless-databases"), Some(&9));
    }
}
