//! What operations do when their time has come. It is kept with the operation:
//! an emulator that was killed before carries it out after its next start.

pub(crate) mod databases;
mod federations;
pub(super) mod functions;
mod gateways;
mod identity;
pub(crate) mod triggers;
pub(super) mod versions;

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use yandex_cloud_rest::model::apigateway::UpdateApiGatewayRequest;
use yandex_cloud_rest::model::database::UpdateDatabaseRequest;
use yandex_cloud_rest::model::function::{SetScalingPolicyRequest, UpdateFunctionRequest};
use yandex_cloud_rest::model::iam::UpdateServiceAccountRequest;
use yandex_cloud_rest::model::trigger::UpdateTriggerRequest;
use yandex_cloud_rest::model::workload::UpdateFederationRequest;

use super::{Cloud, Mask, STOPPED};
use crate::error::Status;
use crate::iam::{Binding, Delta, Resource};

pub(crate) use gateways::apply as apply_to_gateway;
pub(crate) use identity::{BindingsResponse, to_wire};

/// What an operation does. It has two parts: running services do theirs first,
/// which takes time and may be done twice; then all records change at once. Each
/// is the method of the cloud that has its name.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Work {
    CreateDatabase {
        id: String,
    },
    UpdateDatabase {
        id: String,
        request: UpdateDatabaseRequest,
        mask: Mask,
    },
    DeleteDatabase {
        id: String,
    },
    CreateFunction {
        id: String,
    },
    UpdateFunction {
        id: String,
        request: UpdateFunctionRequest,
        mask: Mask,
    },
    DeleteFunction {
        id: String,
    },
    SetScalingPolicy {
        id: String,
        request: SetScalingPolicyRequest,
    },
    RemoveScalingPolicy {
        id: String,
        tag: String,
    },
    CreateVersion {
        id: String,
        tags: Vec<String>,
    },
    SetTag {
        id: String,
        tag: String,
    },
    RemoveTag {
        id: String,
        tag: String,
    },
    DeleteVersion {
        id: String,
    },
    CreateGateway {
        id: String,
    },
    UpdateGateway {
        id: String,
        request: Box<UpdateApiGatewayRequest>,
        mask: Mask,
    },
    /// Stops or resumes.
    SwitchGateway {
        id: String,
        status: String,
    },
    DeleteGateway {
        id: String,
    },
    CreateTrigger {
        id: String,
    },
    UpdateTrigger {
        id: String,
        request: Box<UpdateTriggerRequest>,
        mask: Mask,
    },
    /// Pauses or resumes.
    SwitchTrigger {
        id: String,
        status: String,
    },
    DeleteTrigger {
        id: String,
    },
    CreateAccount {
        id: String,
    },
    UpdateAccount {
        id: String,
        request: UpdateServiceAccountRequest,
        mask: Mask,
    },
    DeleteAccount {
        id: String,
    },
    DeleteKey {
        id: String,
    },
    CreateFederation {
        id: String,
    },
    UpdateFederation {
        id: String,
        request: Box<UpdateFederationRequest>,
        mask: Mask,
    },
    DeleteFederation {
        id: String,
    },
    CreateFederatedCredential {
        id: String,
    },
    DeleteFederatedCredential {
        id: String,
    },
    UpdateBindings {
        resource: Resource,
        deltas: Vec<Delta>,
        response: BindingsResponse,
    },
    SetBindings {
        resource: Resource,
        wanted: Vec<Binding>,
        response: BindingsResponse,
    },
}

/// What came of the running services' part: for a new gateway, where it listens.
type Served = Result<Option<SocketAddr>, Status>;

impl Work {
    /// The running services' part.
    pub(super) async fn serve(&self, cloud: &Cloud) -> Served {
        match self {
            Self::CreateDatabase { id } => databases::serve_new(cloud, id).await?,
            Self::DeleteDatabase { id } => {
                let path = cloud.database_path(id);
                cloud.plane().delete_database(&path).await;
            }
            Self::DeleteFunction { id } => cloud.plane().delete_function(id).await,
            Self::CreateVersion { id, .. } => versions::deploy(cloud, id).await?,
            Self::DeleteVersion { id } => versions::stop(cloud, id).await?,
            Self::CreateGateway { id } => return gateways::serve_new(cloud, id).await.map(Some),
            Self::UpdateGateway { id, request, mask } if mask.has("openapiSpec") => {
                cloud
                    .plane()
                    .update_gateway(id, &request.openapi_spec)
                    .await?;
            }
            Self::SwitchGateway { id, status } if status == STOPPED => {
                cloud.plane().stop_gateway(id).await?;
            }
            Self::SwitchGateway { id, .. } => cloud.plane().resume_gateway(id).await?,
            Self::DeleteGateway { id } => cloud.plane().delete_gateway(id).await,
            Self::UpdateDatabase { .. }
            | Self::CreateFunction { .. }
            | Self::UpdateFunction { .. }
            | Self::SetScalingPolicy { .. }
            | Self::RemoveScalingPolicy { .. }
            | Self::SetTag { .. }
            | Self::RemoveTag { .. }
            | Self::UpdateGateway { .. }
            | Self::CreateTrigger { .. }
            | Self::UpdateTrigger { .. }
            | Self::SwitchTrigger { .. }
            | Self::DeleteTrigger { .. }
            | Self::CreateAccount { .. }
            | Self::UpdateAccount { .. }
            | Self::DeleteAccount { .. }
            | Self::DeleteKey { .. }
            | Self::CreateFederation { .. }
            | Self::UpdateFederation { .. }
            | Self::DeleteFederation { .. }
            | Self::CreateFederatedCredential { .. }
            | Self::DeleteFederatedCredential { .. }
            | Self::UpdateBindings { .. }
            | Self::SetBindings { .. } => {}
        }
        Ok(None)
    }

    /// The records' part; the operation's response.
    pub(super) fn record(self, cloud: &Cloud, served: Served) -> Result<Value, Status> {
        match self {
            Self::CreateDatabase { id } => databases::created(cloud, &id, served),
            Self::UpdateDatabase { id, request, mask } => {
                databases::update(cloud, &id, request, &mask)
            }
            Self::DeleteDatabase { id } => databases::deleted(cloud, &id, served),
            Self::CreateFunction { id } => functions::created(cloud, &id),
            Self::UpdateFunction { id, request, mask } => {
                functions::update(cloud, &id, request, &mask)
            }
            Self::DeleteFunction { id } => functions::deleted(cloud, &id, served),
            Self::SetScalingPolicy { id, request } => functions::scale(cloud, id, request),
            Self::RemoveScalingPolicy { id, tag } => functions::unscale(cloud, &id, &tag),
            Self::CreateVersion { id, tags } => versions::created(cloud, &id, tags, served),
            Self::SetTag { id, tag } => versions::set_tag(cloud, &id, &tag),
            Self::RemoveTag { id, tag } => versions::remove_tag(cloud, &id, &tag),
            Self::DeleteVersion { id } => versions::deleted(cloud, &id, served),
            Self::CreateGateway { id } => gateways::created(cloud, &id, served),
            Self::UpdateGateway { id, request, mask } => {
                gateways::update(cloud, &id, *request, &mask, served)
            }
            Self::SwitchGateway { id, status } => gateways::switched(cloud, &id, &status, served),
            Self::DeleteGateway { id } => gateways::deleted(cloud, &id, served),
            Self::CreateTrigger { id } => triggers::created(cloud, &id),
            Self::UpdateTrigger { id, request, mask } => {
                triggers::update(cloud, &id, *request, &mask)
            }
            Self::SwitchTrigger { id, status } => triggers::switch(cloud, &id, &status),
            Self::DeleteTrigger { id } => triggers::delete(cloud, &id),
            Self::CreateAccount { id } => identity::account_created(cloud, &id),
            Self::UpdateAccount { id, request, mask } => {
                identity::update_account(cloud, &id, request, &mask)
            }
            Self::DeleteAccount { id } => Ok(identity::delete_account(cloud, &id)),
            Self::DeleteKey { id } => Ok(identity::delete_key(cloud, &id)),
            Self::CreateFederation { id } => federations::created(cloud, &id),
            Self::UpdateFederation { id, request, mask } => {
                federations::update(cloud, &id, *request, &mask)
            }
            Self::DeleteFederation { id } => Ok(federations::delete(cloud, &id)),
            Self::CreateFederatedCredential { id } => federations::linked(cloud, &id),
            Self::DeleteFederatedCredential { id } => Ok(federations::unlink(cloud, &id)),
            Self::UpdateBindings {
                resource,
                deltas,
                response,
            } => identity::update_bindings(cloud, &resource, deltas, response),
            Self::SetBindings {
                resource,
                wanted,
                response,
            } => identity::set_bindings(cloud, &resource, &wanted, response),
        }
    }
}
