//! The role table: what each role id allows (reference §3.2 and the roles
//! pages of the cloud's documentation). Roles that nothing here asks for are
//! missing; granting one of them is refused by name.

use super::permission::Permission::{
    self, FederatedCredentialsGet, FederatedCredentialsManage, FederationBindingsManage,
    FederationsGet, FederationsManage, FederationsUse, FolderBindingsGet, FolderBindingsManage,
    FolderGet, FunctionBindingsManage, FunctionInvoke, FunctionsGet, FunctionsManage,
    GatewayBindingsManage, GatewaysGet, GatewaysManage, ServiceAccountsAdmin, ServiceAccountsGet,
    ServiceAccountsImpersonate, ServiceAccountsManage, ServiceAccountsUse, TopicRead, TopicWrite,
    TriggersGet, TriggersManage, WebSocketBroadcast, WebSocketGet, WebSocketWrite, YdbConnect,
    YdbGet, YdbManage, YdbSchema, YdbWrite,
};

// Federations are left to their own roles: an operator, which has none of them,
// may grant this one.
const VIEWER: &[Permission] = &[
    FolderGet,
    FolderBindingsGet,
    ServiceAccountsGet,
    YdbGet,
    YdbConnect,
    FunctionsGet,
    GatewaysGet,
    WebSocketGet,
    TriggersGet,
];

const EDITOR: &[Permission] = &[
    FolderGet,
    FolderBindingsGet,
    ServiceAccountsGet,
    ServiceAccountsManage,
    ServiceAccountsUse,
    FederationsGet,
    FederationsUse,
    FederationsManage,
    FederatedCredentialsGet,
    FederatedCredentialsManage,
    YdbGet,
    YdbManage,
    YdbConnect,
    YdbWrite,
    YdbSchema,
    TopicRead,
    TopicWrite,
    FunctionsGet,
    FunctionsManage,
    FunctionInvoke,
    GatewaysGet,
    GatewaysManage,
    WebSocketGet,
    WebSocketWrite,
    WebSocketBroadcast,
    TriggersGet,
    TriggersManage,
];

const ADMIN: &[Permission] = &[
    FolderGet,
    FolderBindingsGet,
    FolderBindingsManage,
    ServiceAccountsGet,
    ServiceAccountsManage,
    ServiceAccountsUse,
    ServiceAccountsAdmin,
    FederationsGet,
    FederationsUse,
    FederationsManage,
    FederationBindingsManage,
    FederatedCredentialsGet,
    FederatedCredentialsManage,
    YdbGet,
    YdbManage,
    YdbConnect,
    YdbWrite,
    YdbSchema,
    TopicRead,
    TopicWrite,
    FunctionsGet,
    FunctionsManage,
    FunctionBindingsManage,
    FunctionInvoke,
    GatewaysGet,
    GatewaysManage,
    GatewayBindingsManage,
    WebSocketGet,
    WebSocketWrite,
    WebSocketBroadcast,
    TriggersGet,
    TriggersManage,
];

// Topics are left to the yds roles: whether ydb.editor covers them isn't
// documented, and a chat that gets by without yds.admin here must not fail there.
const YDB_EDITOR: &[Permission] = &[
    FolderGet, YdbGet, YdbManage, YdbConnect, YdbWrite, YdbSchema,
];

const FUNCTIONS_EDITOR: &[Permission] = &[
    FolderGet,
    FunctionsGet,
    FunctionsManage,
    FunctionInvoke,
    TriggersGet,
    TriggersManage,
];

const FUNCTIONS_ADMIN: &[Permission] = &[
    FolderGet,
    FunctionsGet,
    FunctionsManage,
    FunctionBindingsManage,
    FunctionInvoke,
    TriggersGet,
    TriggersManage,
];

const GATEWAY_EDITOR: &[Permission] = &[FolderGet, GatewaysGet, GatewaysManage, WebSocketGet];

const GATEWAY_ADMIN: &[Permission] = &[
    FolderGet,
    GatewaysGet,
    GatewaysManage,
    GatewayBindingsManage,
    WebSocketGet,
    WebSocketWrite,
    WebSocketBroadcast,
];

/// What a role allows; `None` when there is no such role here.
#[must_use]
pub fn permissions(role_id: &str) -> Option<&'static [Permission]> {
    Some(match role_id {
        "viewer" | "auditor" => VIEWER,
        "editor" => EDITOR,
        "admin" => ADMIN,
        "resource-manager.viewer" | "resource-manager.auditor" | "resource-manager.editor" => {
            &[FolderGet, FolderBindingsGet]
        }
        "resource-manager.admin" => &[FolderGet, FolderBindingsGet, FolderBindingsManage],
        "iam.serviceAccounts.user" => &[FolderGet, ServiceAccountsGet, ServiceAccountsUse],
        "iam.serviceAccounts.tokenCreator" => &[ServiceAccountsImpersonate],
        "iam.serviceAccounts.keyAdmin" => &[ServiceAccountsGet, ServiceAccountsAdmin],
        "iam.serviceAccounts.admin" | "iam.admin" => &[
            FolderGet,
            ServiceAccountsGet,
            ServiceAccountsManage,
            ServiceAccountsUse,
            ServiceAccountsAdmin,
        ],
        "iam.editor" => &[FolderGet, ServiceAccountsGet, ServiceAccountsManage],
        "iam.viewer" => &[FolderGet, ServiceAccountsGet],
        "ydb.viewer" | "yds.viewer" => &[FolderGet, YdbGet, YdbConnect],
        "ydb.editor" | "ydb.admin" => YDB_EDITOR,
        "yds.writer" => &[FolderGet, YdbConnect, TopicWrite],
        "yds.editor" | "yds.admin" => &[
            FolderGet, YdbGet, YdbConnect, YdbSchema, TopicRead, TopicWrite,
        ],
        "functions.viewer" | "functions.auditor" => &[FolderGet, FunctionsGet, TriggersGet],
        "functions.functionInvoker" | "serverless.functions.invoker" => &[FunctionInvoke],
        "functions.editor" => FUNCTIONS_EDITOR,
        "functions.admin" | "serverless.functions.admin" => FUNCTIONS_ADMIN,
        "api-gateway.viewer" | "api-gateway.auditor" => &[FolderGet, GatewaysGet, WebSocketGet],
        "api-gateway.editor" => GATEWAY_EDITOR,
        "api-gateway.admin" => GATEWAY_ADMIN,
        "api-gateway.websocketWriter" => &[FolderGet, GatewaysGet, WebSocketGet, WebSocketWrite],
        "api-gateway.websocketBroadcaster" => &[
            FolderGet,
            GatewaysGet,
            WebSocketGet,
            WebSocketWrite,
            WebSocketBroadcast,
        ],
        _ => return of_workload_identity(role_id),
    })
}

fn of_workload_identity(role_id: &str) -> Option<&'static [Permission]> {
    Some(match role_id {
        "iam.serviceAccounts.federatedCredentialViewer" => {
            &[ServiceAccountsGet, FederatedCredentialsGet]
        }
        "iam.serviceAccounts.federatedCredentialEditor" => &[
            ServiceAccountsGet,
            FederatedCredentialsGet,
            FederatedCredentialsManage,
        ],
        "iam.workloadIdentityFederations.auditor" | "iam.workloadIdentityFederations.viewer" => {
            &[FederationsGet]
        }
        "iam.workloadIdentityFederations.user" => &[FederationsGet, FederationsUse],
        "iam.workloadIdentityFederations.editor" => {
            &[FederationsGet, FederationsUse, FederationsManage]
        }
        "iam.workloadIdentityFederations.admin" => &[
            FederationsGet,
            FederationsUse,
            FederationsManage,
            FederationBindingsManage,
        ],
        _ => return None,
    })
}

/// Whether the role allows it.
#[must_use]
pub fn allows(role_id: &str, permission: Permission) -> bool {
    permissions(role_id).is_some_and(|allowed| allowed.contains(&permission))
}
