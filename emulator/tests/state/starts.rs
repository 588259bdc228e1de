//! Starts on a state: what is refused, and what is the same again.

use std::net::TcpListener;
use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};

use crate::program::Program;
use crate::remote::{FOLDER, Remote};

const GATEWAYS: &str = "/apigateways/v1/apigateways";
const SPEC: &str = r#"{"openapi":"3.0.0","info":{"title":"t","version":"1"},"paths":{}}"#;

#[tokio::test]
async fn a_second_emulator_on_a_state_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Program::start(folder.path()).await;
    let (code, says) = Program::spawn(folder.path()).fails().await;
    assert_eq!(code, Some(1));
    assert!(says.contains("is in use by another emulator"), "{says}");
    assert!(says.contains("another folder with --state"), "{says}");
    first.kill().await;
    Program::start(folder.path()).await;
}

#[tokio::test]
async fn a_folder_of_the_state_must_not_be_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let both = ["--folder-id", FOLDER, "--folder-id", "b1gother000000000000"];
    let mut first = Program::with(folder.path(), &both);
    first.ready().await;
    first.kill().await;
    let (code, says) = Program::with(folder.path(), &both[2..]).fails().await;
    assert_eq!(code, Some(1));
    assert!(says.contains("leaves out b1gemulator000000000"), "{says}");
    let mut again = Program::spawn(folder.path());
    assert_eq!(again.ready().await["folderId"], FOLDER);
}

#[tokio::test]
async fn addresses_key_and_authority_stay_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    let arguments = ["--tls", authority.to_str().unwrap()];
    let files = |program: &Program| {
        let read = |path| std::fs::read_to_string(path).unwrap();
        (read(&program.key), read(&authority))
    };
    let mut first = Program::with(folder.path(), &arguments);
    let ready = first.ready().await;
    let before = files(&first);
    first.kill().await;
    let mut second = Program::with(folder.path(), &arguments);
    assert_eq!(second.ready().await, ready);
    assert_eq!(files(&second), before);
    second.kill().await;

    std::fs::remove_file(&second.key).unwrap();
    let mut third = Program::with(folder.path(), &arguments);
    third.ready().await;
    let (key, _) = files(&third);
    let account = |text: &str| -> Value {
        let key: Value = serde_json::from_str(text).unwrap();
        key["service_account_id"].clone()
    };
    assert_ne!(key, before.0);
    assert_eq!(account(&key), account(&before.0));
}

/// What a slow emulator was asked before it was killed.
async fn cut_off(folder: &Path, calls: &[(Method, String, Value)]) -> Vec<Value> {
    let mut program = Program::slow(folder);
    program.ready().await;
    let remote = Remote::of(&program).await;
    let mut operations = Vec::new();
    for (method, path, body) in calls {
        let (_, operation) = remote.mutate(method.clone(), path, body).await;
        assert_eq!(operation["done"], false, "{operation}");
        operations.push(operation);
    }
    program.kill().await;
    operations
}

#[tokio::test]
async fn operations_that_were_cut_off_are_finished() {
    let folder = tempfile::tempdir().unwrap();
    let kinds = [
        ("/functions/v1/functions", json!({})),
        ("/iam/v1/serviceAccounts", json!({})),
        ("/ydb/v1/databases", json!({ "serverlessDatabase": {} })),
        (
            "/apigateways/v1/apigateways",
            json!({ "openapiSpec": SPEC }),
        ),
    ];
    let creates = kinds.clone().map(|(path, mut body)| {
        body["folderId"] = FOLDER.into();
        body["name"] = "cut-off".into();
        (Method::POST, path.to_owned(), body)
    });
    let creating = cut_off(folder.path(), &creates).await;
    let mut program = Program::start(folder.path()).await;
    let remote = Remote::of(&program).await;
    let mut made = Vec::new();
    for ((path, _), operation) in kinds.iter().zip(&creating) {
        let response = remote.done(operation).await;
        let status = response["status"].as_str().unwrap();
        assert!(matches!(status, "ACTIVE" | "RUNNING"), "{response}");
        made.push(format!("{path}/{}", response["id"].as_str().unwrap()));
    }
    program.kill().await;

    let change = json!({ "updateMask": "description", "description": "new", "name": "cut-off" });
    let mut calls = vec![(Method::PATCH, made[0].clone(), change)];
    let deleted = made[1..].iter();
    calls.extend(deleted.map(|path| (Method::DELETE, path.clone(), json!({}))));
    let changing = cut_off(folder.path(), &calls).await;
    let _program = Program::start(folder.path()).await;
    for operation in &changing {
        remote.done(operation).await;
    }
    assert_eq!(remote.get(&made[0]).await.unwrap()["description"], "new");
    for path in &made[1..] {
        assert_eq!(remote.get(path).await, None);
    }
}

/// A new gateway.
async fn gateway(remote: &Remote) -> Value {
    let body = json!({ "folderId": FOLDER, "name": "door", "openapiSpec": SPEC });
    let (_, operation) = remote.mutate(Method::POST, GATEWAYS, &body).await;
    remote.done(&operation).await
}

#[tokio::test]
async fn a_gateways_port_that_somebody_else_has_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Program::start(folder.path()).await;
    let remote = Remote::of(&first).await;
    let gateway = gateway(&remote).await;
    let domain = gateway["domain"].as_str().unwrap();
    first.kill().await;
    let other = TcpListener::bind(domain).unwrap();
    let (code, says) = Program::spawn(folder.path()).fails().await;
    assert_eq!(code, Some(1));
    assert!(says.contains(domain), "{says}");
    assert!(
        says.contains("stop the program that listens there"),
        "{says}"
    );
    drop(other);
    let mut again = Program::spawn(folder.path());
    again.ready().await;
    assert!(remote.answers(domain).await);
}

#[tokio::test]
async fn a_stopped_gateway_stays_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Program::start(folder.path()).await;
    let remote = Remote::of(&first).await;
    let gateway = gateway(&remote).await;
    let path = format!("{GATEWAYS}/{}", gateway["id"].as_str().unwrap());
    let url = format!("http://{}/", gateway["domain"].as_str().unwrap());
    let status = async || reqwest::get(&url).await.unwrap().status().as_u16();
    assert_eq!(status().await, 404);
    let stop = format!("{path}:stop");
    let (_, operation) = remote.mutate(Method::POST, &stop, &json!({})).await;
    remote.done(&operation).await;
    first.kill().await;
    let _again = Program::start(folder.path()).await;
    assert_eq!(status().await, 403);
    let resume = format!("{path}:resume");
    let (_, operation) = remote.mutate(Method::POST, &resume, &json!({})).await;
    assert_eq!(remote.done(&operation).await["status"], "ACTIVE");
    assert_eq!(status().await, 404);
}
