//! Workload identity: federations, federated credentials, the token exchange.

use axum::Router;
use axum::routing::get;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use rsa::pkcs8::DecodePrivateKey;
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use yc_emulator::iam::Resource;
use yc_emulator::iam::keys::{KeyPair, generate};

use crate::harness::{FOLDER, OTHER_FOLDER, World, id};

const FEDERATIONS: &str = "/iam/v1/workload/oidc/federations";
const CREDENTIALS: &str = "/iam/v1/workload/federatedCredentials";
const ISSUER: &str = "https://kubernetes.default.svc";
const SUBJECT: &str = "system:serviceaccount:wschat:operator";
const AUDIENCE: &str = "ycaud";
const KEY: &str = "key-1";

fn federation(jwks_url: &str) -> Value {
    json!({
        "folderId": FOLDER,
        "name": "kubernetes",
        "audiences": [AUDIENCE],
        "issuer": ISSUER,
        "jwksUrl": jwks_url,
    })
}

/// A world whose operator may also manage federations.
async fn world() -> World {
    let world = World::new().await;
    for role in [
        "iam.workloadIdentityFederations.admin",
        "iam.serviceAccounts.admin",
        "iam.serviceAccounts.federatedCredentialEditor",
    ] {
        world
            .iam
            .grant(&Resource::folder(FOLDER), role, &world.operator);
    }
    world
}

#[tokio::test]
async fn a_federation_lives_from_create_to_delete() {
    let world = world().await;
    let made = world.made(world.post(FEDERATIONS, federation("https://keys")).await);
    let made = made.await;
    assert_eq!(
        made["@type"],
        "type.googleapis.com/yandex.cloud.iam.v1.workload.oidc.Federation"
    );
    assert_eq!(made["enabled"], true);
    let path = format!("{FEDERATIONS}/{}", id(&made));
    let update =
        json!({ "updateMask": "disabled,description", "disabled": true, "description": "ours" });
    let updated = world.made(world.patch(&path, update).await).await;
    assert_eq!(
        (
            &updated["enabled"],
            &updated["description"],
            &updated["issuer"]
        ),
        (&json!(false), &json!("ours"), &json!(ISSUER))
    );
    let listed = world
        .get(&format!("{FEDERATIONS}?folderId={FOLDER}"))
        .await
        .ok();
    assert_eq!(listed["federations"][0]["id"], made["id"]);
    world
        .post(FEDERATIONS, federation("https://keys"))
        .await
        .fails(409, 6, "already exists");
    world.done(world.delete(&path).await).await;
    world.get(&path).await.fails(404, 5, "not found");
}

#[tokio::test]
async fn a_federation_that_can_not_be_is_refused_with_all_its_faults() {
    let world = world().await;
    let bad = json!({ "folderId": FOLDER, "name": "Kubernetes", "audiences": [] });
    let answer = world.post(FEDERATIONS, bad).await;
    for part in ["name", "audiences", "issuer", "jwks_url"] {
        answer.fails(400, 3, part);
    }
    let made = world
        .made(world.post(FEDERATIONS, federation("https://keys")).await)
        .await;
    let path = format!("{FEDERATIONS}/{}", id(&made));
    let moved = json!({ "updateMask": "issuer", "issuer": "https://other" });
    world.patch(&path, moved).await.fails(400, 3, "issuer");
}

#[tokio::test]
async fn a_link_needs_a_role_on_the_federation_and_one_on_the_account() {
    let world = world().await;
    let made = world
        .made(world.post(FEDERATIONS, federation("https://keys")).await)
        .await;
    let (account, _) = world.robot("chat", &[]);
    let link = json!({ "serviceAccountId": account, "federationId": id(&made), "externalSubjectId": SUBJECT });
    let (linker, token) = world.robot("linker", &["iam.workloadIdentityFederations.user"]);
    let denied = world
        .as_robot(&token, Method::POST, CREDENTIALS, link.clone())
        .await;
    denied.fails(403, 7, "iam.serviceAccount");
    let resource = Resource::service_account(FOLDER, &account);
    let role = "iam.serviceAccounts.federatedCredentialEditor";
    world.iam.grant(&resource, role, &linker);
    let answer = world
        .as_robot(&token, Method::POST, CREDENTIALS, link.clone())
        .await;
    world.done(answer).await;
    let again = world
        .as_robot(&token, Method::POST, CREDENTIALS, link)
        .await;
    again.fails(409, 6, "already exists");
    let listed = world
        .get(&format!("{CREDENTIALS}?serviceAccountId={account}"))
        .await
        .ok();
    assert_eq!(
        listed["federatedCredentials"][0]["externalSubjectId"],
        SUBJECT
    );
    let path = format!(
        "{CREDENTIALS}/{}",
        listed["federatedCredentials"][0]["id"].as_str().unwrap()
    );
    assert_eq!(world.get(&path).await.ok()["federationId"], made["id"]);
    world.done(world.delete(&path).await).await;
    world.get(&path).await.fails(404, 5, "not found");
}

/// An issuer: its key, and where its keys are.
struct Issuer {
    pair: KeyPair,
    jwks_url: String,
}

impl Issuer {
    async fn start() -> Self {
        let pair = generate(2048).unwrap();
        let keys = jwks(&pair);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let jwks_url = format!("http://{}/keys", listener.local_addr().unwrap());
        let router = Router::new().route("/keys", get(move || async move { axum::Json(keys) }));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { pair, jwks_url }
    }

    fn token(&self, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(KEY.to_owned());
        let pem = self.pair.private_key.as_bytes();
        let key = EncodingKey::from_rsa_pem(pem).unwrap();
        jsonwebtoken::encode(&header, claims, &key).unwrap()
    }
}

fn jwks(pair: &KeyPair) -> Value {
    use base64::Engine;
    let encode = |bytes: Vec<u8>| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    let key = rsa::PrivateKey::from_pkcs8_pem(&pair.private_key).unwrap();
    json!({ "keys": [{
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": KEY,
        "n": encode(key.n().to_be_bytes_trimmed_vartime().into_vec()),
        "e": encode(key.e().to_be_bytes_trimmed_vartime().into_vec()),
    }] })
}

/// As Kubernetes projects it.
fn claims(world: &World) -> Value {
    let now = world.iam.clock().now().as_second();
    json!({
        "iss": ISSUER, "sub": SUBJECT, "aud": [AUDIENCE],
        "iat": now, "nbf": now, "exp": now + 3600,
    })
}

/// A federation with a linked account: the account's id.
async fn linked(world: &World, issuer: &Issuer) -> String {
    let made = world
        .made(world.post(FEDERATIONS, federation(&issuer.jwks_url)).await)
        .await;
    let (account, _) = world.robot("chat", &["viewer"]);
    let link = json!({ "serviceAccountId": account, "federationId": id(&made), "externalSubjectId": SUBJECT });
    world.done(world.post(CREDENTIALS, link).await).await;
    account
}

async fn exchange(world: &World, account: &str, token: &str) -> (u16, Value) {
    let form = [
        (
            "grant_type",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ),
        (
            "requested_token_type",
            "urn:ietf:params:oauth:token-type:access_token",
        ),
        ("audience", account),
        ("subject_token", token),
        (
            "subject_token_type",
            "urn:ietf:params:oauth:token-type:id_token",
        ),
    ];
    post_form(world, &form).await
}

async fn post_form(world: &World, form: &[(&str, &str)]) -> (u16, Value) {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    let answer = reqwest::Client::new()
        .post(format!("{}/oauth/token", world.api))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
        .send()
        .await
        .unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_linked_subject_gets_a_token_of_the_account() {
    let (world, issuer) = (world().await, Issuer::start().await);
    let account = linked(&world, &issuer).await;
    let (status, answer) = exchange(&world, &account, &issuer.token(&claims(&world))).await;
    assert_eq!(
        (status, &answer["token_type"]),
        (200, &json!("Bearer")),
        "{answer}"
    );
    assert_eq!(answer["expires_in"], 43_200);
    let token = answer["access_token"].as_str().unwrap();
    assert_eq!(world.iam.authenticate(Some(token)).unwrap().id, account);
}

#[tokio::test]
async fn a_token_that_is_not_as_it_was_agreed_is_refused() {
    let (world, issuer) = (world().await, Issuer::start().await);
    let account = linked(&world, &issuer).await;
    let now = world.iam.clock().now().as_second();
    for (field, value, why) in [
        ("iss", json!("https://other"), "no federated credential"),
        (
            "sub",
            json!("system:serviceaccount:wschat:default"),
            "no federated credential",
        ),
        ("aud", json!("other"), "audiences"),
        ("exp", json!(now), "expired"),
        ("nbf", json!(now + 60), "isn't good yet"),
    ] {
        let mut claims = claims(&world);
        claims[field] = value;
        let (status, answer) = exchange(&world, &account, &issuer.token(&claims)).await;
        assert_eq!(
            (status, &answer["error"]),
            (400, &json!("invalid_grant")),
            "{field}"
        );
        let told = answer["error_description"].as_str().unwrap();
        assert!(told.contains(why), "{field}: {told}");
    }
    let stranger = Issuer::start().await;
    let (_, forged) = exchange(&world, &account, &stranger.token(&claims(&world))).await;
    let told = forged["error_description"].as_str().unwrap();
    assert!(told.contains("InvalidSignature"), "{told}");
    let (other, _) = world.robot("other", &["admin"]);
    let (status, _) = exchange(&world, &other, &issuer.token(&claims(&world))).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn nobody_is_let_in_by_a_disabled_federation_or_one_without_keys() {
    let (world, issuer) = (world().await, Issuer::start().await);
    let account = linked(&world, &issuer).await;
    let listed = world
        .get(&format!("{FEDERATIONS}?folderId={FOLDER}"))
        .await
        .ok();
    let path = format!("{FEDERATIONS}/{}", id(&listed["federations"][0]));
    let token = issuer.token(&claims(&world));
    let off = json!({ "updateMask": "disabled", "disabled": true });
    world.done(world.patch(&path, off).await).await;
    let (_, answer) = exchange(&world, &account, &token).await;
    assert!(
        answer["error_description"]
            .as_str()
            .unwrap()
            .contains("disabled")
    );
    let gone = json!({ "updateMask": "disabled,jwksUrl", "jwksUrl": format!("{}/nowhere", issuer.jwks_url) });
    world.done(world.patch(&path, gone).await).await;
    let (status, answer) = exchange(&world, &account, &token).await;
    assert_eq!((status, &answer["error"]), (400, &json!("invalid_request")));
    assert!(
        answer["error_description"]
            .as_str()
            .unwrap()
            .contains("404"),
        "{answer}"
    );
    let (status, answer) = post_form(&world, &[("grant_type", "password")]).await;
    assert_eq!(status, 400);
    assert!(
        answer["error_description"]
            .as_str()
            .unwrap()
            .contains("grant_type must be")
    );
}

#[tokio::test]
async fn bindings_on_a_federation_let_others_link() {
    let world = world().await;
    let made = world
        .made(world.post(FEDERATIONS, federation("https://keys")).await)
        .await;
    let path = format!("{FEDERATIONS}/{}", id(&made));
    let (robot, token) = world.robot("robot", &[]);
    let subject = json!({ "id": robot, "type": "serviceAccount" });
    let binding = json!({ "roleId": "iam.workloadIdentityFederations.user", "subject": subject });
    let delta = json!({ "accessBindingDeltas": [{ "action": "ADD", "accessBinding": binding }] });
    let denied = world
        .as_robot(&token, Method::GET, &path, Value::Null)
        .await;
    denied.fails(403, 7, "denied");
    world
        .done(
            world
                .post(&format!("{path}:updateAccessBindings"), delta)
                .await,
        )
        .await;
    let seen = world
        .as_robot(&token, Method::GET, &path, Value::Null)
        .await;
    assert_eq!(seen.ok()["name"], "kubernetes");
    let listed = world.get(&format!("{path}:listAccessBindings")).await.ok();
    assert_eq!(
        listed["accessBindings"][0]["roleId"],
        "iam.workloadIdentityFederations.user"
    );
    let none = json!({ "accessBindings": [] });
    world
        .done(world.post(&format!("{path}:setAccessBindings"), none).await)
        .await;
    let denied = world
        .as_robot(&token, Method::GET, &path, Value::Null)
        .await;
    denied.fails(403, 7, "denied");
    let other = json!({ "folderId": OTHER_FOLDER, "name": "x", "audiences": ["a"], "issuer": "i", "jwksUrl": "j" });
    world.post(FEDERATIONS, other).await.fails(403, 7, "denied");
}

#[tokio::test]
async fn links_go_with_their_federation_and_with_their_account() {
    let world = world().await;
    for gone_first in ["federation", "account"] {
        let made = world
            .made(world.post(FEDERATIONS, federation("https://keys")).await)
            .await;
        let federation = id(&made);
        let (account, _) = world.robot(gone_first, &[]);
        let link = json!({ "serviceAccountId": account, "federationId": federation, "externalSubjectId": SUBJECT });
        world.done(world.post(CREDENTIALS, link).await).await;
        assert_eq!(world.iam.federated_credentials().len(), 1);
        let federation = format!("{FEDERATIONS}/{federation}");
        let account = format!("/iam/v1/serviceAccounts/{account}");
        if gone_first == "account" {
            world.done(world.delete(&account).await).await;
            assert!(world.iam.federated_credentials().is_empty());
            world.done(world.delete(&federation).await).await;
        } else {
            world.done(world.delete(&federation).await).await;
            assert!(world.iam.federated_credentials().is_empty());
        }
    }
}
