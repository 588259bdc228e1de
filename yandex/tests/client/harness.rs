//! A cloud of one listener: it records what it is asked and answers as the test
//! says, or else as the cloud would (endpoints, tokens).

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rsa::PrivateKey;
use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use yandex_cloud_rest::auth::{AuthorizedKey, Credentials};
use yandex_cloud_rest::{Client, Config};

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    /// JSON, a string of anything else, or null.
    pub(crate) body: Value,
}

impl Recorded {
    /// `METHOD path?query`.
    pub(crate) fn line(&self) -> String {
        let mark = if self.query.is_empty() { "" } else { "?" };
        format!("{} {}{mark}{}", self.method, self.path, self.query)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// What a request gets.
pub(crate) enum Reply {
    Json(u16, Value),
    Text(u16, &'static str),
    /// The connection ends without a word.
    Cut,
    /// Nothing, ever.
    Silence,
    /// A place to go to.
    Redirect(String),
}

/// A body as the cloud sends it with an error.
pub(crate) fn failure(http: u16, code: i32) -> Reply {
    Reply::Json(
        http,
        json!({ "code": code, "message": "no", "details": [] }),
    )
}

/// Nothing special.
pub(crate) fn ordinary(_: &Recorded) -> Option<Reply> {
    None
}

type Answers = dyn Fn(&Recorded) -> Option<Reply> + Send + Sync;

/// The listener and what it heard; ends when dropped.
pub(crate) struct Cloud {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Recorded>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Cloud {
    pub(crate) async fn start(
        answers: impl Fn(&Recorded) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        // Both may be there already.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::default();
        let task = tokio::spawn(listen(listener, Arc::new(answers), Arc::clone(&seen)));
        Self {
            address,
            seen,
            task,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// With a token that needs no exchange, and few and short tries.
    pub(crate) fn client(&self) -> Client {
        self.client_with(Credentials::Token("t1.static".to_owned()))
    }

    pub(crate) fn client_with(&self, credentials: Credentials) -> Client {
        Client::new(self.config(credentials)).unwrap()
    }

    pub(crate) fn config(&self, credentials: Credentials) -> Config {
        let mut config = Config::new(credentials);
        config.api_endpoint = self.url();
        config
    }

    pub(crate) fn seen(&self) -> Vec<Recorded> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Those of a path, in order.
    pub(crate) fn asked(&self, path: &str) -> Vec<Recorded> {
        let mut seen = self.seen();
        seen.retain(|request| request.path == path);
        seen
    }
}

async fn listen(listener: TcpListener, answers: Arc<Answers>, seen: Arc<Mutex<Vec<Recorded>>>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        connections.spawn(serve(stream, Arc::clone(&answers), Arc::clone(&seen)));
    }
}

async fn serve(stream: TcpStream, answers: Arc<Answers>, seen: Arc<Mutex<Vec<Recorded>>>) {
    let address = stream.local_addr().unwrap();
    let service = service_fn(move |request: http::Request<Incoming>| {
        let (answers, seen) = (Arc::clone(&answers), Arc::clone(&seen));
        async move {
            let request = record(request).await;
            let number = {
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.push(request.clone());
                seen.iter().filter(|one| one.path == request.path).count()
            };
            let reply = answers(&request).unwrap_or_else(|| usual(&request, address, number));
            answer(reply).await
        }
    });
    let _ended = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn record(request: http::Request<Incoming>) -> Recorded {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Recorded {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body: readable(&body),
    }
}

fn readable(body: &[u8]) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    let text = || Value::String(String::from_utf8_lossy(body).into_owned());
    serde_json::from_slice(body).unwrap_or_else(|_| text())
}

async fn answer(reply: Reply) -> Result<http::Response<Full<Bytes>>, std::io::Error> {
    let response = http::Response::builder().header("x-request-id", "from-header");
    let response = match reply {
        Reply::Json(status, body) => response.status(status).body(body.to_string().into()),
        Reply::Text(status, body) => response.status(status).body(body.into()),
        Reply::Redirect(to) => response
            .status(StatusCode::TEMPORARY_REDIRECT)
            .header("location", to)
            .body(Full::default()),
        Reply::Cut => return Err(std::io::Error::other("cut")),
        Reply::Silence => std::future::pending().await,
    };
    Ok(response.unwrap())
}

/// What the cloud answers: endpoints, the nth token, and else an operation.
fn usual(request: &Recorded, address: SocketAddr, number: usize) -> Reply {
    let address = address.to_string();
    let endpoint = |id: &str| json!({ "id": id, "address": address });
    let body = match request.path.as_str() {
        "/endpoints" => json!({ "endpoints": IDS.map(endpoint) }),
        "/iam/v1/tokens" => json!({
            "iamToken": format!("t1.{number}"),
            "expiresAt": (jiff::Timestamp::now() + Duration::from_hours(12)).to_string(),
        }),
        _ => json!({ "id": "operation", "done": false }),
    };
    Reply::Json(200, body)
}

const IDS: [&str; 8] = [
    "iam",
    "resource-manager",
    "serverless-functions",
    "serverless-apigateway",
    "serverless-gateway-connections",
    "serverless-triggers",
    "ydb",
    "operation",
];

/// A key pair, made once: it takes a while.
pub(crate) struct Pair {
    pub(crate) private_pem: String,
    pub(crate) public_pem: String,
}

pub(crate) static PAIR: LazyLock<Pair> = LazyLock::new(|| {
    let private = PrivateKey::new(&mut rand::rng(), 2048).unwrap();
    Pair {
        private_pem: private.to_pkcs8_pem(LineEnding::LF).unwrap().to_string(),
        public_pem: private
            .to_public_key()
            .to_public_key_pem(LineEnding::LF)
            .unwrap(),
    }
});

/// Credentials of the account `aje` with the key `ajk`.
pub(crate) fn authorized_key() -> Credentials {
    let key = AuthorizedKey::new("ajk", "aje", &PAIR.private_pem).unwrap();
    Credentials::AuthorizedKey(Box::new(key))
}

/// Answers a path and leaves all others as they usually are.
pub(crate) fn at(
    path: &'static str,
    reply: impl Fn(&Recorded) -> Reply + Send + Sync + 'static,
) -> impl Fn(&Recorded) -> Option<Reply> + Send + Sync + 'static {
    move |request| (request.path == path).then(|| reply(request))
}

/// One reply after the other; the last one for ever.
pub(crate) fn in_turn(
    path: &'static str,
    replies: impl IntoIterator<Item = fn() -> Reply>,
) -> impl Fn(&Recorded) -> Option<Reply> + Send + Sync + 'static {
    let replies: Vec<fn() -> Reply> = replies.into_iter().collect();
    let next = Mutex::new(0);
    at(path, move |_| {
        let mut next = next.lock().unwrap_or_else(PoisonError::into_inner);
        let reply = replies[(*next).min(replies.len() - 1)];
        *next += 1;
        reply()
    })
}
