//! What a chat is made of, counted.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use wschat_tests::emulator::State;

/// How many there are of each thing, by kind and by what tells it from others
/// of its kind.
pub(super) type Inventory = BTreeMap<String, usize>;

/// Everything that one chat consists of, once.
pub(super) fn of_one_chat() -> Inventory {
    let things = [
        "service account",
        "binding of ydb.editor",
        "binding of yds.admin",
        "binding of api-gateway.websocketBroadcaster",
        "binding of functions.functionInvoker",
        "database",
        "topic",
        "function",
        "version tagged $latest, live",
        "gateway",
        "trigger",
    ];
    things.map(|thing| (thing.to_owned(), 1)).into()
}

/// Everything in the cloud but the operator's own account and roles.
pub(super) fn of(state: &State, operator: &str) -> Inventory {
    let accounts = state
        .service_accounts
        .iter()
        .filter(|account| account["id"] != operator)
        .map(|_| "service account".to_owned());
    let bindings = state
        .access_bindings
        .iter()
        .filter(|binding| binding["subject"]["id"] != operator)
        .map(|binding| format!("binding of {}", text(&binding["roleId"])));
    let versions = state
        .versions
        .iter()
        .map(|version| format!("version tagged {}", tags(version)));
    let others = [
        ("database", &state.databases),
        ("topic", &state.topics),
        ("function", &state.functions),
        ("gateway", &state.gateways),
        ("trigger", &state.triggers),
    ];
    let others = others
        .into_iter()
        .flat_map(|(kind, all)| all.iter().map(move |_| kind.to_owned()));
    let mut inventory = Inventory::new();
    for thing in accounts.chain(bindings).chain(versions).chain(others) {
        *inventory.entry(thing).or_default() += 1;
    }
    inventory
}

fn tags(version: &Value) -> String {
    let tags = version["tags"].as_array().into_iter().flatten();
    let sorted: BTreeSet<&str> = tags.map(text).collect();
    sorted.into_iter().collect::<Vec<_>>().join(", ")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}
