//! Functions and gateways made by hand.

use std::io::{Cursor, Write as _};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use uuid::Uuid;
use yandex_cloud_rest::model::apigateway::CreateApiGatewayRequest;
use yandex_cloud_rest::model::function::{CreateFunctionRequest, Function};
use yandex_cloud_rest::model::version::{CreateVersionRequest, Resources};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{AccessBindingAction, Cloud, CloudError, delta};

impl Cloud {
    /// A function of one file of JavaScript, with the settings that a chat's has
    /// by default. It runs as `account`, if there is one.
    pub async fn function(
        &self,
        name: &str,
        code: &str,
        account: Option<&str>,
    ) -> Result<Function, CloudError> {
        let request = CreateFunctionRequest {
            folder_id: self.folder.clone(),
            name: name.to_owned(),
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
            service_account_id: account.unwrap_or_default().to_owned(),
            content: Some(STANDARD.encode(packed(code)?)),
            concurrency: 16,
            ..CreateVersionRequest::default()
        };
        let versions = self.client.versions();
        let operation = versions.create(&version, Uuid::new_v4()).await?;
        self.end(&operation).await?;
        Ok(functions.get(&id).await?)
    }

    /// Lets an account call a function.
    pub async fn let_call(&self, function: &str, account: &str) -> Result<(), CloudError> {
        let role = "functions.functionInvoker";
        let invoker = delta(AccessBindingAction::Add, role, account);
        let functions = self.client.functions();
        let operation = functions
            .update_access_bindings(function, &[invoker], Uuid::new_v4())
            .await?;
        self.end(&operation).await.map(drop)
    }

    /// A gateway of these paths: its id and where it listens.
    pub async fn gateway(&self, name: &str, paths: &Value) -> Result<(String, String), CloudError> {
        let info = serde_json::json!({ "title": name, "version": "1" });
        let spec = serde_json::json!({ "openapi": "3.0.0", "info": info, "paths": paths });
        let request = CreateApiGatewayRequest {
            folder_id: self.folder.clone(),
            name: name.to_owned(),
            openapi_spec: spec.to_string(),
            ..CreateApiGatewayRequest::default()
        };
        let gateways = self.client.api_gateways();
        let operation = gateways.create(&request, Uuid::new_v4()).await?;
        let id = self.made(&operation, "apiGatewayId").await?;
        let domain = gateways.get(&id).await?.domain;
        Ok((id, domain))
    }
}

/// An archive that holds this code as `index.js`.
///
/// # Errors
/// When it can't be packed.
pub fn packed(code: &str) -> Result<Vec<u8>, CloudError> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("index.js", SimpleFileOptions::default())?;
    archive
        .write_all(code.as_bytes())
        .map_err(zip::result::ZipError::from)?;
    Ok(archive.finish()?.into_inner())
}
