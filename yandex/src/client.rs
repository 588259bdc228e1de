//! The way in: one client for all services.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::auth::{Credentials, TokenCache};
use crate::endpoint::{ApiEndpoint, DEFAULT_API_ENDPOINT, EndpointError, Endpoints, Service};
use crate::error::Error;

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
    /// For one try of a call, answer included; 30 s.
    pub request_timeout: Duration,
    /// How often a call is tried in all when nobody answers it; 4.
    pub attempts: u32,
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
        }
    }
}

/// A client of all services; clones share connections and the token.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) endpoints: Arc<Endpoints>,
    pub(crate) tokens: Arc<TokenCache>,
    pub(crate) attempts: u32,
}

impl Client {
    /// Checks the endpoint; calls nobody yet.
    pub fn new(config: Config) -> Result<Self, Error> {
        let api = ApiEndpoint::parse(&config.api_endpoint)?;
        let http = reqwest::Client::builder()
            .connect_timeout(config.connect_timeout)
            .timeout(config.request_timeout)
            .user_agent(concat!("wschat/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|source| EndpointError::Malformed {
                endpoint: config.api_endpoint,
                reason: source.to_string(),
            })?;
        let endpoints = Arc::new(Endpoints::new(api, config.overrides));
        let tokens = TokenCache::new(config.credentials, http.clone(), Arc::clone(&endpoints));
        Ok(Self {
            http,
            endpoints,
            tokens: Arc::new(tokens),
            attempts: config.attempts.max(1),
        })
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
