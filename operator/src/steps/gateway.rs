//! The API gateway: WebSocket connections at the chat's path.

use serde_json::{Value, json};
use uuid::Uuid;
use wschat_crds::ResourceStatus;
use yandex_cloud_rest::model::apigateway::{
    ApiGateway, CreateApiGatewayRequest, UpdateApiGatewayRequest,
};
use yandex_cloud_rest::model::operation::Operation;
use yandex_cloud_rest::model::{FieldMask, Labels};

use super::account::Account;
use super::child::{
    Child, Facts, Marks, State, all_labels, ensure as ensure_child, remove as remove_child,
};
use super::function::Function;
use super::live;
use crate::change::{Difference, paths};
use crate::cloud::{Cloud, CloudError, CloudKind};
use crate::context::Pass;
use crate::inventory::Folder;
use crate::outcome::{Outcome, settle};
use crate::resource::Resource;
use crate::validate::Identity;

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

    type Model = Model;
    type Wish = CreateApiGatewayRequest;

    fn facts(model: &Model) -> Facts {
        facts(model)
    }

    fn differences(wish: &CreateApiGatewayRequest, model: &Model) -> Vec<Difference> {
        differences(wish, model)
    }

    fn listed(lists: &Folder, id: &str) -> Result<Option<Model>, CloudError> {
        let all = lists.gateways.as_ref().map_err(Clone::clone)?;
        Ok(all.get(id).map(|gateway| Model {
            gateway: gateway.clone(),
            specification: None,
        }))
    }

    async fn get(cloud: &Cloud, id: &str) -> Result<Model, CloudError> {
        let gateway = cloud.gateway(id).await?;
        specified(cloud, gateway).await
    }

    async fn named(pass: &Pass<'_>, name: &str) -> Result<Vec<Model>, CloudError> {
        let (cloud, folder) = (&pass.context.cloud, &pass.identity.folder_id);
        let mut all = Vec::new();
        for gateway in cloud.gateways_named(folder, name).await? {
            all.push(specified(cloud, gateway).await?);
        }
        Ok(all)
    }

    async fn create(
        cloud: &Cloud,
        wish: &CreateApiGatewayRequest,
        key: Uuid,
    ) -> Result<Operation, CloudError> {
        cloud.create_gateway(wish, key).await
    }

    async fn update(
        cloud: &Cloud,
        wish: &CreateApiGatewayRequest,
        model: &Model,
        differences: &[Difference],
        key: Uuid,
    ) -> Result<Operation, CloudError> {
        let request = update(wish, model, differences);
        cloud.update_gateway(&model.gateway.id, &request, key).await
    }

    async fn label(
        cloud: &Cloud,
        model: &Model,
        labels: Labels,
        key: Uuid,
    ) -> Result<Operation, CloudError> {
        let request = UpdateApiGatewayRequest {
            update_mask: Some(FieldMask::of(["labels"])),
            labels,
            // The cloud wants it in every update.
            openapi_spec: model.specification.clone().unwrap_or_default(),
            ..UpdateApiGatewayRequest::default()
        };
        cloud.update_gateway(&model.gateway.id, &request, key).await
    }

    async fn delete(cloud: &Cloud, id: &str, key: Uuid) -> Result<Operation, CloudError> {
        cloud.delete_gateway(id, key).await
    }
}

/// A gateway with its specification, which lists leave out.
struct Model {
    gateway: ApiGateway,
    specification: Option<String>,
}

/// With the specification.
async fn specified(cloud: &Cloud, gateway: ApiGateway) -> Result<Model, CloudError> {
    let read = cloud.gateway_specification(&gateway.id).await;
    Ok(Model {
        specification: shown(&gateway, read)?,
        gateway,
    })
}

/// The specification as it was read (pure). One that serves has one: whoever took
/// a missing one for the wished one would never write that. It shows late, or
/// somebody removed the gateway meanwhile, which the next look sees.
fn shown(
    gateway: &ApiGateway,
    read: Result<String, CloudError>,
) -> Result<Option<String>, CloudError> {
    match read {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind != CloudKind::NotFound => Err(error),
        Err(_) if State::of(&gateway.status) != State::Serving => Ok(None),
        Err(error) => Err(error.that_passes()),
    }
}

fn facts(model: &Model) -> Facts {
    let gateway = &model.gateway;
    Facts {
        id: gateway.id.clone(),
        labels: gateway.labels.clone(),
        created_at: gateway.created_at.clone().unwrap_or_default(),
        state: State::of(&gateway.status),
        endpoint: Some(gateway.domain.clone()),
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

fn request(
    identity: &Identity,
    path: &str,
    function: &Function,
    account: &Account,
) -> CreateApiGatewayRequest {
    CreateApiGatewayRequest {
        folder_id: identity.folder_id.clone(),
        name: identity.names.gateway.clone(),
        description: identity.description(),
        labels: identity.labels.clone(),
        openapi_spec: specification(path, function, account).to_string(),
        ..CreateApiGatewayRequest::default()
    }
}

fn differences(wish: &CreateApiGatewayRequest, found: &Model) -> Vec<Difference> {
    let gateway = &found.gateway;
    let is = Marks {
        name: &gateway.name,
        description: &gateway.description,
        labels: &gateway.labels,
    };
    let mut all = is.differences(Marks {
        name: &wish.name,
        description: &wish.description,
        labels: &wish.labels,
    });
    if let Some(text) = &found.specification {
        // As documents: the order of fields says nothing.
        let (is, wanted) = (document(text), document(&wish.openapi_spec));
        all.extend(Difference::between("openapiSpec", &is, &wanted));
    }
    all
}

/// The document that a specification is; what is no JSON isn't ours.
fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// The specification goes along whatever differs: the cloud wants it in every
/// update.
fn update(
    wish: &CreateApiGatewayRequest,
    found: &Model,
    differences: &[Difference],
) -> UpdateApiGatewayRequest {
    UpdateApiGatewayRequest {
        update_mask: Some(FieldMask::of(paths(differences))),
        name: wish.name.clone(),
        description: wish.description.clone(),
        labels: all_labels(&found.gateway.labels, &wish.labels),
        openapi_spec: wish.openapi_spec.clone(),
        ..UpdateApiGatewayRequest::default()
    }
}

/// Sees to it that the gateway exists.
pub(crate) async fn ensure(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    path: &str,
    function: &Function,
    account: &Account,
) -> Outcome<Gateway> {
    let wish = request(pass.identity, path, function, account);
    let outcome = ensure_child::<Gateways>(pass, saved, &wish, &wish.name).await;
    if matches!(outcome, Outcome::Ready(_)) || saved.path.is_none() {
        saved.path = Some(path.to_owned());
    }
    // The path that was made, which the spec may have left since.
    let made = saved.path.as_deref().unwrap_or(path);
    let plaintext = pass.context.cloud.is_plaintext();
    outcome.map(|facts| Gateway {
        url: url(plaintext, &facts.endpoint.unwrap_or_default(), made),
        id: facts.id,
    })
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

    #[test]
    fn a_specification_that_is_not_shown_is_not_taken_for_the_wished_one() {
        let gateway = |status: &str| ApiGateway {
            status: status.to_owned(),
            ..ApiGateway::default()
        };
        let read = |kind| shown(&gateway("ACTIVE"), Err(CloudError::of_kind(kind)));
        for kind in [CloudKind::NotFound, CloudKind::Unavailable] {
            let error = read(kind).unwrap_err();
            assert_eq!(error.kind, CloudKind::Unavailable);
        }
        assert_eq!(read(CloudKind::Denied).unwrap_err().kind, CloudKind::Denied);
        let missing = Err(CloudError::of_kind(CloudKind::NotFound));
        assert_eq!(shown(&gateway("CREATING"), missing), Ok(None));
        let text = shown(&gateway("ACTIVE"), Ok("{}".to_owned()));
        assert_eq!(text, Ok(Some("{}".to_owned())));
    }

    #[test]
    fn a_specification_is_compared_as_a_document_and_goes_along_in_every_update() {
        let wish = CreateApiGatewayRequest {
            name: "n".to_owned(),
            openapi_spec: r#"{"a":1,"b":2}"#.to_owned(),
            ..CreateApiGatewayRequest::default()
        };
        let found = |name: &str, specification: Option<&str>| Model {
            gateway: ApiGateway {
                name: name.to_owned(),
                ..ApiGateway::default()
            },
            specification: specification.map(str::to_owned),
        };
        for same in [Some(r#"{ "b": 2, "a": 1 }"#), None] {
            assert_eq!(differences(&wish, &found("n", same)), []);
        }
        for other in [r#"{"a":1}"#, "a: 1"] {
            let other = found("n", Some(other));
            assert_eq!(paths(&differences(&wish, &other)), ["openapiSpec"]);
        }
        let renamed = found("by-hand", None);
        let request = update(&wish, &renamed, &differences(&wish, &renamed));
        assert_eq!(request.update_mask, Some(FieldMask::of(["name"])));
        assert_eq!(request.openapi_spec, wish.openapi_spec);
    }
}
