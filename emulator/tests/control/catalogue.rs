//! The catalogue of behaviours holds every method that the API has, and tells
//! which of them are refused.

#[path = "../shared/behaviours.rs"]
mod behaviours;

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;

use crate::harness::World;
use crate::judge;

const PACKAGE: &str = "yandex.cloud.";

/// Where the emulated services are. The rest of the API isn't ours.
const BELOW: [&str; 9] = [
    "/endpoints",
    "/iam/v1/",
    "/resource-manager/v1/folders",
    "/ydb/v1/",
    "/functions/v1/",
    "/apigateways/",
    "/triggers/v1/",
    "/operations",
    "/quota-manager/v1/",
];

/// A path of the gateways' own router, which these tests go without.
const CONNECTIONS: &str = "/apigateways/websocket/";

#[test]
fn every_method_of_the_api_is_in_the_catalogue() {
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for one in judge::methods(&BELOW) {
        known.entry(one.service).or_default().insert(one.name);
    }
    behaviours::assert_complete(PACKAGE, &known);
}

#[tokio::test]
async fn exactly_the_refused_methods_say_that_they_are_not_implemented() {
    let world = World::new().await;
    let services = behaviours::services(PACKAGE);
    let callable = |one: &judge::Method| !one.path.starts_with(CONNECTIONS);
    for one in judge::methods(&BELOW).into_iter().filter(callable) {
        let path = filled(&one.path);
        let verb: Method = one.verb.parse().unwrap();
        let bodiless = matches!(verb, Method::GET | Method::DELETE);
        let body = if bodiless { "" } else { "{}" };
        let answer = world.send(world.request(verb, &path).body(body)).await;
        let message = answer.body["message"].as_str().unwrap_or_default();
        let refused = answer.status == 501
            && message == format!("The emulator doesn't implement {} {path}", one.verb);
        let written = services[&one.service][&one.name];
        assert_eq!(refused, written, "{} {path}: {}", one.verb, answer.body);
    }
}

/// A path with an id of nothing in each of its gaps.
fn filled(path: &str) -> String {
    let mut parts = path.split(['{', '}']);
    let first = parts.next().unwrap_or_default().to_owned();
    let rest: Vec<&str> = parts.collect();
    rest.chunks(2)
        .filter_map(<[&str]>::last)
        .fold(first, |path, literal| path + "nothing" + literal)
}
