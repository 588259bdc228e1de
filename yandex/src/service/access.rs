//! Access bindings are alike on all resources that have them.

use uuid::Uuid;

use super::paging::{all, page};
use crate::call::Call;
use crate::client::Client;
use crate::endpoint::Service;
use crate::error::Error;
use crate::model::access::{
    AccessBinding, AccessBindingDelta, ListAccessBindingsResponse, UpdateAccessBindingsRequest,
};
use crate::model::operation::Operation;

page!(ListAccessBindingsResponse, access_bindings, AccessBinding);

/// Bindings set on the resource itself.
pub(super) async fn list(
    client: &Client,
    service: Service,
    resource: &str,
) -> Result<Vec<AccessBinding>, Error> {
    let call = Call::get(service, format!("{resource}:listAccessBindings"));
    all::<ListAccessBindingsResponse>(client, call).await
}

/// Changes some bindings and leaves the others. (A gateway's are updated by
/// PATCH, all others by POST; gateways need none here.)
pub(super) async fn update(
    client: &Client,
    service: Service,
    resource: &str,
    deltas: &[AccessBindingDelta],
    key: Uuid,
) -> Result<Operation, Error> {
    let body = UpdateAccessBindingsRequest {
        access_binding_deltas: deltas.to_vec(),
    };
    let call = Call::post(service, format!("{resource}:updateAccessBindings"), &body);
    client.call(&call.key(key)).await
}
