//! What can go wrong, what class of trouble it is, and what to do about it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use wschat_crds::Reason;

use crate::cloud::{CloudError, CloudKind};
use crate::migrations::BadMigration;
use crate::resource::Resource;

/// What kind of trouble an error is; the order is that of patience.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Class {
    /// Goes away by itself.
    Transient,
    /// Heals outside Kubernetes: a grant, a quota, a person in the cloud.
    Waiting,
    /// Stays until somebody changes the spec, or the cloud.
    Terminal,
}

impl Class {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Waiting => "waiting",
            Self::Terminal => "terminal",
        }
    }
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StepError {
    /// The cloud refused a call, or didn't answer it.
    #[error(
        "cannot {action} the {}: {}",
        resource.title(),
        source.with_roles(resource.operator_roles())
    )]
    Cloud {
        action: &'static str,
        resource: Resource,
        source: CloudError,
    },
    /// An operation of the cloud ended badly.
    #[error(
        "the cloud couldn't {action} the {}: {}",
        resource.title(),
        source.with_roles(resource.operator_roles())
    )]
    Operation {
        action: &'static str,
        resource: Resource,
        source: CloudError,
    },
    /// The resource is there but doesn't work.
    #[error(
        "the {} {id} is in state {state}; {}",
        resource.title(),
        broken_advice(*resource)
    )]
    Broken {
        resource: Resource,
        id: String,
        state: String,
    },
    /// What cannot be made anew is gone.
    #[error(
        "the {} {id} is gone from the cloud, with all that was in it, and the operator doesn't \
         make it anew by itself: restore it there, or delete the WsChat and apply it again, with \
         an empty one",
        resource.title()
    )]
    Lost { resource: Resource, id: String },
    /// A namesake isn't this chat's.
    #[error(
        "cannot make the {}: there is one named {name} ({id}) that isn't this chat's, and the \
         operator doesn't touch it: rename it, give it to the chat by the label wschat-adopt with the value \
         of status.installationId, or delete the WsChat and make it anew with another name in \
         spec.names",
        resource.title()
    )]
    Conflict {
        resource: Resource,
        name: String,
        id: String,
    },
    /// Two resources are this chat's.
    #[error(
        "two resources claim to be this chat's {}: {kept} is used, since it is older; delete \
         {other} in the cloud",
        resource.title()
    )]
    Duplicate {
        resource: Resource,
        kept: String,
        other: String,
    },
    /// A change was carried out and isn't to be seen.
    #[error(
        "the cloud carried out a change of the {} and keeps it otherwise ({fields}): write into \
         the spec what the cloud keeps, or ask its support; the operator asks for the change once \
         a day",
        resource.title()
    )]
    Unheeded { resource: Resource, fields: String },
    /// The database refused something, or cannot be reached.
    #[error("cannot {action}: {}; {}", ydb_text(source), ydb_advice(source))]
    Database {
        action: &'static str,
        source: Box<ydb::YdbError>,
    },
    /// The database didn't answer in time.
    #[error(
        "cannot {action}: the database didn't answer in time; the operator tries again by itself"
    )]
    DatabaseSilent { action: &'static str },
    /// The embedded migrations are broken.
    #[error(transparent)]
    Migration(#[from] BadMigration),
    /// The new version isn't healthy.
    #[error(
        "the new version isn't healthy, and doesn't serve: {problem}; read the function's log (yc \
         serverless function logs {function}); the operator asks it again by itself"
    )]
    Unhealthy {
        /// The function's id.
        function: String,
        /// What it complains of.
        problem: String,
    },
    /// The new version couldn't be asked.
    #[error(
        "the new version doesn't answer the health event, and doesn't serve: {source}; the \
         function's log tells more (yc serverless function logs {function})"
    )]
    Health {
        /// The function's id.
        function: String,
        /// What came instead of an answer.
        source: CloudError,
    },
    /// The round trip didn't work.
    #[error("no message made the round trip: {0}; the operator tries again by itself")]
    Probe(String),
    /// The database is protected in the spec.
    #[error(
        "its cloud side stays as it is, since spec.database.deletionProtection is true: set it to false to let the chat be deleted with its database, or set \
         spec.deletionPolicy to Retain to keep its cloud side"
    )]
    Protected,
    /// The bookkeeping couldn't be written.
    #[error("cannot write the status: {0}")]
    Journal(Box<kube::Error>),
    /// The status or a request couldn't be written as JSON.
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The Lease isn't held (any more).
    #[error("this replica doesn't hold the Lease")]
    NotLeading,
}

impl StepError {
    /// What kind of trouble this is.
    pub(crate) fn class(&self) -> Class {
        match self {
            Self::Cloud { source, .. } | Self::Health { source, .. } => source.kind.class(),
            // The next attempt is a new operation, so even a refusal may pass.
            Self::Operation { source, .. } => source.kind.class().max(Class::Waiting),
            Self::Lost { .. }
            | Self::Conflict { .. }
            | Self::Duplicate { .. }
            | Self::Unheeded { .. }
            | Self::Migration(_) => Class::Terminal,
            Self::Broken { .. } | Self::Unhealthy { .. } | Self::Protected => Class::Waiting,
            Self::Database { source, .. } => ydb_class(source),
            Self::DatabaseSilent { .. }
            | Self::Probe(_)
            | Self::Journal(_)
            | Self::Json(_)
            | Self::NotLeading => Class::Transient,
        }
    }

    /// The condition's reason.
    pub(crate) fn reason(&self) -> Reason {
        match self {
            Self::Cloud { source, .. } => source.kind.reason(),
            Self::Operation { source, .. } => match source.kind {
                CloudKind::Quota => Reason::QuotaExceeded,
                CloudKind::Denied => Reason::PermissionDenied,
                _ => Reason::OperationFailed,
            },
            Self::Broken { .. } => Reason::OperationFailed,
            Self::Lost { .. } => Reason::DatabaseLost,
            Self::Conflict { .. } => Reason::Conflict,
            Self::Duplicate { .. } => Reason::Duplicate,
            Self::Unheeded { .. } => Reason::Unheeded,
            Self::Database { source, .. } if ydb_denied(source) => Reason::PermissionDenied,
            Self::Database { .. } | Self::DatabaseSilent { .. } | Self::Migration(_) => {
                Reason::DatabaseFailed
            }
            Self::Unhealthy { .. } => Reason::Unhealthy,
            Self::Health { source, .. } => match source.kind {
                CloudKind::Denied => Reason::PermissionDenied,
                CloudKind::Credentials => Reason::InvalidCredentials,
                _ => Reason::Unhealthy,
            },
            Self::Probe(_) => Reason::ProbeFailed,
            Self::Protected => Reason::DeletionProtected,
            Self::Journal(_) | Self::Json(_) | Self::NotLeading => Reason::Provisioning,
        }
    }
}

/// What YDB says, without the structure of its errors.
fn ydb_text(error: &ydb::YdbError) -> String {
    match error {
        ydb::YdbError::YdbStatusError(status) => {
            let issues: Vec<&str> = status
                .issues
                .iter()
                .map(|issue| issue.message.as_str())
                .collect();
            if issues.is_empty() {
                status.message.clone()
            } else {
                issues.join("; ")
            }
        }
        ydb::YdbError::TransportGRPCStatus(status) => {
            format!("{:?}: {}", status.code(), status.message())
        }
        other => other.to_string(),
    }
}

/// What to do about what YDB says.
fn ydb_advice(error: &ydb::YdbError) -> &'static str {
    if ydb_denied(error) {
        "give the operator's service account, or the one whose key the chat brings, the role \
         ydb.editor (docs/permissions.md): the operator goes on by itself, up to 5 minutes after \
         the grant"
    } else {
        "the operator tries again by itself"
    }
}

/// What to do about something that is there and doesn't work. What is in a
/// database would be lost.
fn broken_advice(resource: Resource) -> &'static str {
    match resource {
        Resource::Database => {
            "ask the cloud's support, or delete the WsChat and apply it again, with an empty one"
        }
        _ => "delete it in the cloud, and the operator makes it anew",
    }
}

/// YDB's status UNAUTHORIZED (its proto `ydb_status_codes`).
const YDB_UNAUTHORIZED: i32 = 400_020;

fn ydb_denied(error: &ydb::YdbError) -> bool {
    match error {
        ydb::YdbError::YdbStatusError(status) => status.operation_status == YDB_UNAUTHORIZED,
        // gRPC's PERMISSION_DENIED and UNAUTHENTICATED.
        ydb::YdbError::TransportGRPCStatus(status) => matches!(status.code() as i32, 7 | 16),
        _ => false,
    }
}

fn ydb_class(error: &ydb::YdbError) -> Class {
    if ydb_denied(error) {
        Class::Waiting
    } else {
        Class::Transient
    }
}

/// Why the program doesn't start: one line each, which says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An option makes no sense.
    #[error("{0}")]
    Option(String),
    /// No kubeconfig, or an unusable one.
    #[error("cannot use the Kubernetes configuration: {0}; set KUBECONFIG to a valid file")]
    KubeConfig(String),
    /// The API server doesn't answer.
    #[error("cannot reach the Kubernetes API: {0}; check KUBECONFIG and that the cluster runs")]
    KubeUnreachable(String),
    /// The API server refuses.
    #[error("the Kubernetes API refuses to {action}: {problem}; install the chart's ClusterRole")]
    KubeRefused {
        /// What was tried.
        action: &'static str,
        /// What the server says.
        problem: String,
    },
    /// The handler's zip isn't there.
    #[error("cannot read the handler's zip {}: {source}; build it with `cargo xtask handler`, or set --handler-zip", path.display())]
    HandlerZip {
        /// Where it was looked for.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The cloud's credentials are unusable.
    #[error("cannot use the cloud's credentials: {0}")]
    Credentials(String),
    /// The cloud's API is unusable.
    #[error("cannot use the cloud's API: {0}; check --api-endpoint")]
    Cloud(String),
    /// The address is taken.
    #[error(
        "cannot listen on {address}: {source}; stop the program that listens there, or choose another address with --http-listen"
    )]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// Signals cannot be handled.
    #[error("cannot handle signals: {0}")]
    Signals(io::Error),
    /// The definition cannot be rendered.
    #[error("cannot render the definition of WsChat: {0}")]
    Crd(#[from] wschat_crds::crd::CrdError),
    /// A plan's manifest is none, or isn't allowed.
    #[error("cannot plan this manifest: {0}")]
    Manifest(String),
    /// A plan isn't complete.
    #[error("the plan isn't complete: {0}")]
    Plan(String),
    /// `check-uninstall` found chats.
    #[error(
        "chats exist, and without the operator nobody would remove their cloud side; delete them first: {0}"
    )]
    ChatsExist(String),
}

impl StartError {
    /// 2 when the program was started wrongly, 1 when its surroundings are to
    /// blame.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Option(_)
            | Self::KubeConfig(_)
            | Self::HandlerZip { .. }
            | Self::Credentials(_) => 2,
            Self::KubeUnreachable(_)
            | Self::KubeRefused { .. }
            | Self::Cloud(_)
            | Self::Listen { .. }
            | Self::Signals(_)
            | Self::Crd(_)
            | Self::Manifest(_)
            | Self::Plan(_)
            | Self::ChatsExist(_) => 1,
        }
    }

    /// The error of a list call.
    pub(crate) fn list(source: kube::Error) -> Self {
        Self::kube("list WsChats", source)
    }

    /// The error of a call that the program needs at its start.
    pub(crate) fn kube(action: &'static str, source: kube::Error) -> Self {
        match source {
            kube::Error::Api(status) => Self::KubeRefused {
                action,
                problem: status.message.clone(),
            },
            other => Self::KubeUnreachable(root_cause(&other)),
        }
    }
}

/// An error with all its causes, in one line.
pub(crate) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let more = next.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = next.source();
    }
    text.replace('\n', " ")
}
