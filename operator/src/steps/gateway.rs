//! The API gateway: WebSocket connections at the chat's path.

use serde_json::{Value, json};
use uuid::Uuid;
use wschat_crds::ResourceStatus;
use yandex_cloud_rest::model::apigateway::{ApiGateway, CreateApiGatewayRequest};
use yandex_cloud_rest::model::operation::Operation;

use super::account::Account;
use super::child::{Child, Facts, State, ensure as ensure_child, remove as remove_child};
use super::function::Function;
use super::live;
use crate::cloud::{Cloud, CloudError};
use crate::context::Pass;
use crate::error::StepError;
use crate::idempotency::request_hash;
use crate::outcome::{Outcome, settle};
use crate::resource::Resource;

/// What other steps need of the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gateway {
    pub(crate) id: String,
    /// What clients connect to.
    pub(crate) url: String,
}

struct Gateways;

impl Child for Gateways {
    const RESOURCE: Resource = Resource::Gateway;
    const ID_FIELD: &'static str = "apiGatewayId";

    async fn get(cloud: &Cloud, id: &str) -> Result<Facts, CloudError> {
        cloud.gateway(id).await.map(facts)
    }

    async fn named(cloud: &Cloud, folder_id: &str, name: &str) -> Result<Vec<Facts>, CloudError> {
        let gateways = cloud.gateways_named(folder_id, name).await?;
        Ok(gateways.into_iter().map(facts).collect())
    }

    async fn delete(cloud: &Cloud, id: &str, key: Uuid) -> Result<Operation, CloudError> {
        cloud.delete_gateway(id, key).await
    }
}

fn facts(gateway: ApiGateway) -> Facts {
    Facts {
        state: State::of(&gateway.status),
        id: gateway.id,
        labels: gateway.labels,
        created_at: gateway.created_at.unwrap_or_default(),
        endpoint: Some(gateway.domain),
    }
}

/// The gateway's specification: one path that accepts WebSocket connections
/// and hands connect, message and disconnect to the function (pure; docs:
/// api-gateway, extensions/websocket).
fn specification(path: &str, function: &Function, account: &Account) -> Value {
    let operation = |id: &str| {
        json!({
            "operationId": id,
            "x-yc-apigateway-integration": {
                "type": "cloud_functions",
                "function_id": function.id,
                "tag": live::TAG,
                "service_account_id": account.id,
                "payload_format_version": "1.0",
            },
            "responses": { "200": { "description": "handled by the function" } },
        })
    };
    json!({
        "openapi": "3.0.0",
        "info": { "title": "wschat", "version": "1" },
        "paths": {
            path: {
                "x-yc-apigateway-websocket-connect": operation("connect"),
                "x-yc-apigateway-websocket-message": operation("message"),
                "x-yc-apigateway-websocket-disconnect": operation("disconnect"),
            }
        }
    })
}

/// What clients connect to (pure).
fn url(plaintext: bool, domain: &str, path: &str) -> String {
    let scheme = if plaintext { "ws" } else { "wss" };
    format!("{scheme}://{domain}{path}")
}

/// Sees to it that the gateway exists.
pub(crate) async fn ensure(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    path: &str,
    function: &Function,
    account: &Account,
) -> Outcome<Gateway> {
    let outcome = settle(try_ensure(pass, saved, path, function, account).await);
    // The path that was made, which the spec may have left since.
    let made = saved.path.as_deref().unwrap_or(path);
    let plaintext = pass.context.cloud.is_plaintext();
    outcome.map(|facts| Gateway {
        url: url(plaintext, &facts.endpoint.unwrap_or_default(), made),
        id: facts.id,
    })
}

async fn try_ensure(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    path: &str,
    function: &Function,
    account: &Account,
) -> Result<Outcome<Facts>, StepError> {
    let name = &pass.identity.names.gateway;
    let request = CreateApiGatewayRequest {
        folder_id: pass.identity.folder_id.clone(),
        name: name.clone(),
        description: pass.identity.description(),
        labels: pass.identity.labels.clone(),
        openapi_spec: specification(path, function, account).to_string(),
        ..CreateApiGatewayRequest::default()
    };
    let hash = request_hash(&request)?;
    if saved.hash.is_none() {
        saved.path = Some(path.to_owned());
    }
    let cloud = &pass.context.cloud;
    ensure_child::<Gateways, _>(pass, saved, name, &hash, |key| async move {
        cloud.create_gateway(&request, key).await
    })
    .await
}

/// Sees to it that the gateway doesn't exist.
pub(crate) async fn remove(pass: &Pass<'_>, saved: &mut ResourceStatus) -> Outcome<()> {
    settle(remove_child::<Gateways>(pass, saved, &pass.identity.names.gateway).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specification_hands_all_three_events_to_the_live_version() {
        let function = Function {
            id: "d4e1".to_owned(),
            invoke_url: String::new(),
        };
        let account = Account {
            id: "aje1".to_owned(),
        };
        let specification = specification("/ws", &function, &account);
        let path = specification["paths"]["/ws"].as_object().unwrap();
        for event in ["connect", "message", "disconnect"] {
            let operation = &path[&format!("x-yc-apigateway-websocket-{event}")];
            assert_eq!(operation["operationId"], event);
            let integration = &operation["x-yc-apigateway-integration"];
            assert_eq!(integration["type"], "cloud_functions");
            assert_eq!(integration["function_id"], "d4e1");
            assert_eq!(integration["tag"], "live");
            assert_eq!(integration["service_account_id"], "aje1");
        }
        assert_eq!(path.len(), 3);
    }

    #[test]
    fn only_a_local_cloud_is_plaintext() {
        assert_eq!(url(false, "d5d.apigw.net", "/ws"), "wss://d5d.apigw.net/ws");
        assert_eq!(url(true, "127.0.0.1:9", "/"), "ws://127.0.0.1:9/");
    }
}
