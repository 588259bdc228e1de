//! The command line. Every option is also read from an environment variable
//! `WSCHAT_…`, so that a Deployment may choose either.

mod durations;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use yandex_cloud_rest::ApiEndpoint;
use yandex_cloud_rest::auth::TOKEN_EXCHANGE_URL;

/// Turns `WsChat` resources into chats on Yandex Cloud.
#[derive(Debug, Parser)]
#[command(name = "wschat-operator", version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Watches `WsChat` resources and makes their chats.
    Run(Box<RunArgs>),
    /// Prints what applying a manifest would change in the cloud, and changes
    /// nothing. Ends with 0 if that is nothing, with 2 if it is something, and
    /// with 1 when it cannot be told.
    Plan(Box<PlanArgs>),
    /// Fails while `WsChat` resources exist; for use before an uninstall.
    CheckUninstall,
    /// Prints the definition of `WsChat` as YAML.
    Crd,
}

/// Which cloud, how to sign in to it, and what to make there.
#[derive(Debug, Args)]
pub struct CloudArgs {
    /// The cloud folder for chats that don't name one.
    #[arg(long, env = "WSCHAT_FOLDER_ID")]
    pub folder_id: String,

    /// The cloud's API; http:// is accepted on loopback only, and then
    /// everything is plaintext. `SSL_CERT_FILE` names certificate authorities
    /// to trust instead of the system's.
    #[arg(
        long,
        env = "WSCHAT_API_ENDPOINT",
        default_value = "https://api.cloud.yandex.net"
    )]
    pub api_endpoint: String,

    /// How the operator signs in to the cloud.
    #[command(flatten)]
    pub credentials: CredentialArgs,

    /// What workload identity needs beside the service account.
    #[command(flatten)]
    pub workload_identity: WorkloadIdentityArgs,

    /// The handler's zip, as `cargo xtask handler` builds it.
    #[arg(long, env = "WSCHAT_HANDLER_ZIP")]
    pub handler_zip: PathBuf,

    /// What tells this installation's resources from another's. Default: the
    /// UID of the namespace kube-system.
    #[arg(long, env = "WSCHAT_INSTALLATION_ID", value_parser = installation_id)]
    pub installation_id: Option<String>,

    /// Lets a namespace use a folder besides the operator's own; may be
    /// repeated.
    #[arg(
        long = "allow-folder",
        env = "WSCHAT_ALLOW_FOLDER",
        value_name = "NAMESPACE=FOLDER",
        value_delimiter = ','
    )]
    pub allowed_folders: Vec<AllowedFolder>,
}

/// Options of `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Which cloud, and so on: as for `run`.
    #[command(flatten)]
    pub cloud: CloudArgs,

    /// The manifest of one `WsChat`; - reads it from the standard input.
    #[arg(short = 'f', long = "filename", value_name = "FILE")]
    pub file: PathBuf,

    /// The manifest's namespace. Default: the one in it, else the kubeconfig's.
    #[arg(short = 'n', long)]
    pub namespace: Option<String>,
}

/// Options of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Which cloud, and so on.
    #[command(flatten)]
    pub cloud: CloudArgs,

    /// Watches this namespace only. Default: all.
    #[arg(long, env = "WSCHAT_WATCH_NAMESPACE")]
    pub watch_namespace: Option<String>,

    /// The namespace of the Lease. Default: the operator's own.
    #[arg(long, env = "WSCHAT_LEASE_NAMESPACE")]
    pub lease_namespace: Option<String>,

    /// The name of the Lease.
    #[arg(long, env = "WSCHAT_LEASE_NAME", default_value = "wschat-operator")]
    pub lease_name: String,

    /// How long a replica may be silent before another takes over: 3s to 1h.
    #[arg(long, env = "WSCHAT_LEASE_DURATION", default_value = "15s", value_parser = durations::lease, allow_hyphen_values = true)]
    pub lease_duration: Duration,

    /// Where /healthz, /readyz and /metrics are served.
    #[arg(long, env = "WSCHAT_HTTP_LISTEN", default_value = "0.0.0.0:8080")]
    pub http_listen: SocketAddr,

    /// How log lines look. Their level is set by `RUST_LOG` (default: info).
    #[arg(long, env = "WSCHAT_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,

    /// How often a chat is looked at when nothing happens: 10s to 7d.
    #[arg(long, env = "WSCHAT_RESYNC", default_value = "10m", value_parser = durations::interval, allow_hyphen_values = true)]
    pub resync: Duration,

    /// How often a chat that serves is probed: a socket is opened and a PING
    /// answered, which are three calls of its function. 10s to 7d; 0s: never.
    #[arg(long, env = "WSCHAT_PROBE_INTERVAL", default_value = "10m", value_parser = durations::interval_or_never, allow_hyphen_values = true)]
    pub probe_interval: Duration,
}

/// How the operator signs in to the cloud: exactly one way.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct CredentialArgs {
    /// An authorized key of the operator's service account
    /// (`yc iam key create --output …`).
    #[arg(long, env = "WSCHAT_SERVICE_ACCOUNT_KEY_FILE")]
    pub service_account_key_file: Option<PathBuf>,

    /// The service account of the virtual machine that this runs on.
    #[arg(long, env = "WSCHAT_METADATA_CREDENTIALS")]
    pub metadata_credentials: bool,

    /// A file with an IAM token, read anew for every use.
    #[arg(long, env = "WSCHAT_IAM_TOKEN_FILE")]
    pub iam_token_file: Option<PathBuf>,

    /// The service account that a federated credential links to this pod's
    /// Kubernetes account.
    #[arg(long, env = "WSCHAT_WORKLOAD_IDENTITY_SERVICE_ACCOUNT_ID")]
    pub workload_identity_service_account_id: Option<String>,
}

/// What workload identity needs beside the service account.
#[derive(Debug, Args)]
pub struct WorkloadIdentityArgs {
    /// Where this pod's projected token is mounted; read anew for each exchange.
    #[arg(
        long,
        env = "WSCHAT_WORKLOAD_IDENTITY_TOKEN_FILE",
        default_value = "/var/run/secrets/wschat/token"
    )]
    pub workload_identity_token_file: PathBuf,

    /// Where the cloud exchanges it for an IAM token; http:// is accepted on
    /// loopback only.
    #[arg(long, env = "WSCHAT_TOKEN_EXCHANGE_URL", default_value = TOKEN_EXCHANGE_URL)]
    pub token_exchange_url: String,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// A namespace's permission to use a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedFolder {
    /// The Kubernetes namespace.
    pub namespace: String,
    /// The cloud folder's id.
    pub folder_id: String,
}

impl FromStr for AllowedFolder {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((namespace, folder)) if !namespace.is_empty() && !folder.is_empty() => Ok(Self {
                namespace: namespace.to_owned(),
                folder_id: folder.to_owned(),
            }),
            _ => Err("write NAMESPACE=FOLDER, for example team=b1gexample".to_owned()),
        }
    }
}

/// The id becomes the value of a label, which IAM restricts most.
fn installation_id(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if (1..=63).contains(&text.len()) && text.chars().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err(
            "use 1 to 63 lowercase letters, digits, - and _: it becomes a label in the cloud"
                .to_owned(),
        )
    }
}

impl RunArgs {
    /// What of it makes no sense for a cloud that isn't on this machine, where
    /// tests look at chats as often as they like.
    pub(crate) fn problem(&self) -> Option<String> {
        if is_on_this_machine(&self.cloud.api_endpoint) {
            return None;
        }
        let resync = "each time, all that is in a folder is listed";
        let probe = "each probe is three calls of the chat's function";
        durations::too_short("--resync", self.resync, resync)
            .or_else(|| durations::too_short("--probe-interval", self.probe_interval, probe))
    }
}

/// Whether an endpoint is on this machine; what is none is told later.
fn is_on_this_machine(endpoint: &str) -> bool {
    ApiEndpoint::parse(endpoint).is_ok_and(|endpoint| endpoint.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(extra: &[&str]) -> Result<Cli, clap::Error> {
        let base = [
            "wschat-operator",
            "run",
            "--folder-id",
            "b1g",
            "--handler-zip",
            "h.zip",
        ];
        Cli::try_parse_from(base.iter().chain(extra))
    }

    #[test]
    fn exactly_one_way_to_sign_in_is_wanted() {
        assert!(run(&[]).is_err());
        assert!(run(&["--metadata-credentials"]).is_ok());
        assert!(run(&["--service-account-key-file", "k", "--iam-token-file", "t"]).is_err());
        let federated = ["--workload-identity-service-account-id", "aje"];
        assert!(run(&federated).is_ok());
        assert!(run(&[&federated[..], &["--metadata-credentials"]].concat()).is_err());
        assert!(run(&["--token-exchange-url", "https://auth"]).is_err());
    }

    #[test]
    fn folders_are_allowed_by_pairs() {
        let cli = run(&[
            "--metadata-credentials",
            "--allow-folder",
            "a=b1ga",
            "--allow-folder",
            "b=b1gb",
        ])
        .unwrap();
        let Command::Run(args) = cli.command else {
            panic!("not run")
        };
        assert_eq!(args.cloud.allowed_folders.len(), 2);
        assert_eq!(args.cloud.allowed_folders[1].folder_id, "b1gb");
        assert!(run(&["--metadata-credentials", "--allow-folder", "a"]).is_err());
    }

    #[test]
    fn impossible_leases_and_installations_are_refused() {
        assert!(run(&["--metadata-credentials", "--lease-duration", "1s"]).is_err());
        assert!(run(&["--metadata-credentials", "--lease-duration", "15s"]).is_ok());
        assert!(
            run(&[
                "--metadata-credentials",
                "--installation-id",
                "Main.Cluster"
            ])
            .is_err()
        );
    }

    #[test]
    fn tiny_intervals_are_for_clouds_on_this_machine() {
        let problem = |extra: &[&str]| {
            let cli = run(&[&["--metadata-credentials"], extra].concat()).unwrap();
            let Command::Run(args) = cli.command else {
                panic!("not run")
            };
            args.problem()
        };
        assert_eq!(problem(&[]), None);
        assert_eq!(problem(&["--probe-interval", "0s"]), None);
        for tiny in ["--resync=9s", "--probe-interval=1s"] {
            let told = problem(&[tiny]).unwrap();
            assert!(told.contains(tiny), "{told}");
            for here in ["http://127.0.0.1:1", "https://localhost:1"] {
                assert_eq!(problem(&[tiny, "--api-endpoint", here]), None);
            }
        }
    }

    #[test]
    fn wrong_durations_are_told_with_an_example() {
        for flag in ["--resync", "--probe-interval", "--lease-duration"] {
            for wrong in ["abc", "-1s", "5"] {
                let told = run(&["--metadata-credentials", flag, wrong]).unwrap_err();
                let told = told.to_string();
                assert!(told.contains(flag) && told.contains("10m"), "{told}");
            }
        }
    }
}
