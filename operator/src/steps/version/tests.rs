//! What to make, to keep and to prune.

use wschat_crds::LogLevel;
use yandex_cloud_rest::model::version::LATEST;

use super::*;

fn built(memory: i64) -> CreateVersionRequest {
    let parts = Parts {
        function: &Function {
            id: "d4e1".to_owned(),
            invoke_url: String::new(),
        },
        account: &Account {
            id: "aje1".to_owned(),
        },
        database: &Database {
            connection_string: "grpcs://ydb:2135/?database=/r/c/d".to_owned(),
            path: "/r/c/d".to_owned(),
        },
        handler: &DesiredHandler {
            memory,
            timeout: Duration::from_secs(30),
            concurrency: 16,
            min_instances: 0,
            log_level: LogLevel::Info,
        },
        topic: &DesiredTopic {
            name: "broadcast-topic".to_owned(),
            retention: Duration::from_hours(1),
        },
        serving: None,
    };
    request(parts, "https://connections")
}

#[test]
fn the_handler_learns_where_everything_is() {
    let request = built(1 << 28);
    assert_eq!(request.runtime, "nodejs22");
    assert_eq!(request.entrypoint, "index.handler");
    assert_eq!(request.service_account_id, "aje1");
    let environment: Vec<_> = request
        .environment
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    assert_eq!(
        environment,
        [
            ("BROADCAST_TOPIC", "broadcast-topic"),
            ("LOG_LEVEL", "info"),
            ("YC_CONNECTIONS_ENDPOINT", "https://connections"),
            ("YDB_CONNECTION_STRING", "grpcs://ydb:2135/?database=/r/c/d"),
            ("YDB_DATABASE", "/r/c/d"),
        ]
    );
}

#[test]
fn every_setting_makes_another_version() {
    let hash = |memory| request_hash(&(built(memory), "zip")).unwrap();
    assert_eq!(hash(1 << 28), hash(1 << 28));
    assert_ne!(hash(1 << 28), hash(1 << 29));
}

fn version(id: &str, description: &str, created: &str) -> Model {
    Model {
        id: id.to_owned(),
        description: description.to_owned(),
        status: "ACTIVE".to_owned(),
        created_at: Some(created.to_owned()),
        ..Model::default()
    }
}

#[test]
fn a_version_is_found_by_its_description() {
    let versions = [
        version("other", "wschat other", "1"),
        version("newest", "wschat h", "3"),
    ];
    assert_eq!(plan(&versions, "wschat h", None), Plan::Keep(&versions[1]));
    assert_eq!(plan(&versions, "wschat new", None), Plan::Create);
    let nameless = [version("", "wschat h", "3")];
    assert_eq!(plan(&nameless, "wschat h", None), Plan::Create);
}

#[test]
fn a_list_tells_whether_a_version_is_live() {
    let mut listed = version("a", "wschat a", "1");
    assert!(!Version::read(&listed).is_tagged);
    listed.tags = vec![LATEST.to_owned(), TAG.to_owned()];
    assert!(Version::read(&listed).is_tagged);
    assert!(!Version::unread("a").is_tagged);
}

#[test]
fn an_earlier_version_is_taken_up_again_only_if_it_serves() {
    let versions = [version("a", "wschat a", "1"), version("b", "wschat b", "2")];
    assert_eq!(plan(&versions, "wschat a", Some("b")), Plan::Create);
    assert_eq!(
        plan(&versions, "wschat a", Some("a")),
        Plan::Keep(&versions[0])
    );
}

#[test]
fn the_oldest_goes_but_never_what_serves_or_is_not_ours() {
    let foreign = version("foreign", "by hand", "0");
    let [a, b, c] = ["a", "b", "c"].map(|id| version(id, &format!("wschat {id}"), id));
    let few = [foreign.clone(), a.clone(), b.clone()];
    assert_eq!(plan(&few, "wschat new", Some("b")), Plan::Create);
    let many = [foreign, a, b, c];
    assert_eq!(plan(&many, "wschat new", Some("c")), Plan::Prune(&many[1]));
    assert_eq!(
        plan(&many, "wschat new", Some("a")),
        Plan::Prune(&many[2]),
        "the oldest serves"
    );
    let mut latest = many.clone();
    latest[1].tags = vec![LATEST.to_owned()];
    assert_eq!(
        plan(&latest, "wschat new", Some("c")),
        Plan::Prune(&latest[2]),
        "the cloud removes none that has a tag"
    );
}

#[test]
fn what_is_being_made_or_removed_is_told_apart() {
    let with = |status: &str| {
        [Model {
            status: status.to_owned(),
            ..version("a", "wschat a", "1")
        }]
    };
    assert_eq!(plan(&with("CREATING"), "wschat a", None), Plan::Wait);
    assert_eq!(plan(&with("DELETING"), "wschat a", None), Plan::Create);
}
