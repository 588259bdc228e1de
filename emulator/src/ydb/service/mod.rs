//! YDB's gRPC services, a file each.

mod dialled;
mod discovery;
mod explain;
mod query;
mod read_batches;
mod read_partitions;
mod request;
mod rows;
mod scan;
mod scheme;
mod scripting;
mod sockets;
mod table;
mod table_alteration;
mod table_description;
mod table_transaction;
mod topic;
mod topic_description;
mod topic_read;
mod topic_write;

use tokio::net::TcpListener;
use tonic::service::Routes;
use tonic::transport::Server;
use tower::util::MapRequestLayer;

pub use sockets::Cut;
pub(super) use sockets::Sockets;

use super::Ydb;
use super::proto;
use crate::inspect::Inspector;
use crate::inspect::grpc::InspectGrpcLayer;
use crate::security::Security;

/// The largest message that clients send and take.
const MESSAGE_BYTES: usize = 64 * 1024 * 1024;

/// All services.
pub(super) fn routes(ydb: &Ydb) -> Routes {
    /// A service with room for large messages.
    macro_rules! service {
        ($server:path) => {{
            use $server as Service;
            Service::new(ydb.clone())
                .max_decoding_message_size(MESSAGE_BYTES)
                .max_encoding_message_size(MESSAGE_BYTES)
        }};
    }
    Routes::new(service!(
        proto::discovery::discovery_service_server::DiscoveryServiceServer
    ))
    .add_service(service!(
        proto::query::query_service_server::QueryServiceServer
    ))
    .add_service(service!(
        proto::table::table_service_server::TableServiceServer
    ))
    .add_service(service!(
        proto::scheme::scheme_service_server::SchemeServiceServer
    ))
    .add_service(service!(
        proto::topic::topic_service_server::TopicServiceServer
    ))
    .add_service(service!(
        proto::scripting::scripting_service_server::ScriptingServiceServer
    ))
}

/// All services on one listener.
pub(super) async fn serve(
    ydb: Ydb,
    listener: TcpListener,
    security: &Security,
    inspector: Inspector,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), tonic::transport::Error> {
    let incoming = ydb.sockets().accept(listener);
    let mut server = Server::builder();
    if let Some(tls) = security.of_grpc() {
        server = server.tls_config(tls)?;
    }
    server
        .layer(InspectGrpcLayer::new(inspector))
        .layer(MapRequestLayer::new(dialled::remember::<tonic::body::Body>))
        .add_routes(routes(&ydb))
        .serve_with_incoming_shutdown(incoming, stop)
        .await
}
