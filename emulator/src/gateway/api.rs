//! The connection API (proto serverless/apigateway/websocket/v1): synchronous,
//! without operations.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use serde_json::json;
use std::sync::Arc;
use tokio_tungstenite::tungstenite::{self, Utf8Bytes};
use yandex_cloud_rest::model::websocket::{
    Connection as ConnectionModel, DataType, Identity, SendToConnectionRequest,
};

use super::Gateways;
use super::connection::{Connection, Outgoing};
use crate::error::Status;
use crate::iam::{Permission, Resource};
use crate::traffic::Seen;

/// The close code that a client sees when the API disconnects it (documented).
const NORMAL: u16 = 1000;

/// The most data of one message, decoded.
const DATA_BYTES: usize = 131_072;

pub(super) fn router(gateways: Gateways) -> axum::Router {
    axum::Router::new()
        .route(
            "/apigateways/websocket/v1/connections/{id}",
            get(show).post(send).delete(disconnect),
        )
        .with_state(gateways)
}

impl Gateways {
    /// A connection that the caller may do this with.
    fn connection(
        &self,
        id: &str,
        headers: &HeaderMap,
        permission: Permission,
    ) -> Result<Arc<Connection>, Status> {
        let token = headers.get(http::header::AUTHORIZATION);
        let subject = self
            .iam()
            .authenticate(token.and_then(|value| value.to_str().ok()))?;
        let found = self.0.connections.get(id);
        let connection =
            found.ok_or_else(|| Status::not_found(format!("Connection {id} not found")))?;
        let resource = Resource::gateway(&connection.folder_id, &connection.gateway_id);
        self.iam().authorize(&subject, permission, &resource)?;
        Ok(connection)
    }

    fn saw_sent(&self, connection: &Connection, text: String) {
        let connection_id = connection.id.clone();
        self.0.traffic.saw(Seen::Sent {
            connection_id,
            text,
        });
    }
}

async fn show(
    State(gateways): State<Gateways>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<ConnectionModel>, Status> {
    let connection = gateways.connection(&id, &headers, Permission::WebSocketGet)?;
    Ok(Json(ConnectionModel {
        id: connection.id.clone(),
        gateway_id: connection.gateway_id.clone(),
        identity: Identity {
            source_ip: connection.identity.source_ip.to_string(),
            user_agent: connection.identity.user_agent.clone(),
        },
        connected_at: connection.connected_at.to_string(),
        last_active_at: connection.last_active().to_string(),
    }))
}

async fn send(
    State(gateways): State<Gateways>,
    Path(target): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Status> {
    let Some(id) = target.strip_suffix(":send") else {
        return Err(Status::unimplemented(format!(
            "POST on connection {target}"
        )));
    };
    let connection = gateways.connection(id, &headers, Permission::WebSocketWrite)?;
    let request: SendToConnectionRequest = serde_json::from_slice(&body)
        .map_err(|error| Status::invalid_argument(error.to_string()))?;
    let data = STANDARD
        .decode(&request.data)
        .map_err(|_| Status::invalid_argument("data: it must be base64"))?;
    if data.len() > DATA_BYTES {
        let message = format!("data: it may have {DATA_BYTES} bytes");
        return Err(Status::invalid_argument(message));
    }
    let outgoing = match request.kind {
        DataType::Text => {
            let text = String::from_utf8(data)
                .map_err(|_| Status::invalid_argument("data: text must be UTF-8"))?;
            Outgoing::Text(Utf8Bytes::from(text))
        }
        DataType::Binary => Outgoing::Binary(tungstenite::Bytes::from(data)),
    };
    let text = outgoing.preview();
    if connection.send(outgoing) {
        gateways.saw_sent(&connection, text);
        Ok(Json(json!({})).into_response())
    } else {
        Err(Status::not_found(format!("Connection {id} not found")))
    }
}

async fn disconnect(
    State(gateways): State<Gateways>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Status> {
    let connection = gateways.connection(&id, &headers, Permission::WebSocketWrite)?;
    let close = Outgoing::Close(NORMAL);
    gateways.saw_sent(&connection, close.preview());
    connection.send(close);
    Ok(Json(json!({})).into_response())
}
