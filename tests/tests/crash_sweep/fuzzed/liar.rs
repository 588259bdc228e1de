//! Stands between the operator and the cloud, and spoils chosen answers.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::spoil::{Answer, spoilt};

/// Bytes of a request: more than the handler's archive has.
const LONGEST: usize = 16 << 20;

/// Which answers are spoilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lies {
    /// Says how.
    pub(crate) seed: u64,
    /// The first answer, from 0.
    pub(crate) from: u64,
    /// How many in a row.
    pub(crate) count: u64,
}

impl Lies {
    fn is_due(self, call: u64) -> bool {
        (self.from..self.from.saturating_add(self.count)).contains(&call)
    }
}

#[derive(Debug, Default)]
struct Told {
    lies: Option<Lies>,
    /// Calls since it was told what to spoil.
    calls: u64,
    /// What was spoilt.
    spoilt: Vec<String>,
}

/// Clones are one.
#[derive(Clone, Debug)]
pub(crate) struct Liar {
    told: Arc<Mutex<Told>>,
    http: reqwest::Client,
    /// Where the cloud is, and where this is.
    cloud: String,
    own: String,
}

impl Liar {
    /// Listens; the cloud is at `cloud`, a host and a port.
    pub(crate) async fn listen(cloud: &str) -> io::Result<(Self, JoinHandle<()>)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let liar = Self {
            told: Arc::default(),
            http: reqwest::Client::new(),
            cloud: cloud.to_owned(),
            own: listener.local_addr()?.to_string(),
        };
        let router = Router::new().fallback(pass).with_state(liar.clone());
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                eprintln!("the liar: {error}");
            }
        });
        Ok((liar, serving))
    }

    /// What the operator takes for the cloud.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.own)
    }

    /// Spoils these answers from now on.
    pub(crate) fn lie(&self, lies: Option<Lies>) {
        let mut told = self.told();
        told.lies = lies;
        told.calls = 0;
        told.spoilt.clear();
    }

    /// How many calls there were since.
    pub(crate) fn calls(&self) -> u64 {
        self.told().calls
    }

    /// What was spoilt since.
    pub(crate) fn spoilt(&self) -> Vec<String> {
        self.told().spoilt.clone()
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, request: Request) -> Result<Answer, String> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, LONGEST).await;
        let body = body.map_err(|error| error.to_string())?;
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut call = self
            .http
            .request(parts.method, format!("http://{}{path}", self.cloud))
            .body(body);
        for (name, value) in &parts.headers {
            if name != http::header::HOST && name != http::header::CONTENT_LENGTH {
                call = call.header(name, value);
            }
        }
        let answer = call.send().await.map_err(|error| error.to_string())?;
        let status = answer.status().as_u16();
        let text = answer.text().await.map_err(|error| error.to_string())?;
        Ok(Answer {
            status,
            content_type: "application/json",
            // All services are here.
            body: text.replace(&self.cloud, &self.own).into_bytes(),
        })
    }

    /// The answer as the operator gets it.
    fn passed_on(&self, call: &str, answer: Answer) -> Answer {
        let mut told = self.told();
        let number = told.calls;
        told.calls += 1;
        let Some(lies) = told.lies.filter(|lies| lies.is_due(number)) else {
            return answer;
        };
        let mut random = StdRng::seed_from_u64(lies.seed.wrapping_add(number));
        let spoilt = spoilt(answer, &mut random);
        let text = String::from_utf8_lossy(&spoilt.body);
        let start: String = text.chars().take(300).collect();
        told.spoilt
            .push(format!("{call}: {} {start}", spoilt.status));
        spoilt
    }
}

async fn pass(State(liar): State<Liar>, request: Request) -> Response {
    let call = format!("{} {}", request.method(), request.uri().path());
    let mut response = Response::new(Body::empty());
    let Ok(answer) = liar.ask(request).await else {
        *response.status_mut() = http::StatusCode::BAD_GATEWAY;
        return response;
    };
    let answer = liar.passed_on(&call, answer);
    if let Ok(status) = http::StatusCode::from_u16(answer.status) {
        *response.status_mut() = status;
    }
    let content_type = http::HeaderValue::from_static(answer.content_type);
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, content_type);
    *response.body_mut() = Body::from(answer.body);
    response
}
