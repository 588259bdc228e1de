//! The catalogue of behaviours holds every method of YDB's services, and tells
//! which of them are refused.

#[path = "../shared/behaviours.rs"]
mod behaviours;

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;
use prost_types::FileDescriptorSet;
use ydb_grpc::ydb_proto::status_ids::StatusCode;
use ydb_grpc::ydb_proto::table::CopyTableResponse;

use crate::harness::{DATABASE, World};

const PACKAGE: &str = "Ydb.";

/// The services of the emulator that its descriptors lack (`build.rs`).
const SCRIPTING: (&str, [&str; 2]) = (
    "Ydb.Scripting.V1.ScriptingService",
    ["ExecuteYql", "StreamExecuteYql"],
);

/// gRPC's code.
const UNIMPLEMENTED: &str = "12";

/// A gRPC message without contents: not compressed, no bytes long.
const EMPTY: [u8; 5] = [0; 5];

#[test]
fn every_method_of_ydb_is_in_the_catalogue() {
    let descriptors = include_bytes!("../../proto/ydb-services.bin");
    let files = FileDescriptorSet::decode(descriptors.as_slice()).unwrap();
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in &files.file {
        for service in &file.service {
            let methods = service.method.iter().map(|method| method.name().to_owned());
            known.insert(
                format!("{}.{}", file.package(), service.name()),
                methods.collect(),
            );
        }
    }
    let (scripting, methods) = SCRIPTING;
    known.insert(scripting.to_owned(), methods.map(str::to_owned).into());
    behaviours::assert_complete(PACKAGE, &known);
}

#[tokio::test]
async fn exactly_the_refused_methods_of_ydb_are_unimplemented() {
    let world = World::new().await;
    let client = reqwest::Client::builder()
        .http2_prior_knowledge()
        .build()
        .unwrap();
    for (service, methods) in behaviours::services(PACKAGE) {
        for (method, written) in methods {
            let url = format!("http://{}/{service}/{method}", world.address);
            let request = client
                .post(url)
                .header("content-type", "application/grpc")
                .header("te", "trailers")
                .header("x-ydb-database", DATABASE)
                .header("x-ydb-auth-ticket", &world.token)
                .body(EMPTY.to_vec());
            let answer = request.send().await.unwrap();
            let refused = is_unimplemented(answer).await;
            assert_eq!(refused, written, "{service}/{method}");
        }
    }
}

/// gRPC's status, or YDB's in the operation of a reply.
async fn is_unimplemented(answer: reqwest::Response) -> bool {
    // An answer that is nothing but a status has it among its headers.
    if let Some(status) = answer.headers().get("grpc-status") {
        return status == UNIMPLEMENTED;
    }
    let body = answer.bytes().await.unwrap();
    // Every reply with an operation has it in the same field.
    let reply = body.get(EMPTY.len()..).map(CopyTableResponse::decode);
    let operation = reply.and_then(Result::ok).and_then(|reply| reply.operation);
    operation.is_some_and(|operation| operation.status() == StatusCode::Unsupported)
}
