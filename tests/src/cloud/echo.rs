//! A function that returns each frame as it came, behind a gateway's WebSocket
//! path.

use serde_json::{Map, json};
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
    /// gateway: the URL to connect to. Whoever connects is let in without the
    /// function being asked.
    pub async fn echo(&self, account: &str) -> Result<String, CloudError> {
        self.echo_of(account, &["message"]).await
    }

    /// The same with a function that is also asked whether to let somebody in,
    /// and told who has gone, as a chat's is.
    pub async fn echo_of_all(&self, account: &str) -> Result<String, CloudError> {
        let events = ["connect", "message", "disconnect"];
        self.echo_of(account, &events).await
    }

    async fn echo_of(&self, account: &str, events: &[&str]) -> Result<String, CloudError> {
        let function = self.function(NAME, CODE, Some(account)).await?.id;
        self.let_call(&function, account).await?;
        let mut operations = Map::new();
        for event in events {
            let operation = json!({
                "operationId": event,
                "x-yc-apigateway-integration": {
                    "type": "cloud_functions",
                    "function_id": function,
                    "tag": LATEST,
                    "service_account_id": account,
                    "payload_format_version": "1.0",
                },
                "responses": { "200": { "description": "what came" } },
            });
            operations.insert(format!("x-yc-apigateway-websocket-{event}"), operation);
        }
        let path = format!("/{NAME}");
        let (_, domain) = self.gateway(NAME, &json!({ path: operations })).await?;
        Ok(format!("ws://{domain}/{NAME}"))
    }
}
