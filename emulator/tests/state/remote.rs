//! The emulated cloud as a client sees it who waits until it is back.

use std::time::{Duration, Instant};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use prost::Message;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tonic::Code;
use tonic::transport::{Channel, Endpoint};
use uuid::Uuid;
use ydb_grpc::ydb_proto::operations::Operation;

use crate::program::Program;

pub(crate) const FOLDER: &str = "b1gemulator000000000";
const AUDIENCE: &str = "https://iam.api.cloud.yandex.net/iam/v1/tokens";
/// How long it may be away, or an operation run.
const PATIENCE: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(10);
const SUCCESS: i32 = 400_000;

/// A client with one token, for all starts: it must stay good.
#[derive(Clone)]
pub(crate) struct Remote {
    http: Client,
    api: String,
    token: String,
}

/// A script in YQL, as `Ydb.Scripting.V1` takes it.
#[derive(Clone, PartialEq, Message)]
struct Script {
    #[prost(string, tag = "2")]
    script: String,
}

/// What YDB answers to any unary call.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Answer {
    #[prost(message, optional, tag = "1")]
    pub(crate) operation: Option<Operation>,
}

impl Remote {
    pub(crate) async fn of(program: &Program) -> Self {
        // Ready was read: the key file is there, and tells nothing of addresses.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder().no_proxy().build().unwrap();
        let api = program.api.clone().unwrap();
        let text = std::fs::read_to_string(&program.key).unwrap();
        let key: Value = serde_json::from_str(&text).unwrap();
        let jwt = signed(&key);
        let url = format!("{api}/iam/v1/tokens");
        let answer = http.post(url).json(&json!({ "jwt": jwt })).send().await;
        let answer: Value = answer.unwrap().json().await.unwrap();
        let token = answer["iamToken"].as_str().unwrap().to_owned();
        Self { http, api, token }
    }

    /// Asks until there is an answer, each time with the same key.
    async fn ask(&self, method: &Method, path: &str, key: Uuid, body: &Value) -> (u16, Value) {
        let url = format!("{}{path}", self.api);
        let start = Instant::now();
        loop {
            let call = self.http.request(method.clone(), &url);
            let call = call.bearer_auth(&self.token).json(body);
            let call = call.header("idempotency-key", key.to_string());
            if let Ok(answer) = call.send().await {
                let status = answer.status().as_u16();
                if let Ok(body) = answer.json().await {
                    return (status, body);
                }
            }
            assert!(start.elapsed() < PATIENCE, "{method} {path}: no answer");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// A mutation that must be good: its operation.
    pub(crate) async fn mutate(&self, method: Method, path: &str, body: &Value) -> (Uuid, Value) {
        let key = Uuid::new_v4();
        let (status, answer) = self.ask(&method, path, key, body).await;
        assert_eq!(status, 200, "{method} {path}: {answer}");
        (key, answer)
    }

    /// The same mutation again must be answered with the same operation.
    pub(crate) async fn repeat(
        &self,
        method: Method,
        path: &str,
        key: Uuid,
        body: &Value,
    ) -> Value {
        let (status, answer) = self.ask(&method, path, key, body).await;
        assert_eq!(status, 200, "{method} {path}: {answer}");
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Option<Value> {
        let (status, answer) = self
            .ask(&Method::GET, path, Uuid::new_v4(), &json!({}))
            .await;
        match status {
            200 => Some(answer),
            404 => None,
            _ => panic!("GET {path}: {answer}"),
        }
    }

    /// Waits for an operation's end: its response.
    pub(crate) async fn done(&self, operation: &Value) -> Value {
        let id = operation["id"].as_str().unwrap();
        let start = Instant::now();
        loop {
            let seen = self.get(&format!("/operations/{id}")).await;
            let seen = seen.unwrap_or_else(|| panic!("operation {id} is lost"));
            if seen["done"] == true {
                assert!(seen.get("error").is_none(), "{seen}");
                return seen["response"].clone();
            }
            assert!(start.elapsed() < PATIENCE, "it doesn't end: {seen}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until no operation runs: how many there were.
    pub(crate) async fn operations_end(&self) -> usize {
        let all = self.get("/_emulator/operations").await.unwrap();
        let all = all.as_array().unwrap();
        for operation in all {
            self.done(operation).await;
        }
        all.len()
    }

    pub(crate) async fn advance(&self, by: &str) {
        let url = format!("{}/_emulator/clock", self.api);
        let call = self.http.put(url).json(&json!({ "advance": by }));
        assert_eq!(call.send().await.unwrap().status(), StatusCode::OK);
    }

    pub(crate) async fn ahead(&self) -> String {
        let clock = self.get("/_emulator/clock").await.unwrap();
        clock["ahead"].as_str().unwrap().to_owned()
    }

    /// Whether a gateway listens at its domain.
    pub(crate) async fn answers(&self, domain: &str) -> bool {
        let answer = self.http.get(format!("http://{domain}/nothing")).send();
        answer.await.is_ok()
    }

    /// A database with a table and a topic.
    pub(crate) async fn database(&self) -> Database {
        let body = json!({ "folderId": FOLDER, "name": "db", "serverlessDatabase": {} });
        let (_, operation) = self.mutate(Method::POST, "/ydb/v1/databases", &body).await;
        let made = self.done(&operation).await;
        let endpoint = made["endpoint"].as_str().unwrap();
        let (address, path) = endpoint.split_once("/?database=").unwrap();
        let url = address.replace("grpc://", "http://");
        let endpoint = Endpoint::from_shared(url).unwrap();
        Database {
            endpoint: endpoint.connect_timeout(Duration::from_secs(1)),
            path: path.to_owned(),
            token: self.token.clone(),
        }
    }
}

fn signed(key: &Value) -> String {
    let text = |name: &str| key[name].as_str().unwrap().to_owned();
    let mut header = Header::new(Algorithm::PS256);
    header.kid = Some(text("id"));
    let now = jiff::Timestamp::now().as_second();
    let claims = json!({
        "iss": text("service_account_id"), "aud": AUDIENCE, "iat": now, "exp": now + 3600,
    });
    let pem = text("private_key");
    let (_warning, pem) = pem.split_once('\n').unwrap();
    let key = EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
    jsonwebtoken::encode(&header, &claims, &key).unwrap()
}

/// A database of it.
#[derive(Clone)]
pub(crate) struct Database {
    endpoint: Endpoint,
    pub(crate) path: String,
    token: String,
}

impl Database {
    /// A new connection, once it is there.
    pub(crate) async fn connect(&self) -> Channel {
        let start = Instant::now();
        loop {
            match self.endpoint.connect().await {
                Ok(channel) => return channel,
                Err(error) => assert!(start.elapsed() < PATIENCE, "{error}"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    pub(crate) fn request<T>(&self, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        let headers = request.metadata_mut();
        headers.insert("x-ydb-database", self.path.parse().unwrap());
        headers.insert("x-ydb-auth-ticket", self.token.parse().unwrap());
        request
    }

    /// Calls until there is an answer; it must be good.
    pub(crate) async fn call<T>(&self, path: &'static str, message: T) -> Operation
    where
        T: Message + Clone + 'static,
    {
        loop {
            let mut grpc = tonic::client::Grpc::new(self.connect().await);
            grpc.ready().await.unwrap();
            let codec = tonic_prost::ProstCodec::<T, Answer>::default();
            let uri = http::uri::PathAndQuery::from_static(path);
            match grpc.unary(self.request(message.clone()), uri, codec).await {
                Ok(answer) => {
                    let operation = answer.into_inner().operation.unwrap();
                    assert_eq!(operation.status, SUCCESS, "{operation:?}");
                    return operation;
                }
                Err(status) => assert!(is_cut(&status), "{path}: {status}"),
            }
        }
    }

    /// Runs a script.
    pub(crate) async fn script(&self, script: &str) -> Operation {
        let script = script.to_owned();
        self.call(
            "/Ydb.Scripting.V1.ScriptingService/ExecuteYql",
            Script { script },
        )
        .await
    }
}

/// Whether a call ended because the other side did.
pub(crate) fn is_cut(status: &tonic::Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable | Code::Unknown | Code::Cancelled | Code::Internal
    )
}
