//! A function that returns each frame as it came, behind a gateway's WebSocket
//! path.

use std::io::{Cursor, Write as _};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use uuid::Uuid;
use yandex_cloud_rest::model::apigateway::CreateApiGatewayRequest;
use yandex_cloud_rest::model::function::CreateFunctionRequest;
use yandex_cloud_rest::model::version::{CreateVersionRequest, LATEST, Resources};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{AccessBindingAction, Cloud, CloudError, delta};

const NAME: &str = "echo";
/// The content type tells the gateway whether to send text or bytes.
const CODE: &str = "exports.handler = async ({ body, isBase64Encoded }) => ({
  statusCode: 200,
  headers: { 'Content-Type': isBase64Encoded ? 'application/octet-stream' : 'application/json' },
  body,
  isBase64Encoded,
});
";

impl Cloud {
    /// Makes the function, which runs and is called as `account`, and its
    /// gateway: the URL to connect to.
    pub async fn echo(&self, account: &str) -> Result<String, CloudError> {
        let function = self.echo_function(account).await?;
        let request = CreateApiGatewayRequest {
            folder_id: self.folder.clone(),
            name: NAME.to_owned(),
            openapi_spec: specification(&function, account),
            ..CreateApiGatewayRequest::default()
        };
        let gateways = self.client.api_gateways();
        let operation = gateways.create(&request, Uuid::new_v4()).await?;
        let id = self.made(&operation, "apiGatewayId").await?;
        let domain = gateways.get(&id).await?.domain;
        Ok(format!("ws://{domain}/{NAME}"))
    }

    /// With the settings that a chat's has by default: its id.
    async fn echo_function(&self, account: &str) -> Result<String, CloudError> {
        let request = CreateFunctionRequest {
            folder_id: self.folder.clone(),
            name: NAME.to_owned(),
            ..CreateFunctionRequest::default()
        };
        let functions = self.client.functions();
        let operation = functions.create(&request, Uuid::new_v4()).await?;
        let id = self.made(&operation, "functionId").await?;
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
        let versions = self.client.versions();
        let operation = versions.create(&version, Uuid::new_v4()).await?;
        self.end(&operation).await?;
        let role = "functions.functionInvoker";
        let invoker = delta(AccessBindingAction::Add, role, account);
        let operation = functions
            .update_access_bindings(&id, &[invoker], Uuid::new_v4())
            .await?;
        self.end(&operation).await?;
        Ok(id)
    }
}

fn packed() -> Result<Vec<u8>, CloudError> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("index.js", SimpleFileOptions::default())?;
    archive
        .write_all(CODE.as_bytes())
        .map_err(zip::result::ZipError::from)?;
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
