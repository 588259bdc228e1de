//! What can be allowed, and on what.

use serde::{Deserialize, Serialize};

/// One thing that a role may allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Permission {
    /// See a folder and the operations in it.
    FolderGet,
    /// See access bindings of a folder.
    FolderBindingsGet,
    /// Change access bindings of a folder.
    FolderBindingsManage,
    /// See service accounts.
    ServiceAccountsGet,
    /// Create, change and delete service accounts.
    ServiceAccountsManage,
    /// Attach a service account to a function, gateway or trigger.
    ServiceAccountsUse,
    /// Create and delete keys of a service account, change bindings on it.
    ServiceAccountsAdmin,
    /// Get a token in the name of a service account.
    ServiceAccountsImpersonate,
    /// See workload identity federations.
    FederationsGet,
    /// Link a federation's subjects to service accounts.
    FederationsUse,
    /// Create, change and delete federations.
    FederationsManage,
    /// Change access bindings of federations.
    FederationBindingsManage,
    /// See federated credentials of a service account.
    FederatedCredentialsGet,
    /// Create and delete federated credentials of a service account.
    FederatedCredentialsManage,
    /// See databases in the control plane.
    YdbGet,
    /// Create, change and delete databases in the control plane.
    YdbManage,
    /// Data plane: connect to a database, describe tables, read rows.
    YdbConnect,
    /// Data plane: write rows.
    YdbWrite,
    /// Data plane: create, change and drop tables and topics.
    YdbSchema,
    /// Read a topic, as a Data Streams trigger does (`yds.admin`).
    TopicRead,
    /// Write to a topic.
    TopicWrite,
    /// See functions and versions.
    FunctionsGet,
    /// Create, change and delete functions, versions and tags.
    FunctionsManage,
    /// Change access bindings of functions.
    FunctionBindingsManage,
    /// Call a function.
    FunctionInvoke,
    /// See gateways.
    GatewaysGet,
    /// Create, change and delete gateways.
    GatewaysManage,
    /// Change access bindings of gateways.
    GatewayBindingsManage,
    /// See a socket of a gateway.
    WebSocketGet,
    /// Send to a socket of a gateway, close it.
    WebSocketWrite,
    /// Send to every socket of a gateway's path.
    WebSocketBroadcast,
    /// See triggers.
    TriggersGet,
    /// Create, change, pause and delete triggers.
    TriggersManage,
}

/// Kinds of resources that can carry access bindings of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ResourceKind {
    /// `resource-manager.folder`
    Folder,
    /// `iam.serviceAccount`
    ServiceAccount,
    /// `iam.workload.oidc.federation` (a guess)
    Federation,
    /// `ydb.database`
    Database,
    /// `serverless.function`
    Function,
    /// `serverless.apigateway`
    Gateway,
    /// `serverless.trigger`
    Trigger,
}

impl ResourceKind {
    /// The type's name in the cloud's messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Folder => "resource-manager.folder",
            Self::ServiceAccount => "iam.serviceAccount",
            Self::Federation => "iam.workload.oidc.federation",
            Self::Database => "ydb.database",
            Self::Function => "serverless.function",
            Self::Gateway => "serverless.apigateway",
            Self::Trigger => "serverless.trigger",
        }
    }
}

/// What a permission is asked on: its own bindings count and its folder's.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Resource {
    /// The folder that it is in; for a folder, itself.
    pub folder_id: String,
    /// What it is.
    pub kind: ResourceKind,
    /// Its id.
    pub id: String,
}

impl Resource {
    fn new(folder_id: &str, kind: ResourceKind, id: &str) -> Self {
        Self {
            folder_id: folder_id.to_owned(),
            kind,
            id: id.to_owned(),
        }
    }

    /// A folder.
    #[must_use]
    pub fn folder(id: &str) -> Self {
        Self::new(id, ResourceKind::Folder, id)
    }

    /// A service account.
    #[must_use]
    pub fn service_account(folder_id: &str, id: &str) -> Self {
        Self::new(folder_id, ResourceKind::ServiceAccount, id)
    }

    /// A federation.
    #[must_use]
    pub fn federation(folder_id: &str, id: &str) -> Self {
        Self::new(folder_id, ResourceKind::Federation, id)
    }

    /// A database.
    #[must_use]
    pub fn database(folder_id: &str, id: &str) -> Self {
        Self::new(folder_id, ResourceKind::Database, id)
    }

    /// A function.
    #[must_use]
    pub fn function(folder_id: &str, id: &str) -> Self {
        Self::new(folder_id, ResourceKind::Function, id)
    }

    /// A gateway.
    #[must_use]
    pub fn gateway(folder_id: &str, id: &str) -> Self {
        Self::new(folder_id, ResourceKind::Gateway, id)
    }

    /// A trigger.
    #[must_use]
    pub fn trigger(folder_id: &str, id: &str) -> Self {
        Self::new(folder_id, ResourceKind::Trigger, id)
    }
}
