//! `/_emulator/`: faults, recorded requests and the clock; and what a person may
//! look at: resources, operations, calls of functions, topics, traffic.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use yandex_cloud_rest::model::operation::Operation;

use crate::cloud::Cloud;
use crate::error::Status;
use crate::functions::journal::Story;
use crate::inspect::Inspector;
use crate::inspect::faults::{Rule, RuleState};
use crate::inspect::requests::Recorded;
use crate::traffic::Sighting;
use crate::ydb::Cut;

/// How many records of a topic are shown unless more are asked for.
const TAIL: usize = 50;
/// How many operations are shown.
const OPERATIONS: usize = 100;

pub(super) fn router(inspector: Inspector) -> Router<Cloud> {
    let faults = Router::new()
        .route(
            "/_emulator/faults",
            get(list_faults).put(set_faults).delete(clear_faults),
        )
        .route("/_emulator/requests", get(requests))
        .with_state(inspector);
    Router::new()
        .route("/_emulator/state", get(state))
        .route("/_emulator/calls", get(calls))
        .route("/_emulator/traffic", get(traffic))
        .route("/_emulator/ydb/connections", delete(cut))
        .route("/_emulator/topics", get(topics))
        .route("/_emulator/operations", get(operations))
        .route("/_emulator/clock", get(clock).put(advance))
        .merge(faults)
}

async fn list_faults(State(inspector): State<Inspector>) -> Json<Vec<RuleState>> {
    Json(inspector.list_faults())
}

async fn set_faults(
    State(inspector): State<Inspector>,
    rules: Result<Json<Vec<Rule>>, axum::extract::rejection::JsonRejection>,
) -> Response {
    let set = match rules {
        Ok(Json(rules)) => inspector
            .set_faults(rules)
            .map_err(|error| error.to_string()),
        Err(error) => Err(error.body_text()),
    };
    match set {
        Ok(()) => Json(inspector.list_faults()).into_response(),
        Err(problem) => Status::invalid_argument(problem).into_response(),
    }
}

async fn clear_faults(State(inspector): State<Inspector>) -> Json<Value> {
    inspector.clear_faults();
    Json(json!({}))
}

#[derive(Deserialize)]
struct RequestsQuery {
    /// Only calls of this service account.
    subject: Option<String>,
    /// Only so many, the newest.
    last: Option<usize>,
}

async fn requests(
    State(inspector): State<Inspector>,
    Query(query): Query<RequestsQuery>,
) -> Json<Vec<Recorded>> {
    let mut all = inspector.list_requests(query.subject.as_deref());
    let most = query.last.unwrap_or(all.len());
    Json(all.split_off(all.len().saturating_sub(most)))
}

async fn state(State(cloud): State<Cloud>) -> Response {
    match cloud.describe() {
        Ok(state) => Json(state).into_response(),
        Err(status) => status.into_response(),
    }
}

/// `?function=ID` for one function only.
async fn calls(
    State(cloud): State<Cloud>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Json<Story> {
    let function = query.get("function").map(String::as_str);
    Json(cloud.plane().story(function))
}

/// The last operations, newest first.
async fn operations(State(cloud): State<Cloud>) -> Json<Vec<Operation>> {
    Json(cloud.state().operations.newest(OPERATIONS))
}

#[derive(Deserialize)]
struct CutQuery {
    how: Cut,
}

/// `?how=reset` or `?how=silence`.
async fn cut(State(cloud): State<Cloud>, Query(CutQuery { how }): Query<CutQuery>) -> Json<Value> {
    cloud.plane().cut_ydb_connections(how);
    Json(json!({}))
}

async fn traffic(State(cloud): State<Cloud>) -> Json<Vec<Sighting>> {
    Json(cloud.plane().traffic())
}

#[derive(Deserialize)]
struct TopicsQuery {
    /// So many records of each topic.
    last: Option<usize>,
}

/// The last records of every topic, by its path; `?last=1000` for more of them.
async fn topics(
    State(cloud): State<Cloud>,
    Query(query): Query<TopicsQuery>,
) -> Json<BTreeMap<String, Vec<Value>>> {
    let most = query.last.unwrap_or(TAIL);
    let databases: Vec<String> = cloud.state().databases.keys().cloned().collect();
    let mut tails = BTreeMap::new();
    for id in databases {
        let database = cloud.database_path(&id);
        for topic in cloud.plane().topics(&database) {
            if let Some(path) = topic["path"].as_str() {
                let tail = cloud.plane().topic_tail(&database, path, most).await;
                tails.insert(path.to_owned(), tail);
            }
        }
    }
    Json(tails)
}

async fn clock(State(cloud): State<Cloud>) -> Json<Value> {
    Json(describe_clock(&cloud))
}

/// `{"advance": "1h"}`
async fn advance(State(cloud): State<Cloud>, Json(request): Json<Value>) -> Response {
    let by = request
        .get("advance")
        .and_then(Value::as_str)
        .map(humantime::parse_duration);
    match by {
        Some(Ok(by)) => {
            let _unit = cloud.unit().await;
            cloud.iam().clock().advance(by);
            Json(describe_clock(&cloud)).into_response()
        }
        _ => Status::invalid_argument("give {\"advance\": \"1h\"}").into_response(),
    }
}

fn describe_clock(cloud: &Cloud) -> Value {
    let clock = cloud.iam().clock();
    let ahead = Duration::try_from(clock.ahead()).unwrap_or_default();
    json!({ "now": clock.now(), "ahead": humantime::format_duration(ahead).to_string() })
}
