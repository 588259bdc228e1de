//! A whole chat made by hand, of the same resources as the operator makes it
//! of: for those who test the chat and need no Kubernetes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use uuid::Uuid;
use yandex_cloud_rest::Service;
use yandex_cloud_rest::model::database::{CreateDatabaseRequest, ServerlessDatabase};
use yandex_cloud_rest::model::function::CreateFunctionRequest;
use yandex_cloud_rest::model::iam::CreateServiceAccountRequest;
use yandex_cloud_rest::model::trigger::{
    BatchSettings, CreateTriggerRequest, DataStream, GatewayWebsocketBroadcast, Rule,
};
use yandex_cloud_rest::model::version::{CreateVersionRequest, Resources};
use ydb::{
    AccessTokenCredentials, Client, ClientBuilder, Codec, CreateTopicOptionsBuilder, YdbError,
};

use super::{AccessBindingAction, Cloud, CloudError};
use crate::goose::Goose;

const NAME: &str = "lobby";
const PATH: &str = "/ws";
const TOPIC: &str = "broadcast-topic";
/// The version that the gateway calls.
const LIVE: &str = "live";
const ROLES: [&str; 3] = [
    "ydb.editor",
    "yds.admin",
    "api-gateway.websocketBroadcaster",
];
/// Long enough for tests that move the clock.
const RETENTION: Duration = Duration::from_hours(24);

/// How a chat is made.
#[derive(Debug, Clone)]
pub struct ChatSettings {
    /// The handler's zip.
    pub handler: PathBuf,
    /// Calls at once in one instance, 1 to 16.
    pub concurrency: i64,
    /// The trigger's batches, in bytes; 1 sends each record alone.
    pub batch_bytes: i64,
}

/// A chat.
#[derive(Debug)]
pub struct Chat {
    /// What clients connect to.
    pub url: String,
    settings: ChatSettings,
    account: String,
    connections: String,
    endpoint: String,
    database: String,
    function: String,
}

impl Cloud {
    /// Makes a chat. goose, which applies the migrations, has its files in
    /// `home`.
    pub async fn chat(&self, settings: ChatSettings, home: &Path) -> Result<Chat, CloudError> {
        let account = self.chat_account().await?;
        let (endpoint, database) = self.chat_database().await?;
        let token = self.client.tokens().get().await?.value;
        Goose::on(&endpoint, &token, home)?.run("up").await?;
        self.make_topic(&endpoint, &database)
            .await
            .map_err(Box::new)?;
        let request = CreateFunctionRequest {
            folder_id: self.folder.clone(),
            name: NAME.to_owned(),
            ..CreateFunctionRequest::default()
        };
        let functions = self.client.functions();
        let operation = functions.create(&request, Uuid::new_v4()).await?;
        let function = self.made(&operation, "functionId").await?;
        self.let_call(&function, &account).await?;
        let mut chat = Chat {
            url: String::new(),
            settings,
            account,
            connections: self.client.base_url(Service::Connections).await?,
            endpoint,
            database,
            function,
        };
        self.deploy(&chat).await?;
        let (gateway, domain) = self.gateway(NAME, &paths(&chat)).await?;
        self.trigger(&chat, &gateway).await?;
        chat.url = format!("ws://{domain}{PATH}");
        Ok(chat)
    }

    /// Makes a new version of the chat's function and lets it go live, as an
    /// upgrade does.
    pub async fn deploy(&self, chat: &Chat) -> Result<(), CloudError> {
        let path = &chat.settings.handler;
        let archive = std::fs::read(path).map_err(|source| CloudError::Handler {
            path: path.clone(),
            source,
        })?;
        let request = CreateVersionRequest {
            function_id: chat.function.clone(),
            runtime: "nodejs22".to_owned(),
            entrypoint: "index.handler".to_owned(),
            resources: Resources { memory: 256 << 20 },
            execution_timeout: Some(Duration::from_secs(30).into()),
            service_account_id: chat.account.clone(),
            content: Some(STANDARD.encode(archive)),
            concurrency: chat.settings.concurrency,
            environment: environment(chat),
            ..CreateVersionRequest::default()
        };
        let versions = self.client.versions();
        let operation = versions.create(&request, Uuid::new_v4()).await?;
        let version = self.made(&operation, "functionVersionId").await?;
        let operation = versions.set_tag(&version, LIVE, Uuid::new_v4()).await?;
        self.end(&operation).await.map(drop)
    }

    /// Who is connected: the rows of the chat's table, connection and user.
    pub async fn rows(&self, chat: &Chat) -> Result<BTreeMap<String, String>, CloudError> {
        let read = async {
            let client = self.database(&chat.endpoint).await?;
            let query = "SELECT connection_id, user_id FROM connections";
            let mut queries = client.query_client();
            let found = queries.query_result_set(query).idempotent(true).await?;
            let mut rows = BTreeMap::new();
            for mut row in found {
                let connection: Option<String> =
                    row.remove_field_by_name("connection_id")?.try_into()?;
                let user: Option<String> = row.remove_field_by_name("user_id")?.try_into()?;
                rows.insert(connection.unwrap_or_default(), user.unwrap_or_default());
            }
            Ok::<_, YdbError>(rows)
        };
        Ok(read.await.map_err(Box::new)?)
    }

    async fn chat_account(&self) -> Result<String, CloudError> {
        let request = CreateServiceAccountRequest {
            folder_id: self.folder.clone(),
            name: NAME.to_owned(),
            ..CreateServiceAccountRequest::default()
        };
        let accounts = self.client.service_accounts();
        let operation = accounts.create(&request, Uuid::new_v4()).await?;
        let account = self.made(&operation, "serviceAccountId").await?;
        for role in ROLES {
            self.bind(AccessBindingAction::Add, role, &account).await?;
        }
        Ok(account)
    }

    /// Its endpoint and its path.
    async fn chat_database(&self) -> Result<(String, String), CloudError> {
        let request = CreateDatabaseRequest {
            folder_id: self.folder.clone(),
            name: NAME.to_owned(),
            serverless_database: Some(ServerlessDatabase::default()),
            ..CreateDatabaseRequest::default()
        };
        let databases = self.client.databases();
        let operation = databases.create(&request, Uuid::new_v4()).await?;
        let id = self.made(&operation, "databaseId").await?;
        let endpoint = databases.get(&id).await?.endpoint;
        let url = url::Url::parse(&endpoint).ok();
        let path = url.and_then(|url| crate::goose::database_of(&url));
        let path = path.ok_or(CloudError::Missing("path of the database"))?;
        Ok((endpoint, path))
    }

    async fn database(&self, endpoint: &str) -> Result<Client, YdbError> {
        let token = self.client.tokens().get().await;
        let token = token.map_err(|error| YdbError::Custom(error.to_string()))?;
        ClientBuilder::new_from_connection_string(endpoint)?
            .with_credentials(AccessTokenCredentials::from(token.value))
            .build()
            .await
    }

    async fn make_topic(&self, endpoint: &str, database: &str) -> Result<(), YdbError> {
        let options = CreateTopicOptionsBuilder::default()
            .min_active_partitions(1)
            .partition_count_limit(1)
            .retention_period(RETENTION)
            .supported_codecs(vec![Codec::RAW])
            .build()?;
        let client = self.database(endpoint).await?;
        let path = format!("{database}/{TOPIC}");
        client.topic_client().create_topic(path, options).await
    }

    async fn trigger(&self, chat: &Chat, gateway: &str) -> Result<(), CloudError> {
        let stream = DataStream {
            database: chat.database.clone(),
            stream: TOPIC.to_owned(),
            service_account_id: chat.account.clone(),
            batch_settings: Some(BatchSettings {
                size: chat.settings.batch_bytes,
                cutoff: Some(Duration::from_secs(1).into()),
            }),
            gateway_websocket_broadcast: Some(GatewayWebsocketBroadcast {
                gateway_id: gateway.to_owned(),
                path: PATH.to_owned(),
                service_account_id: chat.account.clone(),
            }),
            ..DataStream::default()
        };
        let request = CreateTriggerRequest {
            folder_id: self.folder.clone(),
            name: NAME.to_owned(),
            rule: Rule {
                data_stream: Some(stream),
            },
            ..CreateTriggerRequest::default()
        };
        let triggers = self.client.triggers();
        let operation = triggers.create(&request, Uuid::new_v4()).await?;
        self.end(&operation).await.map(drop)
    }
}

fn environment(chat: &Chat) -> BTreeMap<String, String> {
    [
        ("YDB_CONNECTION_STRING", chat.endpoint.as_str()),
        ("YDB_DATABASE", &chat.database),
        ("BROADCAST_TOPIC", TOPIC),
        ("YC_CONNECTIONS_ENDPOINT", &chat.connections),
        ("LOG_LEVEL", "info"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

fn paths(chat: &Chat) -> Value {
    let operation = |id: &str| {
        json!({
            "operationId": id,
            "x-yc-apigateway-integration": {
                "type": "cloud_functions",
                "function_id": chat.function,
                "tag": LIVE,
                "service_account_id": chat.account,
                "payload_format_version": "1.0",
            },
            "responses": { "200": { "description": "handled by the function" } },
        })
    };
    json!({ PATH: {
        "x-yc-apigateway-websocket-connect": operation("connect"),
        "x-yc-apigateway-websocket-message": operation("message"),
        "x-yc-apigateway-websocket-disconnect": operation("disconnect"),
    } })
}
