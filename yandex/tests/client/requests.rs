//! Requests as JSON: what is written, and what is refused when read.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use yandex_cloud_rest::model::access::{SetAccessBindingsRequest, UpdateAccessBindingsRequest};
use yandex_cloud_rest::model::apigateway::{CreateApiGatewayRequest, UpdateApiGatewayRequest};
use yandex_cloud_rest::model::database::{
    CreateDatabaseRequest, ServerlessDatabase, UpdateDatabaseRequest,
};
use yandex_cloud_rest::model::function::{CreateFunctionRequest, UpdateFunctionRequest};
use yandex_cloud_rest::model::iam::CreateServiceAccountRequest;
use yandex_cloud_rest::model::trigger::{
    BatchSettings, CreateTriggerRequest, DataStream, GatewayWebsocketBroadcast, Rule,
    UpdateTriggerRequest,
};
use yandex_cloud_rest::model::version::{CreateVersionRequest, Resources};
use yandex_cloud_rest::model::websocket::SendToConnectionRequest;
use yandex_cloud_rest::model::{Duration, FieldMask};

fn refusal<T: DeserializeOwned>(body: &Value) -> String {
    match serde_json::from_value::<T>(body.clone()) {
        Ok(_) => panic!("{body} was accepted"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_version_is_written_as_the_cloud_reads_it() {
    let request = CreateVersionRequest {
        function_id: "d4e".to_owned(),
        runtime: "nodejs22".to_owned(),
        entrypoint: "index.handler".to_owned(),
        resources: Resources {
            memory: 134_217_728,
        },
        execution_timeout: Some(Duration::from_secs(5)),
        content: Some("UEs=".to_owned()),
        concurrency: 16,
        ..CreateVersionRequest::default()
    };
    let written = serde_json::to_value(&request).unwrap();
    assert_eq!(
        written,
        json!({
            "functionId": "d4e", "runtime": "nodejs22", "entrypoint": "index.handler",
            "resources": { "memory": "134217728" }, "executionTimeout": "5s",
            "content": "UEs=", "concurrency": "16" })
    );
    assert_eq!(
        serde_json::from_value::<CreateVersionRequest>(written).unwrap(),
        request
    );
}

#[test]
fn a_broadcasting_trigger_is_written_as_the_cloud_reads_it() {
    let request = CreateTriggerRequest {
        folder_id: "b1g".to_owned(),
        name: "lobby".to_owned(),
        rule: Rule {
            data_stream: Some(DataStream {
                database: "/ru-central1/cloud/db".to_owned(),
                stream: "broadcast-topic".to_owned(),
                service_account_id: "aje".to_owned(),
                batch_settings: Some(BatchSettings {
                    size: 1,
                    cutoff: Some(Duration::from_secs(1)),
                }),
                gateway_websocket_broadcast: Some(GatewayWebsocketBroadcast {
                    gateway_id: "d5d".to_owned(),
                    path: "/ws".to_owned(),
                    service_account_id: "aje".to_owned(),
                }),
                ..DataStream::default()
            }),
        },
        ..CreateTriggerRequest::default()
    };
    let literal = json!({
        "folderId": "b1g", "name": "lobby", "rule": { "dataStream": {
            "database": "/ru-central1/cloud/db", "stream": "broadcast-topic", "serviceAccountId": "aje",
            "batchSettings": { "size": "1", "cutoff": "1s" },
            "gatewayWebsocketBroadcast": { "gatewayId": "d5d", "path": "/ws", "serviceAccountId": "aje" } } } });
    assert_eq!(serde_json::to_value(&request).unwrap(), literal);
    assert_eq!(
        serde_json::from_value::<CreateTriggerRequest>(literal).unwrap(),
        request
    );
}

#[test]
fn a_database_is_written_as_the_cloud_reads_it() {
    let request = UpdateDatabaseRequest {
        update_mask: Some(FieldMask::of(["name", "serverlessDatabase"])),
        name: "lobby".to_owned(),
        serverless_database: Some(ServerlessDatabase {
            storage_size_limit: 53_687_091_200,
            ..ServerlessDatabase::default()
        }),
        ..UpdateDatabaseRequest::default()
    };
    let written = serde_json::to_value(&request).unwrap();
    assert_eq!(written["updateMask"], "name,serverlessDatabase");
    assert_eq!(
        written["serverlessDatabase"]["storageSizeLimit"],
        "53687091200"
    );
    assert_eq!(
        written["serverlessDatabase"]["enableThrottlingRcuLimit"],
        false
    );
}

#[test]
fn unknown_fields_of_requests_are_refused() {
    let extra = json!({ "folder_id": "b1g" });
    for text in [
        refusal::<CreateFunctionRequest>(&extra),
        refusal::<UpdateFunctionRequest>(&extra),
        refusal::<CreateServiceAccountRequest>(&extra),
        refusal::<CreateDatabaseRequest>(&extra),
        refusal::<CreateVersionRequest>(&extra),
        refusal::<CreateApiGatewayRequest>(&extra),
        refusal::<CreateTriggerRequest>(&extra),
        refusal::<SendToConnectionRequest>(&extra),
        refusal::<UpdateAccessBindingsRequest>(&extra),
    ] {
        assert!(text.contains("unknown field `folder_id`"), "{text}");
    }
}

#[test]
fn unknown_fields_within_requests_are_refused_too() {
    let rule = json!({ "rule": { "timer": {} } });
    let binding = json!({ "roleId": "editor", "subject": { "id": "a", "kind": "system" } });
    for (text, path) in [
        (refusal::<CreateTriggerRequest>(&rule.clone()), "timer"),
        (refusal::<UpdateTriggerRequest>(&rule), "timer"),
        (
            refusal::<CreateTriggerRequest>(&json!({ "rule": { "dataStream": { "topic": "x" } } })),
            "topic",
        ),
        (
            refusal::<CreateVersionRequest>(&json!({ "resources": { "memory": "1", "cores": 2 } })),
            "cores",
        ),
        (
            refusal::<CreateVersionRequest>(&json!({ "logOptions": { "level": "x" } })),
            "level",
        ),
        (
            refusal::<CreateVersionRequest>(&json!({ "metadataOptions": { "gce": "x" } })),
            "gce",
        ),
        (
            refusal::<CreateVersionRequest>(&json!({ "package": { "bucket": "x" } })),
            "bucket",
        ),
        (
            refusal::<CreateDatabaseRequest>(&json!({ "serverlessDatabase": { "rcu": 1 } })),
            "rcu",
        ),
        (
            refusal::<UpdateDatabaseRequest>(&json!({ "serverlessDatabase": { "rcu": 1 } })),
            "rcu",
        ),
        (
            refusal::<CreateApiGatewayRequest>(&json!({ "logOptions": { "level": "x" } })),
            "level",
        ),
        (
            refusal::<UpdateApiGatewayRequest>(&json!({ "logOptions": { "level": "x" } })),
            "level",
        ),
        (
            refusal::<SetAccessBindingsRequest>(&json!({ "accessBindings": [binding] })),
            "kind",
        ),
        (
            refusal::<UpdateAccessBindingsRequest>(&json!({
                "accessBindingDeltas": [{ "action": "ADD", "accessBinding": binding }] })),
            "kind",
        ),
    ] {
        assert!(
            text.contains("unknown field") && text.contains(path),
            "{text}"
        );
    }
}

#[test]
fn integers_are_texts_or_numbers_and_nothing_else() {
    let memory = |value: Value| {
        serde_json::from_value::<CreateVersionRequest>(json!({ "resources": { "memory": value } }))
    };
    assert_eq!(
        memory(json!("134217728")).unwrap().resources.memory,
        134_217_728
    );
    assert_eq!(
        memory(json!(134_217_728)).unwrap().resources.memory,
        134_217_728
    );
    for bad in [
        json!("128Mi"),
        json!(""),
        json!(1.5),
        json!([]),
        json!("9223372036854775808"),
    ] {
        let error = memory(bad).unwrap_err().to_string();
        assert!(error.contains("64-bit integer"), "{error}");
    }
}

#[test]
fn durations_are_seconds() {
    for (text, millis) in [
        ("5s", 5000),
        ("0s", 0),
        ("0.250s", 250),
        ("3600s", 3_600_000),
    ] {
        let duration: Duration = text.parse().unwrap();
        assert_eq!(duration.get().as_millis(), millis);
    }
    for (millis, text) in [(5000, "5s"), (250, "0.25s"), (0, "0s"), (1001, "1.001s")] {
        let duration = Duration::from(std::time::Duration::from_millis(millis));
        assert_eq!(serde_json::to_value(duration).unwrap(), text);
    }
    for bad in [
        "5",
        "s",
        "5m",
        "-1s",
        "1.0000000000s",
        " 5s",
        "1e3s",
        ".5s",
        "5.s5",
    ] {
        assert!(bad.parse::<Duration>().is_err(), "{bad}");
    }
}

#[test]
fn a_mask_is_one_text() {
    let mask: FieldMask = serde_json::from_value(json!("name, labels,")).unwrap();
    assert_eq!(mask, FieldMask::of(["name", "labels"]));
    assert!(mask.has("labels") && !mask.has("label"));
    assert!(
        serde_json::from_value::<FieldMask>(json!(""))
            .unwrap()
            .is_empty()
    );
    assert!(serde_json::from_value::<FieldMask>(json!(["name"])).is_err());
}
