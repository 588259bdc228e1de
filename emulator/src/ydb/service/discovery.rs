//! `Ydb.Discovery.V1`: the one node that there is.

use tonic::{Request, Response, Status};
use ydb_grpc::ydb_proto::discovery::{
    EndpointInfo, ListEndpointsRequest, ListEndpointsResponse, ListEndpointsResult,
};

use crate::ydb::Ydb;
use crate::ydb::proto::discovery::discovery_service_server::DiscoveryService;
use crate::ydb::sessions::NODE;
use crate::ydb::status;

/// The zone that the node says it is in.
const LOCATION: &str = "ru-central1-a";

#[tonic::async_trait]
impl DiscoveryService for Ydb {
    async fn list_endpoints(
        &self,
        request: Request<ListEndpointsRequest>,
    ) -> Result<Response<ListEndpointsResponse>, Status> {
        self.caller(request.metadata())?;
        let endpoint = self.address().map(|address| EndpointInfo {
            address: address.ip().to_string(),
            port: u32::from(address.port()),
            location: LOCATION.to_owned(),
            node_id: NODE,
            ..EndpointInfo::default()
        });
        let result = ListEndpointsResult {
            endpoints: endpoint.into_iter().collect(),
            self_location: LOCATION.to_owned(),
        };
        let operation = status::result("Discovery.ListEndpointsResult", Ok(result));
        Ok(Response::new(ListEndpointsResponse {
            operation: Some(operation),
        }))
    }
}
