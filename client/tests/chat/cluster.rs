//! By name: what the client makes of the Kubernetes API's answers. (The whole way,
//! with a real API server, is tested with the operator.)

use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::{Client, Remains, Server, run, soon};

/// An API server that gives prepared answers.
struct Cluster {
    listener: TcpListener,
    folder: TempDir,
}

impl Cluster {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let folder = tempfile::tempdir().expect("a folder");
        let address = listener.local_addr().expect("an address");
        // JSON is YAML.
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "c", "cluster": {"server": format!("http://{address}")}}],
            "users": [{"name": "u", "user": {}}],
            "contexts": [{"name": "test",
                          "context": {"cluster": "c", "user": "u", "namespace": "team"}}],
        });
        std::fs::write(folder.path().join("config"), config.to_string()).expect("written");
        Self { listener, folder }
    }

    fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    /// Answers one request; returns its path.
    async fn answer(&self, status: u16, body: &Value) -> String {
        let (mut stream, _) = soon(self.listener.accept()).await.expect("a request");
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(soon(stream.read_u8()).await.expect("a head"));
        }
        let body = body.to_string();
        let answer = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nConnection: close\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        soon(stream.write_all(answer.as_bytes()))
            .await
            .expect("sent");
        let head = String::from_utf8(request).expect("UTF-8");
        head.split(' ').nth(1).unwrap_or_default().to_owned()
    }

    async fn url(&self, args: &[&str], status: u16, body: &Value) -> (Remains, String) {
        let kubeconfig = self.kubeconfig();
        let mut all = vec!["url", "--kubeconfig", kubeconfig.to_str().expect("UTF-8")];
        all.extend(args);
        tokio::join!(run(&all), self.answer(status, body))
    }
}

fn chat(ready: &str, url: &str) -> Value {
    json!({
        "apiVersion": "wschat.dev/v1alpha1", "kind": "WsChat",
        "metadata": {"name": "lobby", "namespace": "team", "generation": 1},
        "spec": {},
        "status": {"url": url, "conditions": [{
            "type": "Ready", "status": ready, "reason": "Provisioning",
            "message": "the database\nis being made", "observedGeneration": 1,
            "lastTransitionTime": "2026-01-01T00:00:00Z"}]},
    })
}

fn refusal(code: u16, reason: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Status", "status": "Failure",
           "code": code, "reason": reason, "message": "no such thing for you"})
}

#[tokio::test]
async fn a_ready_chats_address_is_printed() {
    let cluster = Cluster::start().await;
    let ready = chat("True", "wss://h/ws");
    let cases: [(&[&str], &str); 4] = [
        (&["lobby"], "team"),
        (&["--chat", "lobby"], "team"),
        (&["lobby", "-n", "ops"], "ops"),
        (&["dev/lobby", "-n", "ops"], "dev"),
    ];
    for (args, namespace) in cases {
        let (remains, path) = cluster.url(args, 200, &ready).await;
        assert_eq!(remains.code, 0, "{}", remains.stderr);
        assert_eq!(remains.stdout, "wss://h/ws\n");
        let expected = format!("/apis/wschat.dev/v1alpha1/namespaces/{namespace}/wschats/lobby");
        assert_eq!(path, expected);
    }
}

#[tokio::test]
async fn answers_have_their_codes() {
    let cluster = Cluster::start().await;
    let cases = [
        (
            200,
            chat("False", "wss://h/ws"),
            3,
            "team/lobby isn't Ready: Provisioning: the database is being made",
        ),
        (
            404,
            refusal(404, "NotFound"),
            3,
            "there is no WsChat team/lobby",
        ),
        (403, refusal(403, "Forbidden"), 5, "no such thing for you"),
        (400, refusal(400, "BadRequest"), 1, "no such thing for you"),
    ];
    for (status, body, code, text) in cases {
        let (remains, _) = cluster.url(&["lobby"], status, &body).await;
        assert_eq!(remains.code, code, "{}", remains.stderr);
        assert!(remains.stderr.contains(text), "{}", remains.stderr);
        assert_eq!(remains.stderr.lines().count(), 1, "{}", remains.stderr);
    }
}

#[tokio::test]
async fn a_cluster_that_is_away_is_4() {
    let cluster = Cluster::start().await;
    let Cluster { listener, folder } = cluster;
    drop(listener);
    let kubeconfig = folder.path().join("config");
    let kubeconfig = kubeconfig.to_str().expect("UTF-8");
    let remains = run(&["url", "lobby", "--kubeconfig", kubeconfig]).await;
    assert_eq!(remains.code, 4, "{}", remains.stderr);
}

#[tokio::test]
async fn waiting_sees_the_chat_become_ready() {
    let cluster = Cluster::start().await;
    let server = Server::start().await;
    let kubeconfig = cluster.kubeconfig();
    let kubeconfig = kubeconfig.to_str().expect("UTF-8");
    let args = ["join", "lobby", "--wait", "1m", "--kubeconfig", kubeconfig];
    let mut client = Client::start(&args);
    client.write("at last\n").await;
    client.end_input();
    cluster.answer(404, &refusal(404, "NotFound")).await;
    cluster.answer(200, &chat("False", "")).await;
    cluster.answer(200, &chat("True", &server.url())).await;
    let mut peer = server.accept().await;
    assert_eq!(peer.take().await, "at last");
    peer.closed().await;
    let remains = client.end().await;
    assert_eq!(remains.code, 0, "{}", remains.stderr);
    for text in [
        "there is no WsChat",
        "isn't Ready: Provisioning",
        "team/lobby is Ready: ws://",
    ] {
        assert!(remains.stderr.contains(text), "{}", remains.stderr);
    }
}

#[tokio::test]
async fn a_chat_that_moved_is_found_again() {
    let cluster = Cluster::start().await;
    let old = Server::start().await;
    let kubeconfig = cluster.kubeconfig();
    let kubeconfig = kubeconfig.to_str().expect("UTF-8");
    let mut client = Client::start(&["join", "lobby", "--kubeconfig", kubeconfig]);
    cluster.answer(200, &chat("True", &old.url())).await;
    let peer = old.accept().await;
    drop(old);
    drop(peer);
    let new = Server::start().await;
    cluster.answer(200, &chat("True", &new.url())).await;
    let mut peer = new.accept().await;
    client.write("found you\n").await;
    client.end_input();
    assert_eq!(peer.take().await, "found you");
    peer.closed().await;
    assert_eq!(client.end().await.code, 0);
}
