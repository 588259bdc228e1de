//! Service accounts, keys and bindings.

use reqwest::Method;
use serde_json::json;

use crate::harness::{FOLDER, OTHER_FOLDER, World, id};

const ACCOUNTS: &str = "/iam/v1/serviceAccounts";

#[tokio::test]
async fn a_service_account_lives_from_create_to_delete() {
    let world = World::new().await;
    let create = json!({ "folderId": FOLDER, "name": "chat", "labels": { "a": "b" } });
    let account = world.made(world.post(ACCOUNTS, create).await).await;
    assert_eq!(
        account["@type"],
        "type.googleapis.com/yandex.cloud.iam.v1.ServiceAccount"
    );
    let path = format!("{ACCOUNTS}/{}", id(&account));
    assert_eq!(world.get(&path).await.ok()["status"], "ACTIVE");
    let update = json!({ "updateMask": "description", "name": "chat", "description": "ours" });
    let updated = world.made(world.patch(&path, update).await).await;
    assert_eq!(
        (&updated["description"], &updated["labels"]["a"]),
        (&json!("ours"), &json!("b"))
    );
    let operations = world.get(&format!("{path}/operations")).await.ok();
    assert_eq!(operations["operations"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        operations["operations"][0]["description"],
        "Update service account"
    );
    let removed = world.done(world.delete(&path).await).await;
    assert_eq!(
        removed["response"]["@type"],
        "type.googleapis.com/google.protobuf.Empty"
    );
    world.get(&path).await.fails(404, 5, "not found");
}

#[tokio::test]
async fn a_name_is_unique_in_the_whole_cloud_and_found_by_its_filter() {
    let world = World::new().await;
    world.iam.grant(
        &yc_emulator::iam::Resource::folder(OTHER_FOLDER),
        "iam.serviceAccounts.admin",
        &world.operator,
    );
    world
        .made(
            world
                .post(ACCOUNTS, json!({ "folderId": FOLDER, "name": "chat" }))
                .await,
        )
        .await;
    let again = json!({ "folderId": OTHER_FOLDER, "name": "chat" });
    world
        .post(ACCOUNTS, again)
        .await
        .fails(409, 6, "already exists");
    let query = format!("{ACCOUNTS}?folderId={FOLDER}&filter=name%3D%22chat%22");
    let found = world.get(&query).await.ok();
    assert_eq!(found["serviceAccounts"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_new_key_opens_the_token_exchange_and_can_be_deleted() {
    let world = World::new().await;
    let (robot, _) = world.robot("robot", &[]);
    let made = world
        .post("/iam/v1/keys", json!({ "serviceAccountId": robot }))
        .await
        .ok();
    let key_id = id(&made["key"]);
    let private = made["privateKey"].as_str().unwrap();
    let pem = private.split_once('\n').unwrap();
    assert!(pem.0.starts_with("PLEASE DO NOT REMOVE THIS LINE!"));
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::PS256);
    header.kid = Some(key_id.clone());
    let now = world.iam.clock().now().as_second();
    let claims = json!({
        "iss": robot, "iat": now, "exp": now + 600,
        "aud": "https://iam.api.cloud.yandex.net/iam/v1/tokens",
    });
    let key = jsonwebtoken::EncodingKey::from_rsa_pem(pem.1.as_bytes()).unwrap();
    let jwt = jsonwebtoken::encode(&header, &claims, &key).unwrap();
    let token = world
        .post("/iam/v1/tokens", json!({ "jwt": jwt }))
        .await
        .ok();
    let token = token["iamToken"].as_str().unwrap();
    assert_eq!(world.iam.authenticate(Some(token)).unwrap().id, robot);

    let deleted = world
        .done(world.delete(&format!("/iam/v1/keys/{key_id}")).await)
        .await;
    assert_eq!(deleted["metadata"]["keyId"], key_id.as_str());
    world
        .post("/iam/v1/tokens", json!({ "jwt": jwt }))
        .await
        .fails(401, 16, "kid");
    // What the key got before lives on until its end (a guess).
    assert_eq!(world.iam.authenticate(Some(token)).unwrap().id, robot);
}

#[tokio::test]
async fn folder_bindings_change_by_deltas_and_by_replacement() {
    let world = World::new().await;
    let (robot, _) = world.robot("robot", &[]);
    let folder = format!("/resource-manager/v1/folders/{FOLDER}");
    let binding = |role: &str| json!({ "roleId": role, "subject": { "id": robot, "type": "serviceAccount" } });
    let add = json!({ "action": "ADD", "accessBinding": binding("ydb.editor") });
    let update = format!("{folder}:updateAccessBindings");
    let deltas = json!({ "accessBindingDeltas": [add, add] });
    let operation = world.done(world.post(&update, deltas).await).await;
    assert_eq!(operation["metadata"]["resourceId"], FOLDER);
    let effective = operation["response"]["effectiveDeltas"].as_array().unwrap();
    assert_eq!(effective.len(), 1, "the second one changes nothing");
    let list = format!("{folder}:listAccessBindings?pageSize=1000");
    let listed = world.get(&list).await.ok();
    assert!(
        listed["accessBindings"]
            .as_array()
            .unwrap()
            .contains(&binding("ydb.editor"))
    );

    let set = json!({ "accessBindings": [binding("yds.admin")] });
    world
        .done(
            world
                .post(&format!("{folder}:setAccessBindings"), set)
                .await,
        )
        .await;
    world.get(&list).await.fails(403, 7, "denied");
    assert_eq!(
        world
            .iam
            .bindings(&yc_emulator::iam::Resource::folder(FOLDER))
            .len(),
        1
    );
}

#[tokio::test]
async fn a_role_that_is_unknown_or_more_than_the_callers_own_is_refused() {
    let world = World::new().await;
    let (robot, _) = world.robot("robot", &[]);
    let update = format!("/resource-manager/v1/folders/{FOLDER}:updateAccessBindings");
    let delta = |role: &str, subject: &str| {
        json!({ "accessBindingDeltas": [{ "action": "ADD", "accessBinding": {
            "roleId": role, "subject": { "id": subject, "type": "serviceAccount" },
        } }] })
    };
    world
        .post(&update, delta("ydb.owner", &robot))
        .await
        .fails(404, 5, "ydb.owner");
    world.post(&update, delta("admin", &robot)).await.fails(
        403,
        7,
        &format!("folder {FOLDER}] denied"),
    );
    world
        .post(&update, delta("ydb.editor", "aje0"))
        .await
        .fails(404, 5, "aje0");
    world
        .post(&update, json!({}))
        .await
        .fails(400, 3, "access_binding_deltas");
}

#[tokio::test]
async fn a_token_for_another_account_needs_its_role() {
    let world = World::new().await;
    let (robot, token) = world.robot("robot", &[]);
    let path = "/iam/v1/tokens:createForServiceAccount";
    let body = json!({ "serviceAccountId": robot });
    world.post(path, body.clone()).await.fails(403, 7, "denied");
    world.iam.grant(
        &yc_emulator::iam::Resource::service_account(FOLDER, &robot),
        "iam.serviceAccounts.tokenCreator",
        &world.operator,
    );
    assert!(
        world.post(path, body).await.ok()["iamToken"]
            .as_str()
            .unwrap()
            .starts_with("t1.")
    );
    let revoke = json!({ "iamToken": token });
    let revoked = world.post("/iam/v1/tokens:revoke", revoke).await.ok();
    assert_eq!(revoked["subjectId"], robot.as_str());
    let list = format!("{ACCOUNTS}?folderId={FOLDER}");
    world
        .as_robot(&token, Method::GET, &list, json!({}))
        .await
        .fails(401, 16, "invalid");
}

#[tokio::test]
async fn a_token_of_a_person_is_refused_by_name() {
    let world = World::new().await;
    let person = json!({ "yandexPassportOauthToken": "y0_AgAAA" });
    world
        .post("/iam/v1/tokens", person)
        .await
        .fails(501, 12, "yandexPassportOauthToken");
}
