//! Connections by TLS, with an authority of one's own.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use crate::support::{Client, Peer, Server, run, soon};

/// A server's side of TLS, and its authority's certificate in PEM.
fn authority() -> (TlsAcceptor, String) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let authority = CertifiedIssuer::self_signed(params, key).expect("a certificate");
    let key = KeyPair::generate().expect("a key");
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()])
        .and_then(|params| params.signed_by(&key, &authority))
        .expect("a certificate");
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .expect("a configuration");
    (TlsAcceptor::from(Arc::new(config)), authority.pem())
}

#[tokio::test]
async fn an_own_authority_is_trusted_when_it_is_named() {
    let (acceptor, pem) = authority();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, pem).expect("written");
    let server = Server::start().await;
    let url = server.url().replace("ws://", "wss://");
    let cacert = path.to_str().expect("UTF-8");

    let client = Client::start(&["send", "--url", &url, "--cacert", cacert, "secretly"]);
    let stream = soon(acceptor.accept(server.tcp().await))
        .await
        .expect("TLS");
    let mut peer = Box::pin(Peer::accept(stream)).await;
    assert_eq!(peer.take().await, "secretly");
    peer.closed().await;
    assert_eq!(client.end().await.code, 0);
}

#[tokio::test]
async fn a_strange_authority_is_not_trusted() {
    let (acceptor, _) = authority();
    let server = Server::start().await;
    let url = server.url().replace("ws://", "wss://");
    let client = Client::start(&["send", "--url", &url, "x"]);
    assert!(soon(acceptor.accept(server.tcp().await)).await.is_err());
    let remains = client.end().await;
    assert_eq!(remains.code, 4, "{}", remains.stderr);
    assert!(remains.stderr.contains("--cacert"), "{}", remains.stderr);
}

#[tokio::test]
async fn a_file_without_certificates_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, "nothing").expect("written");
    let cacert = path.to_str().expect("UTF-8");
    let args = [
        "send",
        "--url",
        "wss://127.0.0.1:1/ws",
        "--cacert",
        cacert,
        "x",
    ];
    let remains = run(&args).await;
    assert_eq!(remains.code, 2);
    assert!(
        remains.stderr.contains("no certificate"),
        "{}",
        remains.stderr
    );
}
