//! What is in the emulated cloud.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

/// What exists in the emulated cloud, each as its service's JSON.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "the fields are the names of cloud resources")]
pub struct State {
    pub service_accounts: Vec<Value>,
    pub access_bindings: Vec<Value>,
    pub databases: Vec<Value>,
    pub topics: Vec<Value>,
    pub functions: Vec<Value>,
    pub versions: Vec<Value>,
    pub gateways: Vec<Value>,
    pub triggers: Vec<Value>,
    pub connections: Vec<Value>,
}

/// The service account that the operator's key belongs to.
const OPERATOR_ACCOUNT: &str = "wschat-operator-local";

impl State {
    /// One line for everything but the operator's own account and roles: what
    /// chats made.
    #[must_use]
    pub fn made_by_chats(&self) -> Vec<String> {
        let is_operator = |account: &&Value| account["name"] == OPERATOR_ACCOUNT;
        let operator = self.service_accounts.iter().find(is_operator);
        let operator = operator.map_or(&Value::Null, |account| &account["id"]);
        let of_operator = |binding: &Value| binding["subject"]["id"] == *operator;
        let kinds = [
            ("service account", &self.service_accounts),
            ("access binding", &self.access_bindings),
            ("database", &self.databases),
            ("topic", &self.topics),
            ("function", &self.functions),
            ("version", &self.versions),
            ("gateway", &self.gateways),
            ("trigger", &self.triggers),
            ("connection", &self.connections),
        ];
        let described = kinds.into_iter().flat_map(|(kind, all)| {
            let others = all
                .iter()
                .filter(|one| one["id"] != *operator && !of_operator(one));
            others.map(move |one| format!("{kind} {one}"))
        });
        described.collect()
    }

    /// The same without what comes and goes while people talk: sockets, and how
    /// many messages a topic has.
    #[must_use]
    pub fn lasting(mut self) -> Vec<String> {
        self.connections.clear();
        for topic in &mut self.topics {
            topic["end"].take();
        }
        self.made_by_chats()
    }

    /// The ids of everything that chats made and that has one.
    #[must_use]
    pub fn ids(&self) -> BTreeSet<String> {
        let kinds = [
            &self.service_accounts,
            &self.databases,
            &self.functions,
            &self.versions,
            &self.gateways,
            &self.triggers,
        ];
        let all = kinds.into_iter().flatten();
        all.map(|one| one["id"].to_string()).collect()
    }
}
