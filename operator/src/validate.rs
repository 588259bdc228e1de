//! From what a user wrote to what the operator makes (pure). Later code never
//! reads the raw spec.

use std::collections::BTreeMap;
use std::time::Duration;

use wschat_crds::{DeletionPolicy, LogLevel, Reason, WsChat};

use crate::args::AllowedFolder;
use crate::credentials::Signer;
use crate::names::{Names, is_possible, labels};

/// What the operator was started with, as far as chats depend on it.
#[derive(Clone, Debug)]
pub(crate) struct Defaults {
    /// The operator's own folder.
    pub(crate) folder_id: String,
    /// This installation's id.
    pub(crate) installation_id: String,
    /// Further folders that namespaces may use.
    pub(crate) allowed_folders: Vec<AllowedFolder>,
    /// The service account that the operator signs in as, where that is known
    /// without asking the cloud.
    pub(crate) own_account: Option<String>,
}

/// Who a chat is, in Kubernetes and in the cloud. It needs no valid spec, so
/// that any chat can be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) uid: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) generation: i64,
    pub(crate) installation_id: String,
    pub(crate) folder_id: String,
    pub(crate) names: Names,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) deletion_policy: DeletionPolicy,
    /// Whether the user protects the database from deletion.
    pub(crate) protected: bool,
}

impl Identity {
    /// What a person who finds a resource in the cloud reads.
    pub(crate) fn description(&self) -> String {
        let text = format!(
            "WsChat {}/{}, made by wschat-operator",
            self.namespace, self.name
        );
        // IAM and gateways take 256 characters; names take 126 of them at most.
        text.chars().take(256).collect()
    }
}

/// What the operator makes of a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Desired {
    pub(crate) path: String,
    pub(crate) database: DesiredDatabase,
    pub(crate) topic: DesiredTopic,
    pub(crate) handler: DesiredHandler,
    pub(crate) broadcast: DesiredBroadcast,
}

/// The database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DesiredDatabase {
    /// Request units a second; 0 doesn't limit them.
    pub(crate) request_units: i64,
    /// Bytes.
    pub(crate) storage: i64,
    pub(crate) protected: bool,
}

/// The topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DesiredTopic {
    pub(crate) name: String,
    pub(crate) retention: Duration,
}

/// The function's version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DesiredHandler {
    /// Bytes.
    pub(crate) memory: i64,
    pub(crate) timeout: Duration,
    pub(crate) concurrency: i64,
    pub(crate) min_instances: i64,
    pub(crate) log_level: LogLevel,
}

/// The trigger's batches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DesiredBroadcast {
    pub(crate) batch_bytes: i64,
    pub(crate) cutoff: Duration,
}

/// Why a chat cannot be made as it is written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Refusal {
    pub(crate) reason: Reason,
    pub(crate) message: String,
}

/// Who the chat is. What the status keeps wins over today's defaults.
pub(crate) fn identity(chat: &WsChat, defaults: &Defaults) -> Identity {
    let status = chat.status.as_ref();
    let kept = |field: Option<&String>, default: &String| field.unwrap_or(default).clone();
    let installation_id = kept(
        status.and_then(|status| status.installation_id.as_ref()),
        &defaults.installation_id,
    );
    let wished = chat.spec.folder_id.as_ref().unwrap_or(&defaults.folder_id);
    let folder_id = kept(status.and_then(|status| status.folder_id.as_ref()), wished);
    let namespace = chat.metadata.namespace.clone().unwrap_or_default();
    let name = chat.metadata.name.clone().unwrap_or_default();
    Identity {
        uid: chat.metadata.uid.clone().unwrap_or_default(),
        generation: chat.metadata.generation.unwrap_or_default(),
        names: Names::new(&chat.spec.names, &installation_id, &namespace, &name),
        labels: labels(&installation_id, &namespace, &name),
        deletion_policy: chat.spec.deletion_policy,
        protected: chat.spec.database.deletion_protection,
        installation_id,
        folder_id,
        namespace,
        name,
    }
}

/// What to make of the chat, or why nothing can be made of it.
pub(crate) fn validate(
    chat: &WsChat,
    identity: &Identity,
    defaults: &Defaults,
    signer: Signer,
) -> Result<Desired, Refusal> {
    check_installation(identity, defaults)?;
    check_folder(chat, identity, defaults, signer)?;
    check_names(identity)?;
    let spec = &chat.spec;
    let timeout = within(
        "spec.handler.timeout",
        invalid("spec.handler.timeout", spec.handler.timeout.parse())?,
        Duration::from_secs(1)..=Duration::from_mins(10),
    )?;
    let cutoff = within(
        "spec.broadcast.cutoff",
        invalid("spec.broadcast.cutoff", spec.broadcast.cutoff.parse())?,
        Duration::from_secs(1)..=Duration::from_mins(1),
    )?;
    let retention = invalid("spec.topic.retention", spec.topic.retention.parse())?;
    Ok(Desired {
        path: spec.path.clone(),
        database: DesiredDatabase {
            request_units: spec.database.request_unit_limit.into(),
            storage: bytes("spec.database.storageLimit", &spec.database.storage_limit)?,
            protected: spec.database.deletion_protection,
        },
        topic: DesiredTopic {
            name: spec.topic.name.clone(),
            retention,
        },
        handler: DesiredHandler {
            memory: bytes("spec.handler.memory", &spec.handler.memory)?,
            timeout,
            concurrency: spec.handler.concurrency.into(),
            min_instances: spec.handler.min_instances.into(),
            log_level: spec.handler.log_level,
        },
        broadcast: DesiredBroadcast {
            batch_bytes: spec.broadcast.batch_bytes.into(),
            cutoff,
        },
    })
}

fn check_installation(identity: &Identity, defaults: &Defaults) -> Result<(), Refusal> {
    if identity.installation_id == defaults.installation_id {
        return Ok(());
    }
    Err(Refusal {
        reason: Reason::InstallationChanged,
        message: format!(
            "the chat was made by installation {}, and this operator is installation {}; start \
             the operator with --installation-id {0} to go on with it",
            identity.installation_id, defaults.installation_id
        ),
    })
}

fn check_folder(
    chat: &WsChat,
    identity: &Identity,
    defaults: &Defaults,
    signer: Signer,
) -> Result<(), Refusal> {
    let folder = &identity.folder_id;
    if chat
        .spec
        .folder_id
        .as_ref()
        .is_some_and(|wished| wished != folder)
    {
        return Err(Refusal {
            reason: Reason::Invalid,
            message: format!(
                "the chat lives in folder {folder}; spec.folderId cannot move it: delete the \
                 WsChat and make it anew"
            ),
        });
    }
    if signer == Signer::Chat {
        return check_own_folder(chat);
    }
    let allowed = defaults
        .allowed_folders
        .iter()
        .any(|pair| pair.namespace == identity.namespace && &pair.folder_id == folder);
    if allowed || folder == &defaults.folder_id {
        return Ok(());
    }
    Err(Refusal {
        reason: Reason::FolderNotAllowed,
        message: format!(
            "namespace {ns} may not use folder {folder} with the operator's account; leave \
             spec.folderId out, start the operator with --allow-folder {ns}={folder}, or give the \
             chat a key of another account (spec.credentialsSecretRef)",
            ns = identity.namespace
        ),
    })
}

/// With a key of its own, a chat uses whatever folder the cloud lets it; the
/// operator's own is no default then. The API server checks that too.
fn check_own_folder(chat: &WsChat) -> Result<(), Refusal> {
    if chat.spec.folder_id.is_some() {
        return Ok(());
    }
    Err(Refusal {
        reason: Reason::Invalid,
        message: "spec.folderId must be set with spec.credentialsSecretRef".to_owned(),
    })
}

/// The API server checks names too; this is for servers whose definition is
/// older than this operator.
fn check_names(identity: &Identity) -> Result<(), Refusal> {
    let refuse = |message: String| Refusal {
        reason: Reason::Invalid,
        message,
    };
    if identity.name.len() > 63 || identity.name.contains('.') {
        let rule = "metadata.name must have at most 63 characters and no dots: it becomes a label \
                    in the cloud";
        return Err(refuse(rule.to_owned()));
    }
    let Names {
        service_account,
        database,
        function,
        gateway,
        trigger,
    } = &identity.names;
    let all = [
        ("serviceAccount", service_account),
        ("database", database),
        ("function", function),
        ("gateway", gateway),
        ("trigger", trigger),
    ];
    match all.into_iter().find(|(_, name)| !is_possible(name)) {
        None => Ok(()),
        Some((field, _)) => Err(refuse(format!(
            "spec.names.{field} must have at most 63 characters: lowercase letters, digits and \
             hyphens, beginning with a letter and not ending with a hyphen; delete the WsChat and \
             make it anew"
        ))),
    }
}

fn within(
    field: &str,
    value: Duration,
    range: std::ops::RangeInclusive<Duration>,
) -> Result<Duration, Refusal> {
    if range.contains(&value) {
        return Ok(value);
    }
    Err(Refusal {
        reason: Reason::Invalid,
        message: format!(
            "{field} must be between {}s and {}s",
            range.start().as_secs(),
            range.end().as_secs()
        ),
    })
}

fn bytes(field: &str, quantity: &wschat_crds::Quantity) -> Result<i64, Refusal> {
    let bytes = invalid(field, quantity.bytes())?;
    invalid(field, i64::try_from(bytes))
}

fn invalid<T, E: std::fmt::Display>(field: &str, result: Result<T, E>) -> Result<T, Refusal> {
    result.map_err(|error| Refusal {
        reason: Reason::Invalid,
        message: format!("{field}: {error}"),
    })
}

#[cfg(test)]
mod tests;
