//! Replies as JSON: what the cloud may leave out or add.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use yandex_cloud_rest::model::access::ListAccessBindingsResponse;
use yandex_cloud_rest::model::apigateway::{ApiGateway, OpenapiSpec};
use yandex_cloud_rest::model::database::Database;
use yandex_cloud_rest::model::function::{Function, ListScalingPoliciesResponse};
use yandex_cloud_rest::model::iam::{CreateKeyResponse, ServiceAccount};
use yandex_cloud_rest::model::version::Version;
use yandex_cloud_rest::model::websocket::Connection;

fn read<T: DeserializeOwned>(body: Value) -> T {
    serde_json::from_value(body).unwrap()
}

#[test]
fn a_database_of_any_kind_is_read() {
    let endpoint = "grpcs://ydb.serverless.yandexcloud.net:2135/?database=/ru-central1/c/etn";
    let database: Database = read(json!({
        "id": "etn", "folderId": "b1g", "createdAt": "2026-01-01T00:00:00Z", "name": "lobby",
        "status": "PROVISIONING", "endpoint": endpoint,
        "serverlessDatabase": { "storageSizeLimit": "53687091200", "throttlingRcuLimit": 10,
            "somethingNew": true },
        "backupConfig": { "backupSettings": [] }, "monitoringConfig": {},
        "documentApiEndpoint": "https://docapi", "kinesisApiEndpoint": "https://yds",
        "locationId": "ru-central1" }));
    let limits = database.serverless_database.unwrap();
    assert_eq!(limits.storage_size_limit, 53_687_091_200);
    assert_eq!(limits.throttling_rcu_limit, 10);
    assert!(!limits.enable_throttling_rcu_limit && !database.deletion_protection);
    assert_eq!(database.endpoint, endpoint);

    let dedicated: Database = read(json!({ "id": "etn", "dedicatedDatabase": {} }));
    assert!(dedicated.serverless_database.is_none());
}

#[test]
fn a_version_with_settings_that_are_not_modelled_is_read() {
    let version: Version = read(json!({
        "id": "d4e2", "functionId": "d4e1", "runtime": "nodejs22", "entrypoint": "index.handler",
        "resources": { "memory": "134217728", "cores": "1" }, "executionTimeout": "5s",
        "imageSize": "4096", "status": "ACTIVE", "tags": ["$latest", "live"],
        "secrets": [{ "id": "x" }], "connectivity": {}, "mounts": [],
        "logOptions": { "folderId": "b1g", "somethingNew": 1 },
        "metadataOptions": { "gceHttpEndpoint": "ENABLED", "somethingNew": 1 } }));
    assert_eq!(version.resources.memory, 134_217_728);
    assert_eq!(version.tags, ["$latest", "live"]);
    assert_eq!(version.image_size, 4096);
    assert_eq!(version.concurrency, 0);
}

#[test]
fn bindings_may_grow_and_lack_fields() {
    let list: ListAccessBindingsResponse = read(json!({ "accessBindings": [
        { "roleId": "editor", "subject": { "id": "aje", "type": "serviceAccount", "name": "n" },
          "condition": {} },
        { "roleId": "viewer" }] }));
    assert_eq!(list.access_bindings[0].subject.kind, "serviceAccount");
    assert_eq!(list.access_bindings[1].role_id, "viewer");
    assert_eq!(list.next_page_token, "");
}

#[test]
fn what_is_missing_has_its_default() {
    assert_eq!(read::<Function>(json!({})), Function::default());
    assert_eq!(read::<ServiceAccount>(json!({})), ServiceAccount::default());
    assert_eq!(read::<ApiGateway>(json!({})), ApiGateway::default());
    assert_eq!(read::<Connection>(json!({})), Connection::default());
    assert_eq!(read::<Version>(json!({})), Version::default());
}

#[test]
fn other_replies_are_read_as_documented() {
    let spec: OpenapiSpec = read(json!({ "apiGatewayId": "d5d", "openapiSpec": "openapi: 3.0.0" }));
    assert_eq!(spec.openapi_spec, "openapi: 3.0.0");
    let policies: ListScalingPoliciesResponse = read(json!({ "scalingPolicies": [
        { "functionId": "d4e", "tag": "live", "provisionedInstancesCount": "1" }] }));
    assert_eq!(policies.scaling_policies[0].provisioned_instances_count, 1);
    let connection: Connection = read(json!({
        "id": "d20", "gatewayId": "d5d", "connectedAt": "2026-01-01T00:00:00Z",
        "identity": { "sourceIp": "192.0.2.1", "userAgent": "curl" } }));
    assert_eq!(connection.identity.source_ip, "192.0.2.1");
    let key: CreateKeyResponse = read(json!({
        "key": { "id": "ajk", "serviceAccountId": "aje", "publicKey": "PUBLIC" },
        "privateKey": "c2VjcmV0" }));
    assert_eq!(key.key.id, "ajk");
    assert!(!format!("{key:?}").contains("c2VjcmV0"));
}
