//! `/_emulator/`: faults, recorded requests, state, calls of functions, clock.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::error::Status;
use crate::inspect::Inspector;
use crate::inspect::faults::{Rule, RuleState};
use crate::inspect::requests::Recorded;

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
    match rules {
        Ok(Json(rules)) => {
            inspector.set_faults(rules);
            Json(inspector.list_faults()).into_response()
        }
        Err(error) => Status::invalid_argument(error.body_text()).into_response(),
    }
}

async fn clear_faults(State(inspector): State<Inspector>) -> Json<Value> {
    inspector.clear_faults();
    Json(json!({}))
}

async fn requests(
    State(inspector): State<Inspector>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Json<Vec<Recorded>> {
    Json(inspector.list_requests(query.get("subject").map(String::as_str)))
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
) -> Json<Value> {
    let function = query.get("function").map(String::as_str);
    Json(cloud.plane().story(function))
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
