//! A client that makes, changes and deletes resources, and remembers what it
//! was told.

use rand::RngExt;
use rand::rngs::StdRng;
use reqwest::Method;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::remote::{FOLDER, Remote};

const FUNCTIONS: &str = "/functions/v1/functions";
const ACCOUNTS: &str = "/iam/v1/serviceAccounts";
const GATEWAYS: &str = "/apigateways/v1/apigateways";
const SPEC: &str = r#"{"openapi":"3.0.0","info":{"title":"t","version":"1"},"paths":{}}"#;

/// A resource as its owner knows it.
struct Made {
    path: &'static str,
    id: String,
    body: Value,
    key: Uuid,
    operation: Value,
    description: Option<String>,
    domain: Option<String>,
    deleted: bool,
}

/// What a client was told.
pub(crate) struct Books {
    made: Vec<Made>,
}

pub(crate) async fn work(
    remote: Remote,
    worker: u64,
    mut random: StdRng,
    end: CancellationToken,
) -> Books {
    let mut books = Books { made: Vec::new() };
    while !end.is_cancelled() {
        let number = books.made.len();
        let name = format!("robot-{worker}-{number}");
        let (path, mut body) = match number % 4 {
            0 | 1 => (FUNCTIONS, json!({})),
            2 => (ACCOUNTS, json!({})),
            _ => (GATEWAYS, json!({ "openapiSpec": SPEC })),
        };
        body["folderId"] = FOLDER.into();
        body["name"] = name.clone().into();
        let (key, operation) = remote.mutate(Method::POST, path, &body).await;
        let response = remote.done(&operation).await;
        let mut made = Made {
            path,
            id: response["id"].as_str().unwrap().to_owned(),
            body,
            key,
            operation,
            description: None,
            domain: response["domain"].as_str().map(str::to_owned),
            deleted: false,
        };
        if path != GATEWAYS && random.random_bool(0.5) {
            made.describe(&remote, &format!("of {name}")).await;
        }
        if random.random_bool(0.3) {
            made.delete(&remote).await;
        }
        books.made.push(made);
    }
    books
}

impl Made {
    fn own(&self) -> String {
        format!("{}/{}", self.path, self.id)
    }

    async fn describe(&mut self, remote: &Remote, text: &str) {
        let change =
            json!({ "updateMask": "description", "description": text, "name": self.body["name"] });
        let (_, operation) = remote.mutate(Method::PATCH, &self.own(), &change).await;
        remote.done(&operation).await;
        self.description = Some(text.to_owned());
    }

    async fn delete(&mut self, remote: &Remote) {
        let (_, operation) = remote.mutate(Method::DELETE, &self.own(), &json!({})).await;
        remote.done(&operation).await;
        self.deleted = true;
    }

    async fn check(&self, remote: &Remote) {
        let repeated = remote.repeat(Method::POST, self.path, self.key, &self.body);
        assert_eq!(repeated.await["id"], self.operation["id"]);
        let Some(seen) = remote.get(&self.own()).await else {
            assert!(self.deleted, "{} is lost", self.own());
            return;
        };
        assert!(!self.deleted, "{} is back", self.own());
        assert_eq!(seen["status"], "ACTIVE", "{seen}");
        let description = self.description.as_deref().unwrap_or_default();
        assert_eq!(seen["description"], description, "{seen}");
        assert_eq!(seen["domain"].as_str(), self.domain.as_deref(), "{seen}");
        if let Some(domain) = &self.domain {
            assert!(remote.answers(domain).await, "nobody listens at {domain}");
        }
    }
}

impl Books {
    pub(crate) async fn check(&self, remote: &Remote) {
        assert!(self.made.len() > 4, "nothing was made");
        for made in &self.made {
            made.check(remote).await;
        }
        for path in [FUNCTIONS, ACCOUNTS, GATEWAYS] {
            let names = names(remote, path).await;
            let mine = self.made.iter().filter(|made| made.path == path);
            for made in mine {
                let name = made.body["name"].as_str().unwrap();
                let times = names.iter().filter(|own| *own == name).count();
                assert_eq!(times, usize::from(!made.deleted), "{name} in {path}");
            }
        }
    }
}

/// Names of all that there is.
async fn names(remote: &Remote, path: &str) -> Vec<String> {
    let list = format!("{path}?folderId={FOLDER}&pageSize=1000");
    let list = remote.get(&list).await.unwrap();
    let mut arrays = list.as_object().unwrap().values().filter(|v| v.is_array());
    let all = arrays.next().and_then(Value::as_array).cloned();
    assert_eq!(
        list["nextPageToken"].as_str().unwrap_or_default(),
        "",
        "too many"
    );
    let all = all.unwrap_or_default().into_iter();
    all.map(|one| one["name"].as_str().unwrap().to_owned())
        .collect()
}
