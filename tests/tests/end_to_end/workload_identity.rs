//! An operator without a key: a real API server signs its pod's token, and the
//! cloud takes that for an IAM token.

use std::time::Duration;

use http::Request;
use k8s_openapi::api::apps::v1::Deployment;
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wschat_crds::WsChat;
use wschat_tests::cloud::Cloud;
use wschat_tests::custom_resource::smallest_chat;
use wschat_tests::emulator::{self, Addresses, Emulator};
use wschat_tests::operator::{Operator, Options};
use wschat_tests::wait::{wait_for, wait_gone};
use yandex_cloud_rest::model::operation::Operation;

use crate::chart_operator::{arguments, is_ready};
use crate::charts::install;
use crate::suite::{Handle, Scene};

const READY_LIMIT: Duration = Duration::from_mins(2);
const GONE_LIMIT: Duration = Duration::from_mins(1);
/// The operator's account in Kubernetes, as its chart names it.
const ACCOUNT: &str = "chats-wschat-operator";
/// The chart's default.
const AUDIENCE: &str = "ycaud";

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![suite.trial("an operator serves a chat without a key", serves)]
}

async fn serves(scene: Scene) -> Result<(), Failed> {
    let admin_key = scene.folder.join("admin-key.json");
    let options = emulator::Options::default()
        .argument("--admin-key")
        .argument(admin_key.to_string_lossy());
    let emulator = Emulator::start(&scene.folder, &options).await?;
    let cloud = emulator.addresses();
    let account = Cloud::of(cloud)?.account().to_owned();
    let deployment = install_without_key(&scene, cloud, &account).await?;
    let namespace = scene.namespace.name();
    let plane = scene.control_plane();
    let token = plane.token_of(namespace, ACCOUNT, &[AUDIENCE]).await?;
    std::fs::write(scene.folder.join("pod-token"), &token)?;
    let file = plane
        .kubeconfig_for_service_account(namespace, ACCOUNT)
        .await?;
    let options = Options::new(&file).arguments(arguments(&scene, &deployment)?);

    // Nobody linked the pod's account yet, and the operator says so.
    let mut operator = Operator::start(&scene.folder, &options)?;
    let chats: Api<WsChat> = scene.namespace.api();
    chats
        .create(&PostParams::default(), &smallest_chat("lobby")?)
        .await?;
    wait_for(
        &chats,
        "lobby",
        "the chat to say what is missing",
        READY_LIMIT,
        |chat| chat.is_some_and(|chat| mentions(chat, "federated-credential create")),
    )
    .await?;
    operator.ready().await?;

    let subject = format!("system:serviceaccount:{namespace}:{ACCOUNT}");
    let _keys = link(&scene, cloud, &account, &subject).await?;
    wait_for(
        &chats,
        "lobby",
        "the chat to be Ready",
        READY_LIMIT,
        |chat| chat.is_some_and(is_ready),
    )
    .await?;
    chats.delete("lobby", &DeleteParams::default()).await?;
    wait_gone(&chats, "lobby", GONE_LIMIT).await?;
    assert!(operator.stop().await?.success());
    emulator.stop().await?;
    Ok(())
}

/// The chart's Deployment, in which the cluster would mount a token for the cloud.
async fn install_without_key(
    scene: &Scene,
    cloud: &Addresses,
    account: &str,
) -> Result<Deployment, Failed> {
    let set = [
        format!("folderId={}", cloud.folder_id),
        format!("credentials.workloadIdentity.serviceAccountId={account}"),
        format!(
            "credentials.workloadIdentity.tokenExchangeUrl={}/oauth/token",
            cloud.api
        ),
        format!("apiEndpoint={}", cloud.api),
        format!("watchNamespace={}", scene.namespace.name()),
    ];
    let values: Vec<&str> = set.iter().flat_map(|value| ["--set", value]).collect();
    let deployment = install(scene, &values).await?;
    let pod = serde_json::to_value(&deployment)?;
    let projected = &pod["spec"]["template"]["spec"]["volumes"][0]["projected"];
    assert_eq!(
        projected["sources"][0]["serviceAccountToken"]["audience"],
        AUDIENCE
    );
    Ok(deployment)
}

fn mentions(chat: &WsChat, words: &str) -> bool {
    serde_json::to_string(&chat.status).is_ok_and(|status| status.contains(words))
}

/// What an administrator of the cloud does once for a cluster: a federation with
/// its issuer, and a link from the pod's account.
async fn link(
    scene: &Scene,
    cloud: &Addresses,
    account: &str,
    subject: &str,
) -> Result<PublishedKeys, Failed> {
    let kube = scene.control_plane().client();
    let ask =
        |path: &str| kube.request_text(Request::get(path).body(Vec::new()).unwrap_or_default());
    let configuration: Value =
        serde_json::from_str(&ask("/.well-known/openid-configuration").await?)?;
    let keys = PublishedKeys::publish(ask("/openid/v1/jwks").await?).await?;
    let admin = Admin(Cloud::of_admin(cloud)?, cloud.api.clone());
    let federation = json!({
        "folderId": cloud.folder_id,
        "name": "kubernetes",
        "audiences": [AUDIENCE],
        "issuer": configuration["issuer"],
        "jwksUrl": keys.url,
    });
    let path = "/iam/v1/workload/oidc/federations";
    let federation = admin.make(path, &federation, "federationId").await?;
    let credential = json!({
        "serviceAccountId": account,
        "federationId": federation,
        "externalSubjectId": subject,
    });
    let path = "/iam/v1/workload/federatedCredentials";
    admin
        .make(path, &credential, "federatedCredentialId")
        .await?;
    Ok(keys)
}

/// The cloud's administrator, and the API's base URL.
struct Admin(Cloud, String);

impl Admin {
    /// The id of what a create call makes.
    async fn make(&self, path: &str, body: &Value, field: &'static str) -> Result<String, Failed> {
        let Self(cloud, api) = self;
        let token = cloud.client().tokens().get().await?.value;
        let call = reqwest::Client::new().post(format!("{api}{path}"));
        let answer = call.bearer_auth(token).json(body).send().await?;
        let operation: Operation = answer.error_for_status()?.json().await?;
        Ok(cloud.made(&operation, field).await?)
    }
}

/// A cluster's public keys, where the cloud can read them; until it is dropped.
struct PublishedKeys {
    url: String,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for PublishedKeys {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl PublishedKeys {
    async fn publish(keys: String) -> Result<Self, Failed> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/keys", listener.local_addr()?);
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/jwk-set+json\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{keys}",
            keys.len()
        );
        let server = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 4096];
                let _asked = stream.read(&mut request).await;
                let _told = stream.write_all(answer.as_bytes()).await;
            }
        });
        Ok(Self { url, server })
    }
}
