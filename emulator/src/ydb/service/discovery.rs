//! `Ydb.Discovery.V1`: the one node that there is.

use tonic::{Request, Response, Status};
use ydb_grpc::ydb_proto::discovery::{
    EndpointInfo, ListEndpointsRequest, ListEndpointsResponse, ListEndpointsResult, WhoAmIRequest,
    WhoAmIResponse, WhoAmIResult,
};

use super::dialled::Dialled;
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
        let dialled = request.extensions().get::<Dialled>();
        let endpoint = dialled.map(|dialled| EndpointInfo {
            address: dialled.host().to_owned(),
            port: u32::from(dialled.port()),
            ssl: dialled.tls,
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

    async fn who_am_i(
        &self,
        request: Request<WhoAmIRequest>,
    ) -> Result<Response<WhoAmIResponse>, Status> {
        let caller = self.caller(request.metadata())?;
        let result = WhoAmIResult {
            user: format!("{}@as", caller.id()),
            groups: Vec::new(),
        };
        let operation = status::result("Discovery.WhoAmIResult", Ok(result));
        Ok(Response::new(WhoAmIResponse {
            operation: Some(operation),
        }))
    }
}
