//! Calls of the REST API, a line each: `METHOD PATH BODY`. `$1` stands for the
//! resource that the first call made and `~1` for its operation. In front of the
//! method, `!` adds an idempotency key and `-` leaves the token out.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::Service;

use super::alone;
use crate::args::Delay;
use crate::clock::Clock;
use crate::cloud::plane::NoDataPlane;
use crate::cloud::quotas::Quotas;
use crate::cloud::{Cloud, CloudSettings};
use crate::functions::Functions;
use crate::gateway::Gateways;
use crate::iam::{Iam, IamSettings};
use crate::ids::Ids;
use crate::inspect::Inspector;
use crate::inspect::rest::InspectRest;
use crate::security::Security;
use crate::server::OPERATOR_ROLES;
use crate::traffic::Traffic;

const FOLDER: &str = "b1gemulator000000000";
/// Calls of one case.
const MOST: usize = 16;
const KEY: &str = "4f9d8c1e-6d0f-4b0a-9f6b-1d2c3b4a5968";
/// Makes an RSA key, which takes as long as a thousand other calls.
const SLOW: &str = "/iam/v1/keys";

/// One call.
struct Line<'a> {
    has_token: bool,
    has_key: bool,
    method: &'a str,
    path: &'a str,
    body: &'a str,
}

impl<'a> Line<'a> {
    fn parse(line: &'a str) -> Self {
        let has_key = line.starts_with('!');
        let has_token = !line.starts_with('-');
        let mut parts = line.trim_start_matches(['!', '-']).splitn(3, ' ');
        let mut next = || parts.next().unwrap_or_default();
        Self {
            has_token,
            has_key,
            method: next(),
            path: next(),
            body: next(),
        }
    }
}

/// A cloud whose operations take no time, and what it answered.
struct World {
    service: InspectRest,
    token: String,
    /// Ids of what each call made, and of its operation.
    made: Vec<(String, String)>,
}

impl World {
    fn new() -> Self {
        let ids = Ids::new(7);
        let iam = Iam::new(IamSettings::default(), Clock::default(), ids.clone());
        let account = iam.add_account(FOLDER, "operator", &OPERATOR_ROLES);
        let token = iam.issue_token(&account.expect("an account"));
        let address = SocketAddr::from(([127, 0, 0, 1], 8480));
        let settings = CloudSettings {
            cloud_id: "b1gemulatorcloud0000".to_owned(),
            api: address,
            ydb: address,
            security: Security::Plain,
            operation_delay: Delay {
                low: Duration::ZERO,
                high: Duration::ZERO,
            },
            quotas: Quotas::new(&BTreeMap::new()),
        };
        // Nothing is deployed, so that neither of them is used.
        let nowhere = PathBuf::from("/nonexistent");
        let calm = Inspector::new(iam.clone());
        let functions = Functions::new(calm.clone(), nowhere.clone(), nowhere, None);
        let traffic = Traffic::default();
        let gateways = Gateways::new(calm.clone(), functions.clone(), Security::Plain, traffic);
        let cloud = Cloud::new(settings, iam.clone(), ids, Arc::new(NoDataPlane));
        // Rules for faults are taken by one inspector and obeyed by another: some
        // of them hold calls for long.
        let router = crate::rest::router(cloud, Inspector::new(iam))
            .merge(functions.router())
            .merge(gateways.connections_router());
        Self {
            service: InspectRest::new(calm, router),
            token: token.expect("a token").token,
            made: Vec::new(),
        }
    }

    /// With what earlier calls made in the place of `$1`, `~1` …
    fn filled(&self, text: &str) -> String {
        let numbered = self.made.iter().enumerate();
        numbered.fold(text.to_owned(), |text, (index, (resource, operation))| {
            let number = index + 1;
            text.replace(&format!("${number}"), resource)
                .replace(&format!("~{number}"), operation)
        })
    }

    fn request(&self, line: &Line<'_>) -> Option<Request<Body>> {
        let path = self.filled(line.path);
        let method: Method = line.method.parse().ok()?;
        if method == Method::POST && path.trim_end_matches('/') == SLOW {
            return None;
        }
        let mut request = Request::builder().method(method).uri(path);
        if line.has_token {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        if line.has_key {
            request = request.header("idempotency-key", KEY);
        }
        let request = request.header("content-type", "application/json");
        request.body(Body::from(self.filled(line.body))).ok()
    }

    /// Sends it and remembers what it made.
    async fn call(&mut self, request: Request<Body>) {
        let answered = self.service.call(request).await;
        let response = answered.expect("no rule cuts connections");
        let reply = read(response).await;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let resource = reply["metadata"].as_object().into_iter().flatten();
        let resource = resource.filter(|(name, _)| *name != "@type");
        let resource = resource.map(|(_, id)| text(id)).next();
        let id = text(&reply["id"]);
        self.made.push((resource.unwrap_or_else(|| id.clone()), id));
        // Operations run as tasks of their own.
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
    }
}

/// The reply's JSON; none of them is a failure of the server's.
async fn read(response: Response<Body>) -> Value {
    let status = response.status();
    let body = response.into_body().collect().await;
    let body = body.expect("a whole body").to_bytes();
    let text = String::from_utf8_lossy(&body);
    assert_ne!(status, 500, "{text}");
    serde_json::from_slice(&body).unwrap_or_default()
}

/// Calls in turn on one cloud.
pub(super) fn calls(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    alone(async {
        let mut world = World::new();
        for line in text.lines().take(MOST) {
            if let Some(request) = world.request(&Line::parse(line)) {
                world.call(request).await;
            }
        }
    });
}
