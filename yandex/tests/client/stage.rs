//! One call after the other, each held against what it should look like.

use std::future::Future;

use serde_json::{Value, json};
use uuid::Uuid;
use yandex_cloud_rest::{Client, Error};

use crate::harness::{Cloud, Recorded, ordinary};
use crate::judge;

/// Of all calls that take one.
pub(crate) const KEY: Uuid = Uuid::from_u128(7);

/// A cloud and a client that has asked it for its endpoints already. What was
/// asked must be what the official API descriptors have.
pub(crate) struct Stage {
    cloud: Cloud,
    pub(crate) client: Client,
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let calls: Vec<Value> = self.cloud.seen().iter().map(recorded).collect();
            judge::assert_fits(&calls);
        }
    }
}

/// A request in the form that the judge reads; nothing of its answer.
fn recorded(request: &Recorded) -> Value {
    let query = Some(&request.query).filter(|query| !query.is_empty());
    json!({
        "sequence": 1, "method": request.method, "path": request.path, "query": query,
        "grpc": false, "status": null,
        "requestBody": request.body, "responseBody": null,
    })
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let cloud = Cloud::start(ordinary).await;
        let client = cloud.client();
        // Afterwards only the call itself is recorded.
        client.operations().get("first").await.unwrap();
        Self { cloud, client }
    }

    /// The one request that a call makes.
    pub(crate) async fn last<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Recorded {
        let before = self.cloud.seen().len();
        call.await.unwrap();
        let seen = self.cloud.seen();
        assert_eq!(seen.len(), before + 1);
        seen.last().unwrap().clone()
    }

    /// A call without a key.
    pub(crate) async fn reads<T>(&self, line: &str, call: impl Future<Output = Result<T, Error>>) {
        let request = self.last(call).await;
        assert_eq!(request.line(), line);
        assert_eq!(request.header("idempotency-key"), None, "{line}");
    }

    /// A call with the key: its body.
    pub(crate) async fn writes<T>(
        &self,
        line: &str,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Value {
        let request = self.last(call).await;
        assert_eq!(request.line(), line);
        let key = KEY.to_string();
        assert_eq!(
            request.header("idempotency-key"),
            Some(key.as_str()),
            "{line}"
        );
        request.body
    }
}
