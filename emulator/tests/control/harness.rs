//! A control plane without a data plane, driven over HTTP.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use yc_emulator::args::Delay;
use yc_emulator::clock::Clock;
use yc_emulator::cloud::plane::{DataPlane, NoDataPlane};
use yc_emulator::cloud::quotas::Quotas;
use yc_emulator::cloud::{Cloud, CloudSettings};
use yc_emulator::iam::{Iam, IamSettings};
use yc_emulator::ids::Ids;
use yc_emulator::inspect::Inspector;
use yc_emulator::inspect::rest::InspectRest;
use yc_emulator::security::Security;
use yc_emulator::server::{OPERATOR_ROLES, serve};
use yc_emulator::store::Store;

use crate::judge;

pub(crate) const CLOUD: &str = "b1gcloud000000000000";
pub(crate) const FOLDER: &str = "b1gemulator000000000";
pub(crate) const OTHER_FOLDER: &str = "b1gother000000000000";

/// How long a condition may take.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Options {
    pub(crate) delay: Duration,
    pub(crate) quotas: BTreeMap<String, u64>,
    pub(crate) plane: Arc<dyn DataPlane>,
    /// Where it is kept; nowhere by default.
    pub(crate) store: Store,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            delay: Duration::ZERO,
            quotas: BTreeMap::new(),
            plane: Arc::new(NoDataPlane),
            store: Store::default(),
        }
    }
}

/// One emulated cloud; ends when dropped. What it was asked and answered must
/// then fit the official API descriptors.
pub(crate) struct World {
    pub(crate) api: String,
    pub(crate) iam: Iam,
    pub(crate) operator: String,
    token: String,
    client: reqwest::Client,
    inspector: Inspector,
    shutdown: CancellationToken,
}

impl Drop for World {
    fn drop(&mut self) {
        self.shutdown.cancel();
        if !std::thread::panicking() {
            judge::assert_fits(&self.inspector.list_requests(None));
        }
    }
}

/// A reply: HTTP status and body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Answer {
    /// The body of a reply that must be good.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }

    /// Asserts code and a part of the message of a failure.
    #[track_caller]
    pub(crate) fn fails(&self, http: u16, code: i32, part: &str) {
        assert_eq!(
            (self.status, self.body["code"].as_i64()),
            (http, Some(i64::from(code))),
            "{}",
            self.body
        );
        let message = self.body["message"].as_str().unwrap_or_default();
        assert!(message.contains(part), "{part:?} isn't in {message:?}");
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let settings = IamSettings {
            folders: vec![FOLDER.to_owned(), OTHER_FOLDER.to_owned()],
            ..IamSettings::default()
        };
        let ids = Ids::new(7);
        let store = &options.store;
        let clock = Clock::load(store).unwrap();
        let iam = Iam::load(settings, clock, ids.clone(), store).unwrap();
        let mut known = iam.accounts().into_iter();
        let operator = match known.find(|account| account.name == "operator") {
            Some(account) => account.id,
            None => iam
                .add_account(FOLDER, "operator", &OPERATOR_ROLES)
                .unwrap(),
        };
        let token = iam.issue_token(&operator).unwrap().token;
        let settings = CloudSettings {
            cloud_id: CLOUD.to_owned(),
            api: address,
            ydb: SocketAddr::from(([127, 0, 0, 1], 2136)),
            security: Security::Plain,
            operation_delay: Delay {
                low: options.delay,
                high: options.delay,
            },
            quotas: Quotas::new(&options.quotas),
        };
        let cloud = Cloud::load(settings, iam.clone(), ids, options.plane, store).unwrap();
        cloud.restore().await.unwrap();
        let inspector = Inspector::new(iam.clone());
        let router = yc_emulator::rest::router(cloud, inspector.clone());
        let service = InspectRest::new(inspector.clone(), router);
        let shutdown = CancellationToken::new();
        tokio::spawn(serve(
            listener,
            Security::Plain,
            service,
            shutdown.clone(),
            Duration::ZERO,
        ));
        let api = format!("http://{address}");
        let client = reqwest::Client::new();
        Self {
            api,
            iam,
            operator,
            token,
            client,
            inspector,
            shutdown,
        }
    }

    /// An account with roles on the folder, and its token.
    pub(crate) fn robot(&self, name: &str, roles: &[&str]) -> (String, String) {
        let id = self.iam.add_account(FOLDER, name, roles).unwrap();
        let token = self.iam.issue_token(&id).unwrap().token;
        (id, token)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.api))
            .bearer_auth(&self.token)
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        assert!(response.headers().contains_key("x-request-id"));
        Answer {
            status,
            body: response.json().await.unwrap(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body))
            .await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(&body))
            .await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// As another account; GET and DELETE send no body.
    pub(crate) async fn as_robot(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Value,
    ) -> Answer {
        let bare = matches!(method, Method::GET | Method::DELETE);
        let request = self.client.request(method, format!("{}{path}", self.api));
        let request = request.bearer_auth(token);
        let request = if bare { request } else { request.json(&body) };
        self.send(request).await
    }

    /// Polls an operation to its end.
    pub(crate) async fn done(&self, answer: Answer) -> Value {
        let id = answer.ok()["id"].as_str().unwrap().to_owned();
        let started = Instant::now();
        loop {
            let operation = self.get(&format!("/operations/{id}")).await.ok();
            if operation["done"] == json!(true) {
                return operation;
            }
            assert!(started.elapsed() < PATIENCE, "still running: {operation}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// The resource that a create or update call ends with.
    pub(crate) async fn made(&self, answer: Answer) -> Value {
        let operation = self.done(answer).await;
        assert!(operation.get("error").is_none(), "{operation}");
        operation["response"].clone()
    }

    /// A new function's id.
    pub(crate) async fn function(&self, name: &str) -> String {
        let create = json!({ "folderId": FOLDER, "name": name });
        id(&self
            .made(self.post("/functions/v1/functions", create).await)
            .await)
    }
}

/// The id of a resource.
#[track_caller]
pub(crate) fn id(resource: &Value) -> String {
    resource["id"]
        .as_str()
        .expect("a resource with an id")
        .to_owned()
}
