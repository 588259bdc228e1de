//! A small cloud (service accounts and their operations) and a small API server
//! (one object's status), with a fault that hits a chosen call of either.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, body::Body};
use jiff::{SignedDuration, Timestamp};
use kube::Client;
use kube::client::Body as KubeBody;
use kube::runtime::events::Reporter;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use wschat_crds::{WsChat, WsChatSpec};
use yandex_cloud_rest::auth::Credentials;

use crate::cloud::Cloud;
use crate::context::{Context, Handler, Settings};
use crate::lease::Leadership;
use crate::validate::Defaults;

/// When a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// It isn't carried out.
    Before,
    /// It is carried out, and its answer is lost.
    After,
}

/// Lets the call number `countdown` from now fail, once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fault(Arc<Mutex<Option<(usize, When)>>>);

impl Fault {
    pub(crate) fn set(&self, countdown: usize, when: When) {
        *self.0.lock().unwrap() = Some((countdown, when));
    }

    /// Whether the fault has struck.
    pub(crate) fn is_over(&self) -> bool {
        self.0.lock().unwrap().is_none()
    }

    fn strikes(&self) -> Option<When> {
        let mut fault = self.0.lock().unwrap();
        match fault.as_mut() {
            Some((0, when)) => {
                let when = *when;
                *fault = None;
                Some(when)
            }
            Some((countdown, _)) => {
                *countdown -= 1;
                None
            }
            None => None,
        }
    }
}

/// The cloud's content.
#[derive(Clone, Debug, Default)]
pub(crate) struct FakeCloud {
    fault: Fault,
    content: Arc<Mutex<Content>>,
}

#[derive(Debug, Default)]
struct Content {
    address: String,
    accounts: BTreeMap<String, Value>,
    operations: Vec<Value>,
    keys: BTreeMap<String, usize>,
}

impl FakeCloud {
    /// How many accounts there are.
    pub(crate) fn accounts(&self) -> usize {
        self.content.lock().unwrap().accounts.len()
    }

    /// An account's labels.
    pub(crate) fn labels(&self, id: &str) -> Value {
        self.content.lock().unwrap().accounts[id]["labels"].clone()
    }

    /// Puts an account into the folder by hand.
    pub(crate) fn plant(&self, id: &str, account: Value) {
        self.content
            .lock()
            .unwrap()
            .accounts
            .insert(id.to_owned(), account);
    }

    async fn serve(fault: Fault) -> Self {
        let cloud = Self {
            fault,
            content: Arc::default(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        cloud.content.lock().unwrap().address = listener.local_addr().unwrap().to_string();
        let router = Router::new()
            .route("/endpoints", get(endpoints))
            .route("/iam/v1/serviceAccounts", get(list).post(create))
            .route(
                "/iam/v1/serviceAccounts/{id}",
                get(one).patch(change).delete(delete),
            )
            .route("/operations/{id}", get(operation))
            .with_state(cloud.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        cloud
    }

    /// Carries out `work`, unless the fault strikes before; the answer is lost
    /// when it strikes after.
    fn call(&self, work: impl FnOnce(&mut Content) -> Response) -> Response {
        let lost = || refuse(StatusCode::SERVICE_UNAVAILABLE, 14);
        match self.fault.strikes() {
            Some(When::Before) => lost(),
            Some(When::After) => {
                work(&mut self.content.lock().unwrap());
                lost()
            }
            None => work(&mut self.content.lock().unwrap()),
        }
    }
}

fn refuse(status: StatusCode, code: i32) -> Response {
    (status, Json(json!({ "code": code, "message": "refused" }))).into_response()
}

async fn endpoints(State(cloud): State<FakeCloud>) -> Response {
    let address = cloud.content.lock().unwrap().address.clone();
    let endpoint = |id: &str| json!({ "id": id, "address": address });
    Json(json!({ "endpoints": [endpoint("iam"), endpoint("operation")] })).into_response()
}

async fn list(
    State(cloud): State<FakeCloud>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    cloud.call(|content| {
        let wanted = |account: &&Value| {
            query["filter"] == format!("name=\"{}\"", account["name"].as_str().unwrap())
        };
        let accounts: Vec<&Value> = content.accounts.values().filter(wanted).collect();
        Json(json!({ "serviceAccounts": accounts })).into_response()
    })
}

async fn one(State(cloud): State<FakeCloud>, Path(id): Path<String>) -> Response {
    cloud.call(|content| match content.accounts.get(&id) {
        Some(account) => Json(account.clone()).into_response(),
        None => refuse(StatusCode::NOT_FOUND, 5),
    })
}

async fn create(
    State(cloud): State<FakeCloud>,
    headers: HeaderMap,
    Json(mut request): Json<Value>,
) -> Response {
    cloud.call(|content| {
        let id = format!("aje{}", content.operations.len());
        request["id"] = json!(id);
        request["status"] = json!("ACTIVE");
        begin(content, &headers, &id, |content| {
            content.accounts.insert(id.clone(), request);
        })
    })
}

/// Changes what the request has; its mask isn't heeded.
async fn change(
    State(cloud): State<FakeCloud>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Json(request): Json<BTreeMap<String, Value>>,
) -> Response {
    cloud.call(|content| {
        begin(content, &headers, &id, |content| {
            let account = content.accounts.get_mut(&id).unwrap();
            for (field, value) in request {
                account[field] = value;
            }
        })
    })
}

async fn delete(
    State(cloud): State<FakeCloud>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    cloud.call(|content| {
        begin(content, &headers, &id, |content| {
            content.accounts.remove(&id);
        })
    })
}

/// A known key gets the operation that is there already.
fn begin(
    content: &mut Content,
    headers: &HeaderMap,
    id: &str,
    work: impl FnOnce(&mut Content),
) -> Response {
    let key = headers["idempotency-key"].to_str().unwrap().to_owned();
    let number = if let Some(number) = content.keys.get(&key) {
        *number
    } else {
        work(content);
        let number = content.operations.len();
        content.keys.insert(key, number);
        content.operations.push(json!({
            "id": number.to_string(),
            "done": false,
            "metadata": { "serviceAccountId": id },
        }));
        number
    };
    Json(content.operations[number].clone()).into_response()
}

/// An operation ends when it is looked at for the first time. What isn't a number
/// is no id.
async fn operation(State(cloud): State<FakeCloud>, Path(id): Path<String>) -> Response {
    cloud.call(|content| {
        let Ok(number) = id.parse::<usize>() else {
            let refusal = Json(json!({ "code": 3, "message": "no id" }));
            return (StatusCode::BAD_REQUEST, refusal).into_response();
        };
        let operation = &mut content.operations[number];
        operation["done"] = json!(true);
        Json(operation.clone()).into_response()
    })
}

/// One chat in Kubernetes; only its status can be patched.
#[derive(Clone, Debug)]
pub(crate) struct FakeKube {
    fault: Fault,
    chat: Arc<Mutex<Value>>,
}

impl FakeKube {
    /// The chat as it is stored.
    pub(crate) fn chat(&self) -> WsChat {
        serde_json::from_value(self.chat.lock().unwrap().clone()).unwrap()
    }

    /// The status is gone, as after a restore from a backup.
    pub(crate) fn lose_status(&self) {
        self.chat.lock().unwrap()["status"] = Value::Null;
    }

    /// The service account hasn't shown for so much longer.
    pub(crate) fn let_pass(&self, seconds: i64) {
        let mut chat = self.chat.lock().unwrap();
        let since = &mut chat["status"]["resources"]["serviceAccount"]["unseenSince"];
        let moment: Timestamp = since.as_str().unwrap().parse().unwrap();
        *since = json!((moment - SignedDuration::from_secs(seconds)).to_string());
    }

    fn client(&self) -> Client {
        let kube = self.clone();
        let service = tower::service_fn(move |request: http::Request<KubeBody>| {
            let kube = kube.clone();
            async move { Ok::<_, Infallible>(kube.answer(request).await) }
        });
        Client::new(service, "team")
    }

    async fn answer(&self, request: http::Request<KubeBody>) -> http::Response<Body> {
        let patch = request.into_body().collect_bytes().await.unwrap();
        // A read has no body, and changes as little as an empty patch.
        let patch = serde_json::from_slice(&patch).unwrap_or_else(|_| json!({}));
        let strikes = self.fault.strikes();
        let mut chat = self.chat.lock().unwrap();
        if strikes != Some(When::Before) {
            crate::patch::apply(&mut chat, &patch);
        }
        let status = if strikes.is_some() { 500 } else { 200 };
        let body = Body::from(chat.to_string());
        http::Response::builder().status(status).body(body).unwrap()
    }
}

/// Everything that a step needs.
pub(crate) struct World {
    pub(crate) fault: Fault,
    pub(crate) cloud: FakeCloud,
    pub(crate) kube: FakeKube,
    pub(crate) context: Context,
}

/// A world with one chat, `team/lobby`.
pub(crate) async fn world() -> World {
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let fault = Fault::default();
    let cloud = FakeCloud::serve(fault.clone()).await;
    let mut chat = WsChat::new("lobby", WsChatSpec::default());
    chat.metadata.namespace = Some("team".to_owned());
    chat.metadata.uid = Some("uid".to_owned());
    let chat = Arc::new(Mutex::new(serde_json::to_value(chat).unwrap()));
    let kube = FakeKube {
        fault: fault.clone(),
        chat,
    };
    let context = context(&cloud, &kube);
    World {
        fault,
        cloud,
        kube,
        context,
    }
}

fn context(cloud: &FakeCloud, kube: &FakeKube) -> Context {
    let mut config = yandex_cloud_rest::Config::new(Credentials::Token("token".to_owned()));
    config.api_endpoint = format!("http://{}", cloud.content.lock().unwrap().address);
    config.attempts = 1;
    let reporter = Reporter {
        controller: "test".to_owned(),
        instance: None,
    };
    let settings = Settings {
        defaults: Defaults {
            folder_id: "b1g".to_owned(),
            installation_id: "here".to_owned(),
            allowed_folders: Vec::new(),
            own_account: None,
        },
        handler: Handler {
            zip: Vec::new(),
            sha256: "0".repeat(64),
        },
        resync: Duration::from_mins(10),
        probe_interval: None,
        showing_up: Duration::ZERO,
    };
    let cloud = Cloud::new(yandex_cloud_rest::Client::new(config).unwrap());
    Context::new(
        kube.client(),
        cloud,
        settings,
        Leadership::of_a_test(),
        reporter,
    )
}
