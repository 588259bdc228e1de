//! The way in: one client for all services.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;

use crate::auth::{AuthorizedKey, Credentials, TokenCache};
use crate::endpoint::{ApiEndpoint, DEFAULT_API_ENDPOINT, EndpointError, Endpoints, Service};
use crate::error::Error;
use crate::pace::{Pace, Rate, WaitWatch};

/// How to reach the cloud.
#[derive(Debug, Clone)]
pub struct Config {
    /// [`DEFAULT_API_ENDPOINT`] unless told otherwise.
    pub api_endpoint: String,
    /// How to get a token.
    pub credentials: Credentials,
    /// Base URLs of services that aren't where the endpoint's list says.
    pub overrides: BTreeMap<Service, String>,
    /// For a connection; 5 s.
    pub connect_timeout: Duration,
    /// For one try of a call, answer included; 30 s. No further try starts when
    /// as much has passed since the first one.
    pub request_timeout: Duration,
    /// How often a call is tried in all when nobody answers it; 4.
    pub attempts: u32,
    /// How often each service is called at most; as often as one likes. Calls
    /// with an idempotency key are counted and never wait: what was decided is
    /// done at once, or whoever decided it may have lost the right to.
    pub rate: Option<Rate>,
}

impl Config {
    /// The cloud itself, with the usual times.
    #[must_use]
    pub fn new(credentials: Credentials) -> Self {
        Self {
            api_endpoint: DEFAULT_API_ENDPOINT.to_owned(),
            credentials,
            overrides: BTreeMap::new(),
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            attempts: 4,
            rate: None,
        }
    }
}

/// A client of all services; clones share connections and the token.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) endpoints: Arc<Endpoints>,
    pub(crate) tokens: Arc<TokenCache>,
    pub(crate) pace: Arc<Pace>,
    pub(crate) waits: Option<WaitWatch>,
    pub(crate) attempts: u32,
    pub(crate) request_timeout: Duration,
}

impl Client {
    /// Checks the endpoints; calls nobody yet.
    pub fn new(config: Config) -> Result<Self, Error> {
        let api = ApiEndpoint::parse(&config.api_endpoint)?;
        for url in config.overrides.values() {
            ApiEndpoint::parse(url)?;
        }
        let http = connector(&config, api.is_plaintext())?;
        // A proxy doesn't know this machine's metadata.
        let metadata = match config.credentials {
            Credentials::Metadata { .. } => connector(&config, true)?,
            _ => http.clone(),
        };
        let endpoints = Arc::new(Endpoints::new(api, config.overrides));
        let tokens = TokenCache::new(
            config.credentials,
            http.clone(),
            metadata,
            Arc::clone(&endpoints),
        );
        Ok(Self {
            http,
            endpoints,
            tokens: Arc::new(tokens),
            pace: Arc::new(Pace::new(config.rate)),
            waits: None,
            attempts: config.attempts.max(1),
            request_timeout: config.request_timeout,
        })
    }

    /// The same client, which tells how long each call without an idempotency
    /// key waits for its turn ([`Config::rate`]), also when that is no time at
    /// all. So do clones, and clients of other keys made of it.
    #[must_use]
    pub fn telling_waits(self, told: impl Fn(Duration) + Send + Sync + 'static) -> Self {
        Self {
            waits: Some(WaitWatch::new(told)),
            ..self
        }
    }

    /// The same cloud with another key: connections and what is known of services
    /// are shared, tokens and the count of calls aren't.
    #[must_use]
    pub fn signed_in_with(&self, key: AuthorizedKey) -> Self {
        let credentials = Credentials::AuthorizedKey(Box::new(key));
        let (http, endpoints) = (self.http.clone(), Arc::clone(&self.endpoints));
        let tokens = TokenCache::new(credentials, http.clone(), http, endpoints);
        Self {
            tokens: Arc::new(tokens),
            pace: Arc::new(self.pace.anew()),
            ..self.clone()
        }
    }

    /// The tokens that calls carry; also good for YDB.
    #[must_use]
    pub fn tokens(&self) -> &Arc<TokenCache> {
        &self.tokens
    }

    /// The endpoint that services are looked up at.
    #[must_use]
    pub fn api_endpoint(&self) -> &ApiEndpoint {
        self.endpoints.api()
    }

    /// Base URL of a service, without a slash at the end.
    pub async fn base_url(&self, service: Service) -> Result<String, Error> {
        Ok(self.endpoints.base(&self.http, service).await?)
    }
}

/// `direct`: past the proxy that the environment names. Redirects aren't
/// followed: they would carry a body with secrets to wherever they point.
fn connector(config: &Config, direct: bool) -> Result<reqwest::Client, EndpointError> {
    let builder = reqwest::Client::builder()
        .connect_timeout(config.connect_timeout)
        .timeout(config.request_timeout)
        .redirect(Policy::none())
        .user_agent(concat!(
            env!("CARGO_PKG_NAME"),
            "/",
            env!("CARGO_PKG_VERSION")
        ));
    let builder = if direct { builder.no_proxy() } else { builder };
    builder.build().map_err(|error| EndpointError::Client {
        reason: crate::error::transport_cause(&error),
    })
}
