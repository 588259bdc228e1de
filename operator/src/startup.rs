//! From the command line to a running operator. Everything that can be wrong
//! with it is found here, and said in one line.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::FusedFuture;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::ListParams;
use kube::runtime::events::Reporter;
use kube::{Api, Client, Config};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use wschat_crds::MANAGER;
use yandex_cloud_rest::Rate;
use yandex_cloud_rest::auth::{AuthorizedKey, Credentials, WorkloadIdentity};

use crate::args::{CloudArgs, RunArgs};
use crate::cloud::Cloud;
use crate::context::{Context, Handler, Settings};
use crate::controller::{self, Watched};
use crate::error::{StartError, root_cause};
use crate::http::{self, Readiness};
use crate::lease::{LeaseSettings, campaign};
use crate::metrics::Metrics;
use crate::names::hex;
use crate::steps::sight::SHOWING_UP;
use crate::validate::Defaults;
use crate::watched::WatchedChat;

/// How often to look whether the definition of `WsChat` has come.
const DEFINITION: Duration = Duration::from_secs(2);

/// Far more than a few hundred chats need, and less than would keep others from
/// using the cloud; each account has its own.
const RATE: Rate = Rate {
    per_second: 30,
    burst: 100,
};

/// How long looks that are under way may take to end when the program stops.
const DRAIN: Duration = Duration::from_secs(8);

/// Runs the operator until SIGTERM or SIGINT.
pub(crate) async fn run(args: RunArgs) -> Result<(), StartError> {
    crate::telemetry::start(args.log_format);
    if let Some(problem) = args.problem() {
        return Err(StartError::Option(problem));
    }
    let (cloud, own_account) = connect_cloud(&args.cloud)?;
    let listener = http::listen(args.http_listen).await?;
    let kube = connect_kube().await?;
    let settings = Settings {
        probe_interval: (!args.probe_interval.is_zero()).then_some(args.probe_interval),
        ..settings(&args.cloud, own_account, &kube, args.resync).await?
    };
    let stop = stop_signal()?;
    operate(&args, kube, cloud, settings, listener, stop).await;
    Ok(())
}

/// What chats depend on, from the command line and the cluster; chats that serve
/// aren't probed.
pub(crate) async fn settings(
    args: &CloudArgs,
    own_account: Option<String>,
    kube: &Client,
    resync: Duration,
) -> Result<Settings, StartError> {
    let handler = read_handler(&args.handler_zip)?;
    let installation_id = match &args.installation_id {
        Some(id) => id.clone(),
        None => cluster_id(kube).await?,
    };
    let defaults = Defaults {
        folder_id: args.folder_id.clone(),
        installation_id,
        allowed_folders: args.allowed_folders.clone(),
        own_account,
    };
    Ok(Settings {
        defaults,
        handler,
        resync,
        probe_interval: None,
        showing_up: SHOWING_UP,
    })
}

async fn operate(
    args: &RunArgs,
    kube: Client,
    cloud: Cloud,
    settings: Settings,
    listener: TcpListener,
    stop: CancellationToken,
) {
    let metrics = Arc::new(Metrics::new(cloud.calls()));
    let readiness = Readiness::default();
    let pages = tokio::spawn(http::serve(
        listener,
        readiness.clone(),
        Arc::clone(&metrics),
        stop.clone(),
    ));
    let watched = match &args.watch_namespace {
        Some(namespace) => Watched {
            chats: Api::namespaced(kube.clone(), namespace),
            secrets: Api::namespaced(kube.clone(), namespace),
        },
        None => Watched {
            chats: Api::all(kube.clone()),
            secrets: Api::all(kube.clone()),
        },
    };
    if defined(&watched.chats, &stop).await {
        readiness.set(true);
        lead(args, kube, cloud, settings, metrics, watched, &stop).await;
    }
    stop.cancel();
    let _served = timeout(Duration::from_secs(1), pages).await;
}

/// Looks at chats whenever this replica leads.
async fn lead(
    args: &RunArgs,
    kube: Client,
    cloud: Cloud,
    settings: Settings,
    metrics: Arc<Metrics>,
    watched: Watched,
    stop: &CancellationToken,
) {
    let lease = lease_settings(args, &kube);
    let reporter = Reporter {
        controller: MANAGER.to_owned(),
        instance: Some(lease.identity.clone()),
    };
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        folder = settings.defaults.folder_id,
        installation = settings.defaults.installation_id,
        handler = settings.handler.version(),
        identity = lease.identity,
        "started"
    );
    let give_back = CancellationToken::new();
    let (leadership, campaign) = campaign(kube.clone(), lease, give_back.clone());
    let context = Context::new(kube, cloud, settings, leadership.clone(), reporter);
    let context = Context {
        metrics: Arc::clone(&metrics),
        ..context
    };
    let mut leadership = leadership;
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            gained = leadership.gained() => if !gained { break },
        }
        tracing::info!("this replica leads");
        metrics.leads(true);
        let term = stop.child_token();
        let context = Arc::new(context.anew());
        let running = controller::run(context, watched.clone(), term.clone()).fuse();
        tokio::pin!(running);
        tokio::select! {
            () = &mut running => {}
            () = leadership.lost() => tracing::warn!("this replica doesn't lead any more"),
            () = stop.cancelled() => {}
        }
        term.cancel();
        if !running.is_terminated() && timeout(DRAIN, running).await.is_err() {
            tracing::warn!("a look at a chat was cut short");
        }
        metrics.leads(false);
    }
    give_back.cancel();
    let _given_back = timeout(DRAIN, campaign).await;
}

fn lease_settings(args: &RunArgs, kube: &Client) -> LeaseSettings {
    let host = std::env::var("POD_NAME").or_else(|_| std::env::var("HOSTNAME"));
    let host = host.unwrap_or_else(|_| MANAGER.to_owned());
    // Two processes of one host are two candidates, and so is a restart.
    let identity = format!("{host}-{}", hex(uuid::Uuid::new_v4().as_bytes(), 8));
    LeaseSettings {
        namespace: args
            .lease_namespace
            .clone()
            .unwrap_or_else(|| kube.default_namespace().to_owned()),
        name: args.lease_name.clone(),
        duration: args.lease_duration,
        identity,
    }
}

fn read_handler(path: &Path) -> Result<Handler, StartError> {
    let zip = fs::read(path).map_err(|source| StartError::HandlerZip {
        path: path.to_owned(),
        source,
    })?;
    Ok(Handler::new(zip))
}

/// A client of the cloud, and the account that it signs in as, where that is
/// known.
pub(crate) fn connect_cloud(args: &CloudArgs) -> Result<(Cloud, Option<String>), StartError> {
    let (credentials, account) = credentials(args)?;
    let mut config = yandex_cloud_rest::Config::new(credentials);
    config.api_endpoint.clone_from(&args.api_endpoint);
    // One try a call: the next look tries again, after it made sure that this
    // replica still leads.
    config.attempts = 1;
    config.rate = Some(RATE);
    let client = yandex_cloud_rest::Client::new(config)
        .map_err(|error| StartError::Cloud(error.to_string()))?;
    Ok((Cloud::new(client), account))
}

/// How to sign in, and as which account, where that is known.
fn credentials(args: &CloudArgs) -> Result<(Credentials, Option<String>), StartError> {
    let ways = &args.credentials;
    if let Some(path) = &ways.service_account_key_file {
        // One that is no good is told now, and not by the first chat.
        let key = AuthorizedKey::read(path).map_err(|error| unusable(&error))?;
        let account = key.service_account_id().to_owned();
        return Ok((Credentials::KeyFile(path.clone()), Some(account)));
    }
    if let Some(account) = &ways.workload_identity_service_account_id {
        let more = &args.workload_identity;
        let (url, file) = (&more.token_exchange_url, &more.workload_identity_token_file);
        let identity = WorkloadIdentity::new(url, account, file);
        let identity = identity.map_err(|error| unusable(&error))?;
        let credentials = Credentials::WorkloadIdentity(identity);
        return Ok((credentials, Some(account.clone())));
    }
    let credentials = match &ways.iam_token_file {
        Some(path) => Credentials::TokenFile(path.clone()),
        None => Credentials::metadata(),
    };
    Ok((credentials, None))
}

fn unusable(credentials: &dyn std::error::Error) -> StartError {
    StartError::Credentials(root_cause(credentials))
}

/// A client of the cluster that the environment names.
pub(crate) async fn connect_kube() -> Result<Client, StartError> {
    let config = Config::infer()
        .await
        .map_err(|error| StartError::KubeConfig(root_cause(&error)))?;
    let url = config.cluster_url.to_string();
    let client =
        Client::try_from(config).map_err(|error| StartError::KubeConfig(root_cause(&error)))?;
    client
        .apiserver_version()
        .await
        .map_err(|error| StartError::KubeUnreachable(format!("{url}: {}", root_cause(&error))))?;
    Ok(client)
}

/// The UID of kube-system is as old and as unique as the cluster.
async fn cluster_id(kube: &Client) -> Result<String, StartError> {
    let namespace = Api::<Namespace>::all(kube.clone())
        .get("kube-system")
        .await
        .map_err(|source| StartError::kube("read the namespace kube-system", source))?;
    Ok(namespace.metadata.uid.unwrap_or_default())
}

fn stop_signal() -> Result<CancellationToken, StartError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(StartError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(StartError::Signals)?;
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        told.cancel();
    });
    Ok(stop)
}

/// Waits until the cluster knows `WsChat`. Answers false when the program is
/// stopped first.
async fn defined(chats: &Api<WatchedChat>, stop: &CancellationToken) -> bool {
    let mut told = String::new();
    loop {
        let problem = match chats.list(&ListParams::default().limit(1)).await {
            Ok(_) => return true,
            Err(kube::Error::Api(status)) if status.code == 404 => {
                "the cluster doesn't know WsChat yet; install the chart wschat-crds, or apply \
                 crds/wschat.yaml"
                    .to_owned()
            }
            Err(error) => StartError::list(error).to_string(),
        };
        if problem != told {
            tracing::warn!("waiting: {problem}");
            told = problem;
        }
        tokio::select! {
            () = sleep(DEFINITION) => {}
            () = stop.cancelled() => return false,
        }
    }
}
