//! A whole emulator that speaks TLS.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::error::Error as _;
use std::path::PathBuf;

use clap::Parser as _;
use reqwest::{Certificate, Client, StatusCode, Version};
use serde_json::Value;
use tempfile::TempDir;
use tonic::Code;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use yc_emulator::args::Args;
use yc_emulator::server::Emulator;
use ydb_grpc::ydb_proto::discovery::ListEndpointsRequest;
use ydb_grpc::ydb_proto::discovery::v1::discovery_service_client::DiscoveryServiceClient;

struct World {
    emulator: Emulator,
    /// The ready line, as who started it reads it.
    ready: Value,
    file: PathBuf,
    _folder: TempDir,
}

impl World {
    async fn new() -> Self {
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("ca.pem");
        let path = file.to_str().unwrap();
        let free = "127.0.0.1:0";
        let line = [
            "yc-emulator",
            "--listen",
            free,
            "--ydb-listen",
            free,
            "--tls",
            path,
        ];
        let emulator = Emulator::start(Args::try_parse_from(line).unwrap())
            .await
            .unwrap();
        Self {
            ready: serde_json::to_value(emulator.ready()).unwrap(),
            emulator,
            file,
            _folder: folder,
        }
    }

    fn says(&self, key: &str) -> &str {
        self.ready[key].as_str().unwrap()
    }

    /// Trusts the authority, and nobody else.
    fn trusting(&self) -> Client {
        let pem = std::fs::read(&self.file).unwrap();
        let authority = Certificate::from_pem(&pem).unwrap();
        let builder = Client::builder().no_proxy().tls_certs_only([authority]);
        builder.build().unwrap()
    }

    fn ydb(&self) -> Endpoint {
        let url = self.says("ydb").replace("grpcs://", "https://");
        Endpoint::from_shared(url).unwrap()
    }
}

/// The whole story of an error, in one line.
fn told(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[tokio::test]
async fn a_client_with_the_authority_is_served() {
    let world = World::new().await;
    assert_eq!(
        world.says("certificateAuthority"),
        world.file.to_str().unwrap()
    );
    let api = world.says("api");
    assert!(api.starts_with("https://127.0.0.1:"), "{api}");
    let client = world.trusting();
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("{api}/endpoints").replace("127.0.0.1", host);
        let answer = client.get(url).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.version(), Version::HTTP_2);
        let listed: Value = answer.json().await.unwrap();
        let address = listed["endpoints"][0]["address"].as_str().unwrap();
        assert_eq!(format!("https://{address}"), api);
    }
    world.emulator.stop().await;
}

#[tokio::test]
async fn a_client_without_the_authority_is_refused() {
    let world = World::new().await;
    let client = Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/endpoints", world.says("api"));
    let error = client.get(url).send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    let text = told(&error);
    assert!(text.contains("UnknownIssuer"), "{text}");
    world.emulator.stop().await;
}

#[tokio::test]
async fn a_plain_client_is_told_to_use_tls() {
    let world = World::new().await;
    let client = Client::builder().no_proxy().build().unwrap();
    let url = world.says("api").replace("https://", "http://");
    let answer = client.get(format!("{url}/endpoints")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    let text = answer.text().await.unwrap();
    assert!(text.contains("https://"), "{text}");
    assert!(text.contains(world.file.to_str().unwrap()), "{text}");
    world.emulator.stop().await;
}

#[tokio::test]
async fn ydb_serves_clients_with_the_authority_only() {
    let world = World::new().await;
    let pem = std::fs::read(&world.file).unwrap();
    let authority = tonic::transport::Certificate::from_pem(pem);
    let config = ClientTlsConfig::new().ca_certificate(authority);
    let trusting = world.ydb().tls_config(config).unwrap();
    let channel: Channel = trusting.connect().await.unwrap();
    let mut discovery = DiscoveryServiceClient::new(channel);
    let refused = discovery.list_endpoints(ListEndpointsRequest::default());
    assert_eq!(refused.await.unwrap_err().code(), Code::Unauthenticated);

    let config = ClientTlsConfig::new().with_native_roots();
    let distrusting = world.ydb().tls_config(config).unwrap();
    assert!(distrusting.connect().await.is_err());
    world.emulator.stop().await;
}
