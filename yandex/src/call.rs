//! One call: address, token, tries, answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::RngExt;
use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::auth::AuthError;
use crate::client::Client;
use crate::code::Code;
use crate::endpoint::{ApiEndpoint, EndpointError, Service};
use crate::error::{ApiError, Error};
use crate::model::FieldMask;

/// The first pause between two tries; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Says which call it was, to the cloud and back; the same for all its tries.
const REQUEST_ID: &str = "x-request-id";
/// Never right, so never sent.
const NO_MASK: &str = "an update must name in its mask what it changes; without a mask the cloud resets every field that is left out";

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

    /// An update. Its mask must name something.
    pub(crate) fn patch(
        service: Service,
        path: impl Into<String>,
        mask: Option<&FieldMask>,
        body: &impl Serialize,
    ) -> Self {
        let mut call = Self::new(service, Method::PATCH, path).body(body);
        if mask.is_none_or(FieldMask::is_empty) {
            call.body = Some(Err(NO_MASK.to_owned()));
        }
        call
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

    /// An answer to this call that makes no sense.
    pub(crate) fn unreadable(&self, message: &str) -> Error {
        Error::Decode {
            call: self.name(),
            message: format!("the answer can't be read: {message}"),
        }
    }

    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Whether it does no harm to do it twice.
    fn is_repeatable(&self) -> bool {
        self.key.is_some() || matches!(self.method, Method::GET | Method::DELETE)
    }

    /// Whether another try is worth it at once. A try that took all its time
    /// isn't followed by another: that is for the caller to decide.
    fn is_worth_another_try(&self, error: &Error) -> bool {
        match error {
            Error::Transport { cause, .. } => {
                error.is_transient()
                    && !cause.is_timeout()
                    && (self.is_repeatable() || cause.is_connect())
            }
            Error::Auth(AuthError::Transport { cause, .. })
            | Error::Endpoint(EndpointError::Discovery { cause, .. }) => !cause.is_timeout(),
            Error::Auth(AuthError::Failed { error }) => error.code == Code::Unavailable,
            Error::Api { .. } | Error::Auth(_) | Error::Endpoint(_) | Error::Decode { .. } => {
                error.is_transient()
            }
        }
    }
}

/// The path of one of a collection's resources. A slash in the id would make
/// another path; escaped, it is refused with the other odd letters.
pub(crate) fn item(collection: &str, id: &str) -> String {
    format!("{collection}/{}", id.replace('/', "%2F"))
}

/// The longest id that is asked about, in bytes: the cloud's have 20, and addresses
/// have no room for any length.
const LONGEST_ID: usize = 1_000;

/// An id with a slash or a question mark in it would make another path.
fn check_path(path: &str) -> Result<(), EndpointError> {
    let is_odd = |letter: char| !letter.is_ascii_graphic() || "?#%\\".contains(letter);
    let is_good = |segment: &str| {
        (1..=LONGEST_ID).contains(&segment.len())
            && !segment.starts_with([':', '.'])
            && !segment.contains(is_odd)
    };
    if path.split('/').skip(1).all(is_good) {
        Ok(())
    } else {
        Err(EndpointError::Path {
            path: path.chars().take(LONGEST_ID).collect(),
        })
    }
}

impl Client {
    /// Makes a call. What nobody answered, or answered UNAVAILABLE, is tried
    /// again a few times; a refused token is replaced once.
    pub(crate) async fn call<Reply: DeserializeOwned>(&self, call: &Call) -> Result<Reply, Error> {
        let body = self.answer(call).await?;
        // serde would read a list as an object's fields in order.
        if !body.trim_ascii_start().starts_with(b"{") {
            return Err(Error::Decode {
                call: call.name(),
                message: "the answer can't be read: it is no JSON object".to_owned(),
            });
        }
        decode(call.name(), &body)
    }

    async fn answer(&self, call: &Call) -> Result<Vec<u8>, Error> {
        check_path(&call.path)?;
        let started = Instant::now();
        let request_id = Uuid::new_v4().to_string();
        let mut pause = FIRST_PAUSE;
        let mut renewed = false;
        let mut tries = 1;
        loop {
            let error = match self.attempt(call, &request_id).await {
                Ok(body) => return Ok(body),
                Err(error) => error,
            };
            if error.code() == Some(Code::Unauthenticated) && !renewed {
                renewed = true;
                continue;
            }
            // A value of its own: the generator must not live across the pause.
            let share = rand::rng().random_range(0.5..1.0);
            let wait = pause.mul_f64(share);
            let late = started.elapsed() + wait >= self.request_timeout;
            if late || tries >= self.attempts || !call.is_worth_another_try(&error) {
                return Err(error);
            }
            tracing::debug!(call = call.name(), tries, %error, "trying again");
            tokio::time::sleep(wait).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            tries += 1;
        }
    }

    /// Waits until the call may be made. Mutations are only counted.
    async fn take_turn(&self, call: &Call) {
        let wait = self.pace.take(call.service, Instant::now());
        if call.key.is_some() {
            return;
        }
        if let Some(watch) = &self.waits {
            watch.tell(wait);
        }
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    async fn attempt(&self, call: &Call, request_id: &str) -> Result<Vec<u8>, Error> {
        self.take_turn(call).await;
        let token = self.tokens.get().await?;
        let base = self.endpoints.base(&self.http, call.service).await?;
        let mut request = self
            .http
            .request(call.method.clone(), format!("{base}{}", call.path))
            .bearer_auth(&token.value)
            .header(REQUEST_ID, request_id);
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
        self.send(call.name(), request, &token.value).await
    }

    /// A call to a function's own URL: any JSON in, what the function returns
    /// out. Tried again only when the token was refused.
    pub(crate) async fn call_url<Reply: DeserializeOwned>(
        &self,
        url: &str,
        query: &[(&str, &str)],
        body: &impl Serialize,
    ) -> Result<Reply, Error> {
        ApiEndpoint::parse(url)?;
        let name = format!("POST {url}");
        let request_id = Uuid::new_v4().to_string();
        let mut renewed = false;
        loop {
            let token = self.tokens.get().await?;
            let request = self
                .http
                .post(url)
                .query(query)
                .bearer_auth(&token.value)
                .header(REQUEST_ID, &request_id)
                .json(body);
            match self.send(name.clone(), request, &token.value).await {
                Err(error) if error.code() == Some(Code::Unauthenticated) && !renewed => {
                    renewed = true;
                }
                answer => return decode(name, &answer?),
            }
        }
    }

    /// Sends a request and reads a good answer's body; a refused token is
    /// forgotten.
    async fn send(
        &self,
        name: String,
        request: reqwest::RequestBuilder,
        token: &str,
    ) -> Result<Vec<u8>, Error> {
        let started = Instant::now();
        let result = read(&name, request).await;
        let elapsed = started.elapsed();
        match &result {
            Ok(_) => tracing::debug!(call = name, ?elapsed, "answered"),
            Err(error) => tracing::debug!(call = name, ?elapsed, %error, "failed"),
        }
        if let Err(error) = &result
            && error.code() == Some(Code::Unauthenticated)
        {
            self.tokens.invalidate(token);
        }
        result
    }
}

async fn read(name: &str, request: reqwest::RequestBuilder) -> Result<Vec<u8>, Error> {
    let lost = |error| Error::Transport {
        call: name.to_owned(),
        cause: Arc::new(error),
    };
    let answer = request.send().await.map_err(lost)?;
    let status = answer.status();
    let request_id = answer
        .headers()
        .get(REQUEST_ID)
        .and_then(|id| id.to_str().ok())
        .map(str::to_owned);
    let body = answer.bytes().await.map_err(lost)?;
    if status.is_success() {
        return Ok(body.to_vec());
    }
    let text = String::from_utf8_lossy(&body);
    Err(Error::Api {
        error: ApiError::parse(status.as_u16(), &text, request_id),
        call: name.to_owned(),
    })
}

fn decode<Reply: DeserializeOwned>(call: String, body: &[u8]) -> Result<Reply, Error> {
    serde_json::from_slice(body).map_err(|error| Error::Decode {
        call,
        message: format!("the answer can't be read: {error}"),
    })
}
