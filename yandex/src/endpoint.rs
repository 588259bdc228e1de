//! Where each service is: `GET /endpoints` tells, without a token.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use url::{Host, Url};

use crate::error::transport_cause;
use crate::model::endpoint::ListApiEndpointsResponse;

/// The cloud's own API endpoint.
pub const DEFAULT_API_ENDPOINT: &str = "https://api.cloud.yandex.net";

/// How long a list of addresses is used before it is asked for anew.
const KEPT: Duration = Duration::from_mins(10);

/// A service, by its endpoint's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Service accounts, keys, tokens.
    Iam,
    /// Folders and who may what in them.
    ResourceManager,
    /// Functions, versions, tags.
    Functions,
    /// API gateways.
    ApiGateway,
    /// Open WebSocket connections.
    Connections,
    /// Triggers.
    Triggers,
    /// YDB databases.
    Ydb,
    /// Operations of all services.
    Operation,
    /// Quotas of a cloud.
    QuotaManager,
}

impl Service {
    /// Its ids in the list; the first one found counts.
    fn ids(self) -> &'static [&'static str] {
        match self {
            Self::Iam => &["iam"],
            Self::ResourceManager => &["resource-manager", "resourcemanager"],
            Self::Functions => &["serverless-functions"],
            Self::ApiGateway => &["serverless-apigateway"],
            Self::Connections => &["serverless-gateway-connections", "apigateway-connections"],
            Self::Triggers => &["serverless-triggers"],
            Self::Ydb => &["ydb"],
            Self::Operation => &["operation"],
            Self::QuotaManager => &["quota-manager"],
        }
    }
}

/// It isn't known where to call.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EndpointError {
    /// No URL.
    #[error(
        "the endpoint {endpoint:?} is not a URL: {reason}; give one such as {DEFAULT_API_ENDPOINT}"
    )]
    Malformed {
        /// As given.
        endpoint: String,
        /// What the parser says.
        reason: String,
    },
    /// Plain HTTP to another machine would show tokens to everybody between.
    #[error(
        "the endpoint {endpoint:?} must start with https://; http:// is accepted for this machine only"
    )]
    Plaintext {
        /// As given.
        endpoint: String,
    },
    /// Nobody answered.
    #[error(
        "the API endpoint {endpoint} did not say where its services are: {}; check the address and the network",
        transport_cause(cause)
    )]
    Discovery {
        /// Where it was asked.
        endpoint: String,
        /// What went wrong.
        cause: Arc<reqwest::Error>,
    },
    /// The list names a place that must not be called.
    #[error("the API endpoint {endpoint} says that {service:?} is at {address:?}: {reason}")]
    Address {
        /// Where it was asked.
        endpoint: String,
        /// Which one.
        service: Service,
        /// As listed.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An id would make another path than the one that is meant.
    #[error(
        "{path:?} is no path to call: an id in it is empty, too long or has characters that no \
         id has"
    )]
    Path {
        /// As it would be, if it isn't too long.
        path: String,
    },
    /// There can't be a client.
    #[error(
        "no HTTPS client can be made: {reason}; are the root certificates installed (package ca-certificates)?"
    )]
    Client {
        /// What the library says.
        reason: String,
    },
    /// The list lacks it.
    #[error("the API endpoint {endpoint} lists no service {service:?}")]
    Missing {
        /// Where it was asked.
        endpoint: String,
        /// Which one.
        service: Service,
    },
}

impl EndpointError {
    /// Whether asking again may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Discovery { .. })
    }
}

/// A checked API endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiEndpoint {
    base: String,
    scheme: &'static str,
    is_loopback: bool,
}

impl ApiEndpoint {
    /// Checks an endpoint's URL: `https://`, or `http://` on loopback, which
    /// makes everything that it announces plain HTTP as well.
    pub fn parse(endpoint: &str) -> Result<Self, EndpointError> {
        let url = Url::parse(endpoint).map_err(|error| EndpointError::Malformed {
            endpoint: endpoint.to_owned(),
            reason: error.to_string(),
        })?;
        let scheme = match url.scheme() {
            "https" => "https",
            "http" if is_loopback(&url) => "http",
            "http" => {
                return Err(EndpointError::Plaintext {
                    endpoint: endpoint.to_owned(),
                });
            }
            other => {
                return Err(EndpointError::Malformed {
                    endpoint: endpoint.to_owned(),
                    reason: format!("the scheme {other:?} is none of https and http"),
                });
            }
        };
        let base = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self {
            base,
            scheme,
            is_loopback: is_loopback(&url),
        })
    }

    /// `http` or `https`: for everything that this endpoint announces.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// Whether this is a cloud on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// Whether this is a cloud on this machine that is asked without TLS.
    #[must_use]
    pub fn is_plaintext(&self) -> bool {
        self.scheme == "http"
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

/// All services' addresses, asked for now and then and overridable one by one.
#[derive(Debug)]
pub(crate) struct Endpoints {
    api: ApiEndpoint,
    overrides: BTreeMap<Service, String>,
    listed: Mutex<Option<Listed>>,
}

/// What was answered, and when.
#[derive(Debug, Clone)]
struct Listed {
    since: Instant,
    list: Arc<ListApiEndpointsResponse>,
}

impl Endpoints {
    pub(crate) fn new(api: ApiEndpoint, overrides: BTreeMap<Service, String>) -> Self {
        Self {
            api,
            overrides,
            listed: Mutex::default(),
        }
    }

    pub(crate) fn api(&self) -> &ApiEndpoint {
        &self.api
    }

    /// Base URL of a service, without a slash at the end.
    pub(crate) async fn base(
        &self,
        http: &reqwest::Client,
        service: Service,
    ) -> Result<String, EndpointError> {
        if let Some(base) = self.overrides.get(&service) {
            return Ok(base.trim_end_matches('/').to_owned());
        }
        let list = self.listed(http).await?;
        let found = service
            .ids()
            .iter()
            .find_map(|id| list.endpoints.iter().find(|endpoint| endpoint.id == *id));
        let base = match found {
            Some(endpoint) => self.checked(service, &endpoint.address),
            None => Err(EndpointError::Missing {
                endpoint: self.api.base.clone(),
                service,
            }),
        };
        if base.is_err() {
            self.forget(&list).await;
        }
        base
    }

    /// The list, which is asked for when there is none yet or when it is old.
    /// An old one is better than none.
    async fn listed(
        &self,
        http: &reqwest::Client,
    ) -> Result<Arc<ListApiEndpointsResponse>, EndpointError> {
        let mut kept = self.listed.lock().await;
        let old = kept.as_ref().map(|listed| Arc::clone(&listed.list));
        let is_fresh = |listed: &Listed| listed.since.elapsed() < KEPT;
        let list = match (old, kept.as_ref().is_some_and(is_fresh)) {
            (Some(list), true) => return Ok(list),
            (old, _) => match (self.list(http).await, old) {
                (Ok(list), _) => Arc::new(list),
                (Err(error), Some(old)) => {
                    tracing::debug!(%error, "the services' addresses are kept as they were");
                    old
                }
                (Err(error), None) => return Err(error),
            },
        };
        *kept = Some(Listed {
            since: Instant::now(),
            list: Arc::clone(&list),
        });
        Ok(list)
    }

    /// A list that is no good isn't kept: it may be a lame answer, and the next
    /// call asks anew.
    async fn forget(&self, list: &Arc<ListApiEndpointsResponse>) {
        let mut kept = self.listed.lock().await;
        kept.take_if(|listed| Arc::ptr_eq(&listed.list, list));
    }

    /// A cloud on this machine may not send tokens to another one in plain HTTP.
    fn checked(&self, service: Service, address: &str) -> Result<String, EndpointError> {
        let url = format!("{}://{address}", self.api.scheme);
        let refuse = |error: EndpointError| EndpointError::Address {
            endpoint: self.api.base.clone(),
            service,
            address: address.to_owned(),
            reason: error.to_string(),
        };
        let checked = ApiEndpoint::parse(&url).map_err(refuse)?;
        Ok(checked.base)
    }

    async fn list(
        &self,
        http: &reqwest::Client,
    ) -> Result<ListApiEndpointsResponse, EndpointError> {
        let failed = |error| EndpointError::Discovery {
            endpoint: self.api.base.clone(),
            cause: Arc::new(error),
        };
        let answer = http
            .get(format!("{}/endpoints", self.api.base))
            .send()
            .await;
        let answer = answer
            .and_then(reqwest::Response::error_for_status)
            .map_err(failed)?;
        answer.json().await.map_err(failed)
    }
}
