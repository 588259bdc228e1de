//! The resources of a chat: what they are called in the status, in messages
//! and in metrics.

/// One resource of a chat; the order is that of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Resource {
    ServiceAccount,
    Roles,
    Database,
    Schema,
    Topic,
    Function,
    Invokers,
    Version,
    Live,
    Gateway,
    Trigger,
}

impl Resource {
    /// All, in the order of the graph.
    pub(crate) const ALL: [Self; 11] = [
        Self::ServiceAccount,
        Self::Roles,
        Self::Database,
        Self::Schema,
        Self::Topic,
        Self::Function,
        Self::Invokers,
        Self::Version,
        Self::Live,
        Self::Gateway,
        Self::Trigger,
    ];

    /// The field of `status.resources`, which is also the metric's label.
    pub(crate) fn field(self) -> &'static str {
        match self {
            Self::ServiceAccount => "serviceAccount",
            Self::Roles => "roles",
            Self::Database => "database",
            Self::Schema => "schema",
            Self::Topic => "topic",
            Self::Function => "function",
            Self::Invokers => "invokers",
            Self::Version => "version",
            Self::Live => "live",
            Self::Gateway => "gateway",
            Self::Trigger => "trigger",
        }
    }

    /// What people call it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::ServiceAccount => "service account",
            Self::Roles => "roles of the service account",
            Self::Database => "database",
            Self::Schema => "database schema",
            Self::Topic => "topic",
            Self::Function => "function",
            Self::Invokers => "function's access bindings",
            Self::Version => "function version",
            Self::Live => "tag live",
            Self::Gateway => "API gateway",
            Self::Trigger => "trigger",
        }
    }

    /// What others wait for.
    pub(crate) fn awaited(self) -> &'static str {
        match self {
            Self::Live => "function to serve",
            other => other.title(),
        }
    }

    /// The roles that the operator's own account needs for it
    /// (docs/permissions.md).
    pub(crate) fn operator_roles(self) -> &'static [&'static str] {
        match self {
            Self::ServiceAccount => &["iam.serviceAccounts.admin"],
            // Nobody can grant what they lack.
            Self::Roles => &[
                "resource-manager.admin",
                "ydb.editor",
                "yds.admin",
                "api-gateway.websocketBroadcaster",
            ],
            Self::Database | Self::Schema => &["ydb.editor"],
            Self::Topic => &["yds.admin"],
            Self::Function | Self::Invokers | Self::Version | Self::Live | Self::Trigger => {
                &["functions.admin"]
            }
            Self::Gateway => &["api-gateway.editor"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Resource;

    #[test]
    fn the_roles_that_are_asked_for_are_documented() {
        let permissions = include_str!("../../docs/permissions.md");
        for resource in [
            Resource::ServiceAccount,
            Resource::Roles,
            Resource::Database,
            Resource::Topic,
            Resource::Function,
            Resource::Gateway,
            Resource::Trigger,
        ] {
            for role in resource.operator_roles() {
                let row = format!("| `{role}` |");
                assert!(permissions.contains(&row), "{resource:?}: {role}");
            }
        }
    }
}
