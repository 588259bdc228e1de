//! From the name of a `WsChat` to its address.

use std::path::PathBuf;
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Api, Client, Config};
use thiserror::Error;
use tokio::time::{Instant, sleep, timeout};
use url::Url;
use wschat_crds::{ConditionStatus, ConditionType, WsChat};

use crate::exit::Exit;
use crate::text::harmless_line;

/// Between two looks at a chat that isn't Ready.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Where to ask.
#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    /// `--kubeconfig`.
    pub(crate) kubeconfig: Option<PathBuf>,
    /// `--context`.
    pub(crate) context: Option<String>,
    /// How long an answer may take.
    pub(crate) timeout: Duration,
    /// How long the chat may take to become Ready.
    pub(crate) wait: Duration,
}

/// Why there is no address.
#[derive(Debug, Error)]
pub(crate) enum ResolveError {
    #[error(
        "no cluster: {0}; name a kubeconfig with --kubeconfig, or the chat's address with --url"
    )]
    Config(String),
    #[error("can't reach the Kubernetes API: {0}")]
    Unreachable(String),
    #[error("the Kubernetes API denies it: {0}")]
    Denied(String),
    #[error("there is no WsChat {0}; `kubectl get wschats -A` lists them")]
    Missing(String),
    #[error("{chat} isn't Ready: {reason}: {message}")]
    NotReady {
        chat: String,
        reason: String,
        message: String,
    },
    #[error("the Kubernetes API refuses it: {0}")]
    Refused(String),
}

impl ResolveError {
    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Config(_) => Exit::Usage,
            Self::Unreachable(_) => Exit::Unreachable,
            Self::Denied(_) => Exit::Denied,
            Self::Missing(_) | Self::NotReady { .. } => Exit::NotReady,
            Self::Refused(_) => Exit::Unexpected,
        }
    }

    /// Whether time may help.
    fn may_pass(&self) -> bool {
        matches!(self, Self::Missing(_) | Self::NotReady { .. })
    }
}

/// A chat that serves.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// `namespace/name`.
    pub(crate) chat: String,
    /// Where it serves.
    pub(crate) url: Url,
    /// What the user may want to know about it.
    pub(crate) note: Option<String>,
}

/// Asks the cluster, and waits if so wished; `tell` hears what is waited for.
pub(crate) async fn find(
    cluster: &Cluster,
    namespace: Option<&str>,
    name: &str,
    mut tell: impl FnMut(&str),
) -> Result<Found, ResolveError> {
    let mut config = config(cluster).await?;
    config.connect_timeout = Some(cluster.timeout);
    let namespace = namespace.unwrap_or(&config.default_namespace).to_owned();
    let client = Client::try_from(config).map_err(|error| unreachable(&error))?;
    let api = Api::<WsChat>::namespaced(client, &namespace);
    let patience = Instant::now() + cluster.wait;
    let mut told = String::new();
    loop {
        match look(&api, &namespace, name, cluster.timeout).await {
            Err(error) if error.may_pass() && Instant::now() < patience => {
                let line = error.to_string();
                if line != told {
                    tell(&line);
                    told = line;
                }
                sleep(LOOK_EVERY).await;
            }
            result => return result,
        }
    }
}

async fn config(cluster: &Cluster) -> Result<Config, ResolveError> {
    let options = KubeConfigOptions {
        context: cluster.context.clone(),
        ..KubeConfigOptions::default()
    };
    let bad = |error: KubeconfigError| ResolveError::Config(harmless_line(&error.to_string()));
    if let Some(path) = &cluster.kubeconfig {
        let kubeconfig = Kubeconfig::read_from(path).map_err(bad)?;
        return Config::from_custom_kubeconfig(kubeconfig, &options)
            .await
            .map_err(bad);
    }
    match Config::from_kubeconfig(&options).await {
        Ok(config) => Ok(config),
        // Inside a pod.
        Err(error) if cluster.context.is_none() => Config::incluster().map_err(|_| bad(error)),
        Err(error) => Err(bad(error)),
    }
}

async fn look(
    api: &Api<WsChat>,
    namespace: &str,
    name: &str,
    within: Duration,
) -> Result<Found, ResolveError> {
    let chat = format!("{namespace}/{name}");
    match timeout(within, api.get_opt(name)).await {
        Ok(Ok(Some(object))) => readiness(chat, &object),
        Ok(Ok(None)) => Err(ResolveError::Missing(chat)),
        Ok(Err(kube::Error::Api(status))) => {
            let message = harmless_line(&status.message);
            Err(match status.code {
                401 | 403 => ResolveError::Denied(message),
                404 => ResolveError::Missing(chat),
                _ => ResolveError::Refused(message),
            })
        }
        Ok(Err(error)) => Err(unreachable(&error)),
        Err(_) => Err(ResolveError::Unreachable(format!(
            "no answer within {}",
            humantime::format_duration(within)
        ))),
    }
}

/// Whether the chat serves: Ready is True and the address is known. Ready stays
/// True with an older `observedGeneration` while a newer spec can't be made live;
/// what serves, serves.
fn readiness(chat: String, object: &WsChat) -> Result<Found, ResolveError> {
    let not_ready = |reason: &str, message: &str| ResolveError::NotReady {
        chat: chat.clone(),
        reason: harmless_line(reason),
        message: harmless_line(message),
    };
    let status = object.status.clone().unwrap_or_default();
    let named = |kind: ConditionType| {
        let mut all = status.conditions.iter();
        all.find(|condition| condition.type_ == kind.as_str())
    };
    let Some(ready) = named(ConditionType::Ready) else {
        return Err(not_ready(
            "NotSeen",
            "the operator hasn't looked at it yet; is it running?",
        ));
    };
    if ready.status != ConditionStatus::True {
        return Err(not_ready(&ready.reason, &ready.message));
    }
    let url = status.url.as_deref().map(Url::parse);
    let Some(Ok(url)) = url else {
        return Err(not_ready("NoAddress", "its status has no usable URL"));
    };
    let note = (ready.observed_generation < object.metadata.generation).then(|| {
        let stalled = named(ConditionType::Stalled)
            .filter(|condition| condition.status == ConditionStatus::True)
            .map(|condition| format!(" ({}: {})", condition.reason, condition.message));
        harmless_line(&format!(
            "the newest spec isn't live yet{}",
            stalled.unwrap_or_default()
        ))
    });
    Ok(Found { chat, url, note })
}

/// The innermost cause says most.
fn unreachable(error: &kube::Error) -> ResolveError {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    ResolveError::Unreachable(harmless_line(&cause.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn chat(status: &Value) -> Result<Found, ResolveError> {
        let object = json!({
            "apiVersion": "wschat.dev/v1alpha1",
            "kind": "WsChat",
            "metadata": {"name": "lobby", "generation": 3},
            "spec": {},
            "status": status,
        });
        let object = serde_json::from_value(object).expect("a WsChat");
        readiness("team/lobby".to_owned(), &object)
    }

    fn ready(status: &str, generation: i64) -> Value {
        json!({"type": "Ready", "status": status, "reason": "Provisioning",
               "message": "the database is being made", "observedGeneration": generation,
               "lastTransitionTime": "2026-01-01T00:00:00Z"})
    }

    #[test]
    fn a_ready_chat_has_an_address() {
        let found = chat(&json!({"url": "wss://h/ws", "conditions": [ready("True", 3)]}));
        let found = found.expect("Ready");
        assert_eq!((found.url.as_str(), found.note), ("wss://h/ws", None));
    }

    #[test]
    fn a_chat_with_a_bad_edit_still_serves() {
        let found = chat(
            &json!({"url": "wss://h/ws", "conditions": [ready("True", 2),
            {"type": "Stalled", "status": "True", "reason": "Invalid", "message": "no",
             "lastTransitionTime": "2026-01-01T00:00:00Z"}]}),
        );
        assert_eq!(
            found.expect("Ready").note.as_deref(),
            Some("the newest spec isn't live yet (Invalid: no)")
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        let cases = [
            (
                json!({}),
                "NotSeen: the operator hasn't looked at it yet; is it running?",
            ),
            (
                json!({"url": "wss://h/ws", "conditions": [ready("False", 3)]}),
                "Provisioning: the database is being made",
            ),
            (
                json!({"conditions": [ready("True", 3)]}),
                "NoAddress: its status has no usable URL",
            ),
        ];
        for (status, expected) in cases {
            let error = chat(&status).expect_err("not Ready");
            assert_eq!(error.exit(), Exit::NotReady);
            assert_eq!(
                error.to_string(),
                format!("team/lobby isn't Ready: {expected}")
            );
        }
    }
}
