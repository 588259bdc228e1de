//! Every method's HTTP method, path, query and body: as they are written here,
//! and as the official API descriptors have them.

use serde_json::{Value, json};
use yandex_cloud_rest::model::FieldMask;
use yandex_cloud_rest::model::access::{
    AccessBinding, AccessBindingAction, AccessBindingDelta, AccessSubject,
};
use yandex_cloud_rest::model::apigateway::{CreateApiGatewayRequest, UpdateApiGatewayRequest};
use yandex_cloud_rest::model::database::{CreateDatabaseRequest, UpdateDatabaseRequest};
use yandex_cloud_rest::model::function::{
    CreateFunctionRequest, SetScalingPolicyRequest, UpdateFunctionRequest,
};
use yandex_cloud_rest::model::iam::{CreateServiceAccountRequest, UpdateServiceAccountRequest};
use yandex_cloud_rest::model::trigger::{CreateTriggerRequest, UpdateTriggerRequest};
use yandex_cloud_rest::model::version::CreateVersionRequest;

use crate::stage::{KEY, Stage};

fn mask() -> FieldMask {
    FieldMask::of(["description"])
}

fn delta() -> AccessBindingDelta {
    AccessBindingDelta {
        action: AccessBindingAction::Add,
        access_binding: AccessBinding {
            role_id: "ydb.editor".to_owned(),
            subject: AccessSubject::service_account("aje"),
        },
    }
}

fn delta_body() -> Value {
    json!({ "accessBindingDeltas": [{ "action": "ADD", "accessBinding": {
        "roleId": "ydb.editor", "subject": { "id": "aje", "type": "serviceAccount" } } }] })
}

#[tokio::test]
async fn operations() {
    let stage = Stage::new().await;
    let operations = stage.client.operations();
    stage
        .reads("GET /operations/one", operations.get("one"))
        .await;
    stage
        .reads("GET /operations/one:cancel", operations.cancel("one"))
        .await;
}

#[tokio::test]
async fn service_accounts() {
    let stage = Stage::new().await;
    let accounts = stage.client.service_accounts();
    let base = "/iam/v1/serviceAccounts";
    stage
        .reads(&format!("GET {base}/aje"), accounts.get("aje"))
        .await;
    stage
        .reads(
            &format!("GET {base}?folderId=b1g&pageSize=1000"),
            accounts.list("b1g", None),
        )
        .await;
    let request = CreateServiceAccountRequest::default();
    stage
        .writes(&format!("POST {base}"), accounts.create(&request, KEY))
        .await;
    let request = UpdateServiceAccountRequest {
        update_mask: Some(mask()),
        ..UpdateServiceAccountRequest::default()
    };
    stage
        .writes(
            &format!("PATCH {base}/aje"),
            accounts.update("aje", &request, KEY),
        )
        .await;
    stage
        .writes(&format!("DELETE {base}/aje"), accounts.delete("aje", KEY))
        .await;
    stage
        .reads(
            &format!("GET {base}/aje:listAccessBindings?pageSize=1000"),
            accounts.access_bindings("aje"),
        )
        .await;
    let body = stage
        .writes(
            &format!("POST {base}/aje:updateAccessBindings"),
            accounts.update_access_bindings("aje", &[delta()], KEY),
        )
        .await;
    assert_eq!(body, delta_body());
}

#[tokio::test]
async fn folders() {
    let stage = Stage::new().await;
    let folders = stage.client.folders();
    let base = "/resource-manager/v1/folders/b1g";
    stage
        .reads(
            &format!("GET {base}:listAccessBindings?pageSize=1000"),
            folders.access_bindings("b1g"),
        )
        .await;
    let body = stage
        .writes(
            &format!("POST {base}:updateAccessBindings"),
            folders.update_access_bindings("b1g", &[delta()], KEY),
        )
        .await;
    assert_eq!(body, delta_body());
}

#[tokio::test]
async fn databases() {
    let stage = Stage::new().await;
    let databases = stage.client.databases();
    let base = "/ydb/v1/databases";
    stage
        .reads(&format!("GET {base}/etn"), databases.get("etn"))
        .await;
    stage
        .reads(
            &format!("GET {base}?folderId=b1g&pageSize=1000"),
            databases.list("b1g"),
        )
        .await;
    let request = CreateDatabaseRequest::default();
    stage
        .writes(&format!("POST {base}"), databases.create(&request, KEY))
        .await;
    let request = UpdateDatabaseRequest {
        update_mask: Some(mask()),
        ..UpdateDatabaseRequest::default()
    };
    stage
        .writes(
            &format!("PATCH {base}/etn"),
            databases.update("etn", &request, KEY),
        )
        .await;
    stage
        .writes(&format!("DELETE {base}/etn"), databases.delete("etn", KEY))
        .await;
}

#[tokio::test]
async fn functions() {
    let stage = Stage::new().await;
    let functions = stage.client.functions();
    let base = "/functions/v1/functions";
    stage
        .reads(&format!("GET {base}/d4e"), functions.get("d4e"))
        .await;
    let request = CreateFunctionRequest::default();
    stage
        .writes(&format!("POST {base}"), functions.create(&request, KEY))
        .await;
    let request = UpdateFunctionRequest {
        update_mask: Some(mask()),
        ..UpdateFunctionRequest::default()
    };
    let body = stage
        .writes(
            &format!("PATCH {base}/d4e"),
            functions.update("d4e", &request, KEY),
        )
        .await;
    assert_eq!(body, json!({ "updateMask": "description" }));
    stage
        .writes(&format!("DELETE {base}/d4e"), functions.delete("d4e", KEY))
        .await;
    stage
        .reads(
            &format!("GET {base}/d4e:listAccessBindings?pageSize=1000"),
            functions.access_bindings("d4e"),
        )
        .await;
    let line = format!("POST {base}/d4e:updateAccessBindings");
    let body = stage
        .writes(
            &line,
            functions.update_access_bindings("d4e", &[delta()], KEY),
        )
        .await;
    assert_eq!(body, delta_body());
    stage
        .reads(
            &format!("GET {base}/d4e/scalingPolicies?pageSize=1000"),
            functions.scaling_policies("d4e"),
        )
        .await;
    let request = SetScalingPolicyRequest {
        tag: "live".to_owned(),
        provisioned_instances_count: 1,
        ..SetScalingPolicyRequest::default()
    };
    let line = format!("POST {base}/d4e:setScalingPolicy");
    let body = stage
        .writes(&line, functions.set_scaling_policy("d4e", &request, KEY))
        .await;
    assert_eq!(body["tag"], "live");
    assert_eq!(body["provisionedInstancesCount"], "1");
    let line = format!("POST {base}/d4e:removeScalingPolicy");
    let body = stage
        .writes(&line, functions.remove_scaling_policy("d4e", "live", KEY))
        .await;
    assert_eq!(body, json!({ "tag": "live" }));
}

#[tokio::test]
async fn versions() {
    let stage = Stage::new().await;
    let versions = stage.client.versions();
    let base = "/functions/v1/versions";
    stage
        .reads(&format!("GET {base}/v"), versions.get("v"))
        .await;
    stage
        .reads(
            &format!("GET {base}:byTag?functionId=d4e&tag=%24latest"),
            versions.by_tag("d4e", "$latest"),
        )
        .await;
    stage
        .reads(
            &format!("GET {base}?functionId=d4e&pageSize=1000"),
            versions.list("d4e"),
        )
        .await;
    let request = CreateVersionRequest::default();
    stage
        .writes(&format!("POST {base}"), versions.create(&request, KEY))
        .await;
    stage
        .writes(
            &format!("DELETE {base}/v"),
            versions.delete("v", false, KEY),
        )
        .await;
    stage
        .writes(
            &format!("DELETE {base}/v?force=true"),
            versions.delete("v", true, KEY),
        )
        .await;
    let line = format!("POST {base}/v:setTag");
    let body = stage
        .writes(&line, versions.set_tag("v", "live", KEY))
        .await;
    assert_eq!(body, json!({ "tag": "live" }));
    let line = format!("POST {base}/v:removeTag");
    let body = stage
        .writes(&line, versions.remove_tag("v", "live", KEY))
        .await;
    assert_eq!(body, json!({ "tag": "live" }));
}

#[tokio::test]
async fn api_gateways() {
    let stage = Stage::new().await;
    let gateways = stage.client.api_gateways();
    let base = "/apigateways/v1/apigateways";
    stage
        .reads(&format!("GET {base}/d5d"), gateways.get("d5d"))
        .await;
    stage
        .reads(
            &format!("GET {base}?folderId=b1g&filter=name%3D%22lobby%22&pageSize=1000"),
            gateways.list("b1g", Some("lobby")),
        )
        .await;
    let request = CreateApiGatewayRequest::default();
    stage
        .writes(&format!("POST {base}"), gateways.create(&request, KEY))
        .await;
    let request = UpdateApiGatewayRequest {
        update_mask: Some(mask()),
        ..UpdateApiGatewayRequest::default()
    };
    stage
        .writes(
            &format!("PATCH {base}/d5d"),
            gateways.update("d5d", &request, KEY),
        )
        .await;
    stage
        .writes(&format!("DELETE {base}/d5d"), gateways.delete("d5d", KEY))
        .await;
    stage
        .reads(&format!("GET {base}/d5d:spec"), gateways.spec("d5d"))
        .await;
}

#[tokio::test]
async fn triggers() {
    let stage = Stage::new().await;
    let triggers = stage.client.triggers();
    let base = "/triggers/v1/triggers";
    stage
        .reads(&format!("GET {base}/a1s"), triggers.get("a1s"))
        .await;
    let request = CreateTriggerRequest::default();
    stage
        .writes(&format!("POST {base}"), triggers.create(&request, KEY))
        .await;
    let request = UpdateTriggerRequest {
        update_mask: Some(mask()),
        ..UpdateTriggerRequest::default()
    };
    stage
        .writes(
            &format!("PATCH {base}/a1s"),
            triggers.update("a1s", &request, KEY),
        )
        .await;
    stage
        .writes(&format!("DELETE {base}/a1s"), triggers.delete("a1s", KEY))
        .await;
    stage
        .writes(
            &format!("POST {base}/a1s:pause"),
            triggers.pause("a1s", KEY),
        )
        .await;
    stage
        .writes(
            &format!("POST {base}/a1s:resume"),
            triggers.resume("a1s", KEY),
        )
        .await;
}

#[tokio::test]
async fn connections() {
    let stage = Stage::new().await;
    let connections = stage.client.connections();
    let base = "/apigateways/websocket/v1/connections";
    stage
        .reads(&format!("GET {base}/c"), connections.get("c"))
        .await;
    let request = stage.last(connections.send_text("c", "hi")).await;
    assert_eq!(request.line(), format!("POST {base}/c:send"));
    assert_eq!(request.body, json!({ "data": "aGk=", "type": "TEXT" }));
    stage
        .reads(&format!("DELETE {base}/c"), connections.disconnect("c"))
        .await;
}
