//! Who gets in, where clients are sent, and what ends with a database.

use futures::StreamExt;
use prost::Message;
use tonic::Code;
use ydb_grpc::ydb_proto::discovery::{
    ListEndpointsRequest, ListEndpointsResponse, ListEndpointsResult, WhoAmIRequest,
    WhoAmIResponse, WhoAmIResult,
};
use ydb_grpc::ydb_proto::query::{
    AttachSessionRequest, CreateSessionRequest, CreateSessionResponse, SessionState,
};
use ydb_grpc::ydb_proto::scheme::{ListDirectoryRequest, ListDirectoryResponse};

use crate::harness::{DATABASE, SCHEMA_OPERATIONS, World, status};

const SUCCESS: i32 = 400_000;
const OVERLOADED: i32 = 400_060;
const UNAUTHORIZED: i32 = 400_020;
const DISCOVERY: &str = "/Ydb.Discovery.V1.DiscoveryService/ListEndpoints";

#[tokio::test]
async fn without_a_good_token_nobody_gets_in() {
    let world = World::new().await;
    for token in ["", "nonsense", "Bearer nonsense"] {
        let plain = world.plain_of(token);
        let request = ListEndpointsRequest::default();
        let answer = plain
            .unary::<_, ListEndpointsResponse>(DISCOVERY, request)
            .await;
        assert_eq!(
            answer.expect_err("no token").code(),
            Code::Unauthenticated,
            "{token:?}"
        );
    }
}

#[tokio::test]
async fn a_caller_is_told_who_it_is() {
    let world = World::new().await;
    let path = "/Ydb.Discovery.V1.DiscoveryService/WhoAmI";
    let plain = world.plain();
    let answer: WhoAmIResponse = plain.unary(path, WhoAmIRequest::default()).await.unwrap();
    let result = answer.operation.unwrap().result.unwrap();
    assert_eq!(
        result.type_url,
        "type.googleapis.com/Ydb.Discovery.WhoAmIResult"
    );
    let me = WhoAmIResult::decode(result.value.as_slice()).unwrap();
    assert_eq!(me.user, format!("{}@as", world.operator));
}

#[tokio::test]
async fn whoever_may_only_read_writes_nothing() {
    let world = World::new().await;
    world.migrated().await;
    let reader = world
        .client_of(&world.account("reader", &["ydb.viewer"]))
        .await;
    let mut queries = reader.query_client();
    let rows = queries
        .query_result_set("SELECT connection_id FROM connections")
        .await;
    assert_eq!(rows.unwrap().into_iter().count(), 0);
    for text in [
        "UPSERT INTO connections (connection_id) VALUES ('c')",
        "DROP TABLE connections",
    ] {
        let refused = queries.exec(text).await.expect_err(text);
        assert_eq!(status(&refused), UNAUTHORIZED, "{text}");
    }
    let stranger = world.plain_of(&world.account("stranger", &[]));
    let path = "/Ydb.Query.V1.QueryService/CreateSession";
    let session: CreateSessionResponse =
        stranger.unary(path, CreateSessionRequest {}).await.unwrap();
    assert_eq!(session.status, UNAUTHORIZED);
}

#[tokio::test]
async fn discovery_sends_clients_to_what_they_dialled() {
    let world = World::new().await;
    let port = world.address.port();
    let plain = World::plain_at(&format!("http://localhost:{port}"), &world.token);
    let request = ListEndpointsRequest {
        database: DATABASE.to_owned(),
        ..ListEndpointsRequest::default()
    };
    let answer: ListEndpointsResponse = plain.unary(DISCOVERY, request).await.unwrap();
    let result = answer.operation.unwrap().result.unwrap();
    assert!(
        result
            .type_url
            .ends_with("/Ydb.Discovery.ListEndpointsResult")
    );
    let result: ListEndpointsResult = prost::Message::decode(result.value.as_slice()).unwrap();
    let endpoint = &result.endpoints[0];
    let found = (endpoint.address.as_str(), endpoint.port, endpoint.ssl);
    assert_eq!(found, ("localhost", u32::from(port), false));
    assert_eq!(endpoint.location, result.self_location);
}

#[tokio::test]
async fn a_deleted_database_takes_its_streams_and_files_along() {
    let world = World::new().await;
    world.migrated().await;
    let plain = world.plain();
    let path = "/Ydb.Query.V1.QueryService/CreateSession";
    let session: CreateSessionResponse = plain.unary(path, CreateSessionRequest {}).await.unwrap();
    let attach = AttachSessionRequest {
        session_id: session.session_id,
    };
    let path = "/Ydb.Query.V1.QueryService/AttachSession";
    let mut attached = plain.stream::<_, SessionState>(path, attach).await;
    let state = attached.next().await.unwrap().unwrap();
    assert_eq!(state.status, SUCCESS);
    world.ydb.delete_database(DATABASE);
    assert!(attached.next().await.is_none());
    let left: Vec<_> = std::fs::read_dir(world.folder.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    let request = ListEndpointsRequest::default();
    let gone = plain
        .unary::<_, ListEndpointsResponse>(DISCOVERY, request)
        .await;
    assert_eq!(gone.expect_err("no database").code(), Code::NotFound);
}

#[tokio::test]
async fn a_day_has_so_many_looks_at_the_schema_and_no_more() {
    let world = World::new().await;
    let plain = world.plain();
    let list = async || {
        let path = "/Ydb.Scheme.V1.SchemeService/ListDirectory";
        let request = ListDirectoryRequest {
            path: DATABASE.to_owned(),
            ..ListDirectoryRequest::default()
        };
        let answer: ListDirectoryResponse = plain.unary(path, request).await.unwrap();
        answer.operation.unwrap().status
    };
    for _ in 0..SCHEMA_OPERATIONS {
        assert_eq!(list().await, SUCCESS);
    }
    assert_eq!(list().await, OVERLOADED);
    // Rows are none of the schema's.
    let client = world.client().await;
    client.query_client().exec("SELECT 1").await.unwrap();
    world.clock.advance(std::time::Duration::from_hours(24));
    assert_eq!(list().await, SUCCESS);
}
