//! The gateway's connection API over REST (proto
//! `serverless/apigateway/websocket/v1/connection_service.proto`).

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Method, Request, StatusCode, header};
use serde_json::json;
use tokio::time::{Instant, timeout_at};
use url::Url;
use wschat_protocol::ServerMessage;

use crate::call::Token;
use crate::https::Https;
use crate::ports::{ConnectionError, Connections, Unavailable};

const PATH: [&str; 4] = ["apigateways", "websocket", "v1", "connections"];

/// The connection API with one call's rights.
pub(crate) struct ConnectionApi<'a> {
    pub(crate) https: &'a Https,
    pub(crate) endpoint: &'a Url,
    pub(crate) token: &'a Token,
}

#[async_trait]
impl Connections for ConnectionApi<'_> {
    async fn send(
        &self,
        connection_id: &str,
        message: &ServerMessage,
        deadline: Instant,
    ) -> Result<(), ConnectionError> {
        let body = json!({ "data": STANDARD.encode(message.to_json()), "type": "TEXT" });
        let last = format!("{connection_id}:send");
        self.twice(Method::POST, &last, &body.to_string(), deadline)
            .await
    }

    async fn close(&self, connection_id: &str, deadline: Instant) -> Result<(), ConnectionError> {
        self.twice(Method::DELETE, connection_id, "", deadline)
            .await
    }
}

impl ConnectionApi<'_> {
    /// Both calls may be repeated: a client that reads REPLACED twice or is
    /// closed twice notices nothing.
    async fn twice(
        &self,
        method: Method,
        last: &str,
        body: &str,
        deadline: Instant,
    ) -> Result<(), ConnectionError> {
        match self.once(method.clone(), last, body, deadline).await {
            Err(ConnectionError::Unavailable(_)) if Instant::now() < deadline => {
                self.once(method, last, body, deadline).await
            }
            result => result,
        }
    }

    async fn once(
        &self,
        method: Method,
        last: &str,
        body: &str,
        deadline: Instant,
    ) -> Result<(), ConnectionError> {
        let mut url = self.endpoint.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.clear().extend(PATH).push(last);
        }
        let request = Request::builder()
            .method(method)
            .uri(url.as_str())
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token.text))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_owned())
            .map_err(|error| unavailable(error.to_string()))?;
        let status = timeout_at(deadline, self.https.send(request))
            .await
            .map_err(|_late| unavailable("no answer in time".to_owned()))?
            .map_err(|error| unavailable(error.to_string()))?;
        match status {
            status if status.is_success() => Ok(()),
            StatusCode::NOT_FOUND => Err(ConnectionError::NotFound),
            status => Err(unavailable(format!("the connection API answered {status}"))),
        }
    }
}

fn unavailable(why: String) -> ConnectionError {
    ConnectionError::Unavailable(Unavailable {
        what: "cannot reach a connection",
        why,
    })
}

#[cfg(test)]
mod tests;
