//! The floor: a function that returns the frame, behind a gateway's WebSocket
//! route, in a chat's cloud and as a chat's service account.

use std::io::{Cursor, Write as _};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use uuid::Uuid;
use wschat_tests::emulator::Addresses;
use wschat_tests::wait::eventually;
use yandex_cloud_rest::auth::{AuthorizedKey, Credentials};
use yandex_cloud_rest::model::access::{
    AccessBinding, AccessBindingAction, AccessBindingDelta, AccessSubject,
};
use yandex_cloud_rest::model::apigateway::CreateApiGatewayRequest;
use yandex_cloud_rest::model::function::CreateFunctionRequest;
use yandex_cloud_rest::model::operation::Operation;
use yandex_cloud_rest::model::version::{CreateVersionRequest, LATEST, Resources};
use yandex_cloud_rest::{Client, Config};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::Failure;
use crate::stage::Chat;

const NAME: &str = "echo";
/// The content type makes the gateway send text, as the handler's does.
const CODE: &str = "exports.handler = async (event) => ({ statusCode: 200, \
    headers: { 'Content-Type': 'application/json' }, body: event.body });\n";
const OPERATION_LIMIT: Duration = Duration::from_secs(30);

/// Makes the function and its gateway: the URL to connect to.
pub(crate) async fn deploy(chat: &Chat) -> Result<String, Failure> {
    let cloud = chat.emulator.addresses();
    let client = client(cloud)?;
    let function = function(&client, &cloud.folder_id, &chat.service_account).await?;
    let request = CreateApiGatewayRequest {
        folder_id: cloud.folder_id.clone(),
        name: NAME.to_owned(),
        openapi_spec: specification(&function, &chat.service_account),
        ..CreateApiGatewayRequest::default()
    };
    let gateways = client.api_gateways();
    let operation = gateways.create(&request, Uuid::new_v4()).await?;
    let id = made(&client, operation, "apiGatewayId").await?;
    let domain = gateways.get(&id).await?.domain;
    Ok(format!("ws://{domain}/{NAME}"))
}

fn client(cloud: &Addresses) -> Result<Client, Failure> {
    let key = cloud.operator_key.as_deref();
    let key = AuthorizedKey::read(key.ok_or("the emulator made no operator key")?)?;
    let config = Config {
        api_endpoint: cloud.api.clone(),
        ..Config::new(Credentials::AuthorizedKey(Box::new(key)))
    };
    Ok(Client::new(config)?)
}

/// The function with the settings that a chat's has by default: its id.
async fn function(client: &Client, folder_id: &str, account: &str) -> Result<String, Failure> {
    let request = CreateFunctionRequest {
        folder_id: folder_id.to_owned(),
        name: NAME.to_owned(),
        ..CreateFunctionRequest::default()
    };
    let functions = client.functions();
    let operation = functions.create(&request, Uuid::new_v4()).await?;
    let id = made(client, operation, "functionId").await?;

    let version = CreateVersionRequest {
        function_id: id.clone(),
        runtime: "nodejs22".to_owned(),
        entrypoint: "index.handler".to_owned(),
        resources: Resources { memory: 256 << 20 },
        execution_timeout: Some(Duration::from_secs(30).into()),
        service_account_id: account.to_owned(),
        content: Some(STANDARD.encode(packed()?)),
        concurrency: 16,
        ..CreateVersionRequest::default()
    };
    let operation = client.versions().create(&version, Uuid::new_v4()).await?;
    made(client, operation, "functionVersionId").await?;

    let invoker = AccessBindingDelta {
        action: AccessBindingAction::Add,
        access_binding: AccessBinding {
            role_id: "functions.functionInvoker".to_owned(),
            subject: AccessSubject::service_account(account),
        },
    };
    let operation = functions
        .update_access_bindings(&id, &[invoker], Uuid::new_v4())
        .await?;
    finished(client, operation).await?;
    Ok(id)
}

fn packed() -> Result<Vec<u8>, Failure> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("index.js", SimpleFileOptions::default())?;
    archive.write_all(CODE.as_bytes())?;
    Ok(archive.finish()?.into_inner())
}

fn specification(function: &str, account: &str) -> String {
    let message = json!({
        "operationId": "message",
        "x-yc-apigateway-integration": {
            "type": "cloud_functions",
            "function_id": function,
            "tag": LATEST,
            "service_account_id": account,
            "payload_format_version": "1.0",
        },
        "responses": { "200": { "description": "the frame" } },
    });
    let paths = json!({ format!("/{NAME}"): { "x-yc-apigateway-websocket-message": message } });
    let info = json!({ "title": NAME, "version": "1" });
    json!({ "openapi": "3.0.0", "info": info, "paths": paths }).to_string()
}

/// The id of what an operation makes, once it is made.
async fn made(client: &Client, operation: Operation, field: &str) -> Result<String, Failure> {
    let operation = finished(client, operation).await?;
    let id = operation.metadata_text(field).map(str::to_owned);
    Ok(id.ok_or_else(|| format!("an operation's metadata has no {field}"))?)
}

async fn finished(client: &Client, operation: Operation) -> Result<Operation, Failure> {
    let what = format!("operation {:?} to end", operation.description);
    let operation = eventually(what, OPERATION_LIMIT, || async {
        let now = client.operations().get(&operation.id).await;
        match now.map_err(|error| error.to_string())? {
            ended if ended.done => Ok(ended),
            _ => Err("it runs".to_owned()),
        }
    })
    .await?;
    match &operation.error {
        None => Ok(operation),
        Some(error) => Err(format!("{}: {error:?}", operation.description).into()),
    }
}
