//! What is in the emulated cloud.

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
}
