//! One database on a server of its own, and clients for it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::mpsc::{self, Sender};
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;
use tonic::codec::Streaming;
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Endpoint};
use yc_emulator::clock::Clock;
use yc_emulator::iam::{Iam, IamSettings};
use yc_emulator::ids::Ids;
use yc_emulator::inspect::Inspector;
use yc_emulator::security::Security;
use yc_emulator::ydb::{DatabaseIdentity, Ydb};
use ydb::{AccessTokenCredentials, Client, ClientBuilder, YdbError};

pub(crate) const FOLDER: &str = "b1gemulator000000000";
pub(crate) const DATABASE: &str = "/ru-central1/cloud/etndatabase";
/// What the operator has.
pub(crate) const ROLES: [&str; 2] = ["ydb.editor", "yds.admin"];

/// As many as the cloud's quota allows in a day.
pub(crate) const SCHEMA_OPERATIONS: u64 = 1000;

/// How long a condition may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct World {
    pub(crate) ydb: Ydb,
    pub(crate) clock: Clock,
    pub(crate) inspector: Inspector,
    pub(crate) address: SocketAddr,
    /// The account that the token is of.
    pub(crate) operator: String,
    pub(crate) token: String,
    pub(crate) folder: Arc<tempfile::TempDir>,
    iam: Iam,
    task: JoinHandle<()>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let clock = Clock::default();
        let settings = IamSettings {
            // Longer than what a test lets pass.
            token_lifetime: Duration::from_hours(1000),
            ..IamSettings::default()
        };
        let iam = Iam::new(settings, clock.clone(), Ids::new(7));
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let ydb = Ydb::new(iam.clone(), folder.path(), clock.clone(), SCHEMA_OPERATIONS);
        let identity = DatabaseIdentity {
            path: DATABASE.to_owned(),
            folder_id: FOLDER.to_owned(),
            database_id: "etndatabase".to_owned(),
        };
        ydb.create_database(identity).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let inspector = Inspector::new(iam.clone());
        let served = ydb.clone().serve(
            listener,
            &Security::Plain,
            inspector.clone(),
            std::future::pending(),
        );
        let task = tokio::spawn(async move { served.await.unwrap() });
        let operator = iam.add_account(FOLDER, "operator", &ROLES).unwrap();
        let token = iam.issue_token(&operator).unwrap().token;
        Self {
            ydb,
            clock,
            inspector,
            address,
            operator,
            token,
            folder,
            iam,
            task,
        }
    }

    /// A token of a new account with roles on the folder.
    pub(crate) fn account(&self, name: &str, roles: &[&str]) -> String {
        let id = self.iam.add_account(FOLDER, name, roles).unwrap();
        self.iam.issue_token(&id).unwrap().token
    }

    pub(crate) async fn client(&self) -> Client {
        self.client_of(&self.token).await
    }

    pub(crate) async fn client_of(&self, token: &str) -> Client {
        let text = format!("grpc://{}/?database={DATABASE}", self.address);
        ClientBuilder::new_from_connection_string(text)
            .unwrap()
            .with_credentials(AccessTokenCredentials::from(token))
            .build()
            .await
            .unwrap()
    }

    /// A client with the migrated table.
    pub(crate) async fn migrated(&self) -> Client {
        let client = self.client().await;
        let up = include_str!("../../../migrations/001_create_connections.sql");
        let up = up.split("-- +goose Down").next().unwrap();
        client.query_client().exec(up).await.unwrap();
        client
    }

    pub(crate) fn plain(&self) -> Plain {
        self.plain_of(&self.token)
    }

    pub(crate) fn plain_of(&self, token: &str) -> Plain {
        Self::plain_at(&format!("http://{}", self.address), token)
    }

    pub(crate) fn plain_at(address: &str, token: &str) -> Plain {
        let endpoint = Endpoint::from_shared(address.to_owned()).unwrap();
        Plain {
            channel: endpoint.connect_lazy(),
            token: token.to_owned(),
        }
    }
}

/// Calls that no SDK makes like this.
pub(crate) struct Plain {
    channel: Channel,
    token: String,
}

impl Plain {
    fn request<T>(&self, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        let headers = request.metadata_mut();
        headers.insert("x-ydb-database", MetadataValue::from_static(DATABASE));
        headers.insert("x-ydb-auth-ticket", self.token.parse().unwrap());
        request
    }

    pub(crate) async fn unary<T, R>(
        &self,
        path: &'static str,
        message: T,
    ) -> Result<R, tonic::Status>
    where
        T: prost::Message + 'static,
        R: prost::Message + Default + 'static,
    {
        let mut grpc = tonic::client::Grpc::new(self.channel.clone());
        grpc.ready().await.unwrap();
        let codec = tonic_prost::ProstCodec::<T, R>::default();
        let path = http::uri::PathAndQuery::from_static(path);
        let answer = grpc.unary(self.request(message), path, codec).await?;
        Ok(answer.into_inner())
    }

    pub(crate) async fn stream<T, R>(&self, path: &'static str, message: T) -> Streaming<R>
    where
        T: prost::Message + 'static,
        R: prost::Message + Default + 'static,
    {
        let mut grpc = tonic::client::Grpc::new(self.channel.clone());
        grpc.ready().await.unwrap();
        let codec = tonic_prost::ProstCodec::<T, R>::default();
        let path = http::uri::PathAndQuery::from_static(path);
        let answer = grpc.server_streaming(self.request(message), path, codec);
        answer.await.unwrap().into_inner()
    }

    /// Both sides talk; what the returned sender gets is sent.
    pub(crate) async fn talk<T, R>(&self, path: &'static str, first: T) -> (Sender<T>, Streaming<R>)
    where
        T: prost::Message + 'static,
        R: prost::Message + Default + 'static,
    {
        let mut grpc = tonic::client::Grpc::new(self.channel.clone());
        grpc.ready().await.unwrap();
        let codec = tonic_prost::ProstCodec::<T, R>::default();
        let path = http::uri::PathAndQuery::from_static(path);
        let (sender, messages) = mpsc::channel(8);
        sender.send(first).await.unwrap();
        let request = self.request(ReceiverStream::new(messages));
        let answer = grpc.streaming(request, path, codec).await.unwrap();
        (sender, answer.into_inner())
    }
}

/// YDB's status of a failure.
#[track_caller]
pub(crate) fn status(error: &YdbError) -> i32 {
    match error {
        YdbError::YdbStatusError(status) => status.operation_status,
        other => panic!("no status of YDB: {other:?}"),
    }
}

/// Asks again until it is so.
pub(crate) async fn until<F: Future<Output = bool>>(mut is_so: impl FnMut() -> F) {
    let started = Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < PATIENCE, "it never became so");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
