//! A function that returns each frame as it came, behind a gateway's WebSocket
//! path.

use serde_json::json;
use yandex_cloud_rest::model::version::LATEST;

use super::{Cloud, CloudError};

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
        let function = self.function(NAME, CODE, Some(account)).await?.id;
        self.let_call(&function, account).await?;
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
        let path = format!("/{NAME}");
        let paths = json!({ path: { "x-yc-apigateway-websocket-message": message } });
        let (_, domain) = self.gateway(NAME, &paths).await?;
        Ok(format!("ws://{domain}/{NAME}"))
    }
}
