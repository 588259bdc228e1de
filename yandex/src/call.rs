//! One call: address, token, tries, answer.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::client::Client;
use crate::code::Code;
use crate::endpoint::Service;
use crate::error::{ApiError, Error};

/// The first pause between two tries; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A call to be made.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    service: Service,
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    body: Option<Result<Vec<u8>, String>>,
    key: Option<Uuid>,
}

impl Call {
    fn new(service: Service, method: Method, path: impl Into<String>) -> Self {
        Self {
            service,
            method,
            path: path.into(),
            query: Vec::new(),
            body: None,
            key: None,
        }
    }

    pub(crate) fn get(service: Service, path: impl Into<String>) -> Self {
        Self::new(service, Method::GET, path)
    }

    pub(crate) fn post(service: Service, path: impl Into<String>, body: &impl Serialize) -> Self {
        Self::new(service, Method::POST, path).body(body)
    }

    pub(crate) fn patch(service: Service, path: impl Into<String>, body: &impl Serialize) -> Self {
        Self::new(service, Method::PATCH, path).body(body)
    }

    pub(crate) fn delete(service: Service, path: impl Into<String>) -> Self {
        Self::new(service, Method::DELETE, path)
    }

    fn body(mut self, body: &impl Serialize) -> Self {
        self.body = Some(serde_json::to_vec(body).map_err(|error| error.to_string()));
        self
    }

    pub(crate) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// One key for all tries of this call.
    pub(crate) fn key(mut self, key: Uuid) -> Self {
        self.key = Some(key);
        self
    }

    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

impl Client {
    /// Makes a call. What nobody answered, or answered UNAVAILABLE, is tried
    /// again a few times; a refused token is replaced once.
    pub(crate) async fn call<Reply: DeserializeOwned>(&self, call: &Call) -> Result<Reply, Error> {
        let body = self.answer(call).await?;
        serde_json::from_slice(&body).map_err(|error| Error::Decode {
            call: call.name(),
            message: error.to_string(),
        })
    }

    async fn answer(&self, call: &Call) -> Result<Vec<u8>, Error> {
        let mut pause = FIRST_PAUSE;
        let mut renewed = false;
        let mut tries = 1;
        loop {
            let token = self.tokens.get().await?;
            let error = match self.attempt(call, &token.value).await {
                Ok(body) => return Ok(body),
                Err(error) => error,
            };
            if error.code() == Some(Code::Unauthenticated) && !renewed {
                renewed = true;
                self.tokens.invalidate(&token.value).await;
                continue;
            }
            if !error.is_transient() || tries >= self.attempts {
                return Err(error);
            }
            tracing::debug!(call = call.name(), tries, %error, "trying again");
            // A value of its own: the generator must not live across the pause.
            let share = rand::rng().random_range(0.5..1.0);
            tokio::time::sleep(pause.mul_f64(share)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            tries += 1;
        }
    }

    async fn attempt(&self, call: &Call, token: &str) -> Result<Vec<u8>, Error> {
        let base = self.endpoints.base(&self.http, call.service).await?;
        let mut request = self
            .http
            .request(call.method.clone(), format!("{base}{}", call.path))
            .bearer_auth(token)
            .header("x-request-id", Uuid::new_v4().to_string());
        if !call.query.is_empty() {
            request = request.query(&call.query);
        }
        if let Some(key) = call.key {
            request = request.header("Idempotency-Key", key.to_string());
        }
        if let Some(body) = &call.body {
            let body = body.clone().map_err(|message| Error::Decode {
                call: call.name(),
                message,
            })?;
            request = request
                .header("Content-Type", "application/json")
                .body(body);
        }
        read(call.name(), request).await
    }

    /// A call to a function's own URL: any JSON in, what the function returns out.
    pub(crate) async fn call_url<Reply: DeserializeOwned>(
        &self,
        url: &str,
        query: &[(&str, &str)],
        body: &impl Serialize,
    ) -> Result<Reply, Error> {
        let token = self.tokens.get().await?;
        let request = self
            .http
            .post(url)
            .query(query)
            .bearer_auth(&token.value)
            .json(body);
        let name = format!("POST {url}");
        let answer = read(name.clone(), request).await;
        if let Err(error) = &answer
            && error.code() == Some(Code::Unauthenticated)
        {
            self.tokens.invalidate(&token.value).await;
        }
        serde_json::from_slice(&answer?).map_err(|error| Error::Decode {
            call: name,
            message: error.to_string(),
        })
    }
}

/// Sends a request and reads a good answer's body.
async fn read(name: String, request: reqwest::RequestBuilder) -> Result<Vec<u8>, Error> {
    let lost = |source| Error::Transport {
        call: name.clone(),
        source: Arc::new(source),
    };
    let answer = request.send().await.map_err(lost)?;
    let status = answer.status();
    let request_id = answer
        .headers()
        .get("x-request-id")
        .and_then(|id| id.to_str().ok())
        .map(str::to_owned);
    let body = answer.bytes().await.map_err(lost)?;
    if status.is_success() {
        return Ok(body.to_vec());
    }
    let text = String::from_utf8_lossy(&body);
    Err(Error::Api {
        error: ApiError::parse(status.as_u16(), &text, request_id),
        call: name,
    })
}
