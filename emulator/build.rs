//! Generates the server side of YDB's gRPC services. Their messages come from
//! the crate `ydb-grpc`, which ships clients only.

use std::error::Error;

use prost::Message;
use prost_types::FileDescriptorSet;
use tonic_prost_build::manual::{Builder, Method, Service};

/// Descriptors of the service files alone (`examples/trim_descriptors.rs`).
const DESCRIPTORS: &str = "proto/ydb-services.bin";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={DESCRIPTORS}");
    let files = FileDescriptorSet::decode(std::fs::read(DESCRIPTORS)?.as_slice())?;
    tonic_prost_build::configure()
        .build_client(false)
        .build_server(true)
        .generate_default_stubs(true)
        .extern_path(".Ydb", "::ydb_grpc::ydb_proto")
        .compile_fds(files)?;
    scripting();
    Ok(())
}

/// The scripting service, whose descriptor `ydb-grpc` lacks.
fn scripting() {
    let messages = "crate::ydb::proto::scripting_messages";
    let method = |name: &str, route: &str, input: &str, output: &str| {
        Method::builder()
            .name(name)
            .route_name(route)
            .input_type(format!("{messages}::{input}"))
            .output_type(format!("{messages}::{output}"))
            .codec_path("::tonic_prost::ProstCodec")
    };
    let whole = method(
        "execute_yql",
        "ExecuteYql",
        "ExecuteYqlRequest",
        "ExecuteYqlResponse",
    );
    let parts = method(
        "stream_execute_yql",
        "StreamExecuteYql",
        "ExecuteYqlRequest",
        "ExecuteYqlPartialResponse",
    );
    let service = Service::builder()
        .name("ScriptingService")
        .package("Ydb.Scripting.V1")
        .method(whole.build())
        .method(parts.server_streaming().build())
        .build();
    Builder::new().build_client(false).compile(&[service]);
}
