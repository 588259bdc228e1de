//! Over TLS, against a server with a certificate of its own. Plain HTTP is
//! tested with the connection API.

use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

/// A server for `localhost` that answers one request with 204, its certificate
/// and its port.
async fn server() -> (CertificateDer<'static>, u16) {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = own.cert.der().clone();
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        // A client that trusts nobody hangs up here.
        if let Ok(mut stream) = acceptor.accept(socket).await {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                stream.read_buf(&mut request).await.unwrap();
            }
            stream.write_all(b"HTTP/1.1 204 x\r\n\r\n").await.unwrap();
        }
    });
    (certificate, port)
}

async fn get(trusted: Option<CertificateDer<'static>>, port: u16) -> Result<u16, HttpsError> {
    let https = Https {
        tls: OnceLock::from(connector(trusted).unwrap()),
    };
    let uri = format!("https://localhost:{port}/a");
    let request = Request::get(uri).body(String::new()).unwrap();
    https.send(request).await.map(|status| status.as_u16())
}

#[tokio::test]
async fn a_certificate_that_is_trusted_is_enough_and_needed() {
    let (certificate, port) = server().await;
    assert_eq!(get(Some(certificate), port).await.unwrap(), 204);
    let (_untrusted, port) = server().await;
    let error = get(None, port).await.unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
}
