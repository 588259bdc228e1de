//! What the cloud's errors mean for a chat, decided here and nowhere else.

use std::fmt;
use std::sync::Arc;

use wschat_crds::Reason;
use yandex_cloud_rest::auth::AuthError;
use yandex_cloud_rest::model::error::Status;
use yandex_cloud_rest::{ApiError, Code, EndpointError, Error};

use crate::error::{Class, root_cause};

/// What an error of the cloud means for a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CloudKind {
    NotFound,
    AlreadyExists,
    /// A role is missing, or a grant hasn't spread yet.
    Denied,
    /// The operator's credentials are refused.
    Credentials,
    Quota,
    /// The request will never do.
    Invalid,
    /// Not now: what it depends on isn't as it should be.
    Precondition,
    /// No answer, or a request for patience.
    Unavailable,
}

impl CloudKind {
    pub(crate) fn class(self) -> Class {
        match self {
            Self::Unavailable | Self::Precondition => Class::Transient,
            Self::NotFound
            | Self::AlreadyExists
            | Self::Denied
            | Self::Credentials
            | Self::Quota => Class::Waiting,
            Self::Invalid => Class::Terminal,
        }
    }

    pub(crate) fn reason(self) -> Reason {
        match self {
            Self::NotFound => Reason::NotFound,
            Self::AlreadyExists => Reason::Conflict,
            Self::Denied => Reason::PermissionDenied,
            Self::Credentials => Reason::InvalidCredentials,
            Self::Quota => Reason::QuotaExceeded,
            Self::Invalid => Reason::Invalid,
            Self::Precondition | Self::Unavailable => Reason::CloudUnavailable,
        }
    }

    /// What to do about it.
    fn advice(self) -> &'static str {
        match self {
            Self::NotFound => {
                "the operator looks anew for what it remembers; if this stays, check that the \
                 folder exists (spec.folderId, --folder-id)"
            }
            Self::AlreadyExists => {
                "something of that name exists outside the folder or is just being made; if it \
                 stays, delete the WsChat and make it anew with spec.names"
            }
            Self::Denied => "the operator goes on by itself, up to 5 minutes after the grant",
            Self::Credentials => {
                "give the operator a new authorized key, or whatever else it signs in with: it \
                 goes on by itself, without a restart"
            }
            Self::Quota => {
                "ask the cloud for more, or delete what isn't needed; the operator goes on by \
                 itself"
            }
            Self::Invalid => "change the spec",
            Self::Precondition | Self::Unavailable => "the operator tries again by itself",
        }
    }

    fn of(error: &ApiError) -> Self {
        match error.code {
            Code::NotFound => Self::NotFound,
            Code::AlreadyExists => Self::AlreadyExists,
            Code::PermissionDenied => Self::Denied,
            Code::Unauthenticated => Self::Credentials,
            // The same code asks for patience; only a quota names itself.
            Code::ResourceExhausted if is_quota(error) => Self::Quota,
            Code::InvalidArgument | Code::OutOfRange | Code::Unimplemented => Self::Invalid,
            Code::FailedPrecondition => Self::Precondition,
            Code::ResourceExhausted
            | Code::Cancelled
            | Code::Unknown
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss => Self::Unavailable,
        }
    }
}

fn is_quota(error: &ApiError) -> bool {
    !error.quota_violations().is_empty() || error.message.to_lowercase().contains("quota")
}

/// The cloud refused a call, or didn't answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CloudError {
    pub(crate) kind: CloudKind,
    message: String,
    /// The Secret with the key that was used, when a chat brought it.
    secret: Option<Arc<str>>,
}

impl CloudError {
    /// The same, about the key in this Secret.
    pub(super) fn with(self, secret: Option<&str>) -> Self {
        Self {
            secret: secret.map(Arc::from),
            ..self
        }
    }

    /// The cloud told of something of this name, and not which it is.
    pub(crate) fn of_a_thing_without_id(name: &str) -> Self {
        Self::from(Error::Decode {
            call: format!("the list of what is called {name}"),
            message: "one has no id".to_owned(),
        })
    }

    /// The same, when it is known to pass.
    pub(crate) fn that_passes(self) -> Self {
        Self {
            kind: CloudKind::Unavailable,
            ..self
        }
    }

    /// Why an operation ended badly.
    pub(crate) fn from_status(status: &Status) -> Self {
        Self::from_api(&ApiError::from_operation(status))
    }

    /// Any error.
    #[cfg(test)]
    pub(crate) fn of_a_test() -> Self {
        Self::of_kind(CloudKind::Denied)
    }

    /// Any error of this kind.
    #[cfg(test)]
    pub(crate) fn of_kind(kind: CloudKind) -> Self {
        Self {
            kind,
            message: "no".to_owned(),
            secret: None,
        }
    }

    /// The same, and which role is likely to be missing.
    pub(crate) fn with_roles(&self, roles: &[&str]) -> String {
        let message = self.message.trim_end().trim_end_matches('.');
        let advice = self.kind.advice();
        match (self.kind, &self.secret) {
            (CloudKind::Credentials, Some(secret)) => format!(
                "{message}; put a new authorized key into the Secret {secret}: the operator goes \
                 on by itself"
            ),
            (CloudKind::Denied, secret) => {
                let account = secret.as_ref().map_or_else(
                    || "the operator's service account".to_owned(),
                    |secret| format!("the service account whose key is in the Secret {secret}"),
                );
                let role = match roles {
                    [] => "the missing role".to_owned(),
                    roles => format!("the missing role, likely {}", roles.join(" or ")),
                };
                format!("{message}; give {account} {role}: {advice} (docs/permissions.md)")
            }
            _ => format!("{message}; {advice}"),
        }
    }

    fn from_api(error: &ApiError) -> Self {
        let mut message = error.message.clone();
        for violation in error.quota_violations() {
            let metric = violation.metric;
            if !message.contains(&metric.name) {
                message = format!("{message} (quota {}, limit {})", metric.name, metric.limit);
            }
        }
        Self {
            kind: CloudKind::of(error),
            message,
            secret: None,
        }
    }
}

/// The same without the request's id, with which each repetition would be
/// another message.
fn repeatable(mut error: Error) -> Error {
    if let Error::Auth(AuthError::Refused { error, .. } | AuthError::Failed { error }) = &mut error
    {
        error.request_id = None;
    }
    error
}

impl From<Error> for CloudError {
    fn from(error: Error) -> Self {
        let error = repeatable(error);
        match &error {
            Error::Api { error, .. } => Self::from_api(error),
            Error::Auth(
                auth @ (AuthError::KeyFile(_)
                | AuthError::Refused { .. }
                | AuthError::Metadata { .. }
                | AuthError::TokenFile { .. }),
            ) => Self {
                kind: CloudKind::Credentials,
                message: auth.to_string(),
                secret: None,
            },
            // Nothing has such an id, whoever said it: a lame answer may have.
            Error::Endpoint(EndpointError::Path { .. }) => Self {
                kind: CloudKind::NotFound,
                message: root_cause(&error),
                secret: None,
            },
            Error::Auth(_)
            | Error::Transport { .. }
            | Error::Decode { .. }
            | Error::Endpoint(_) => Self {
                kind: CloudKind::Unavailable,
                message: root_cause(&error),
                secret: None,
            },
        }
    }
}

impl fmt::Display for CloudError {
    // Request ids stay out: they would make every repetition a new message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.with_roles(&[]))
    }
}

impl std::error::Error for CloudError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(body: &str) -> CloudKind {
        CloudError::from_api(&ApiError::parse(400, body, None)).kind
    }

    #[test]
    fn codes_decide_and_not_http_statuses() {
        for (code, expected) in [
            (3, CloudKind::Invalid),
            (5, CloudKind::NotFound),
            (6, CloudKind::AlreadyExists),
            (7, CloudKind::Denied),
            (9, CloudKind::Precondition),
            (10, CloudKind::Unavailable),
            (14, CloudKind::Unavailable),
            (16, CloudKind::Credentials),
        ] {
            assert_eq!(
                kind(&format!(r#"{{"code":{code},"message":"m"}}"#)),
                expected,
                "{code}"
            );
        }
    }

    #[test]
    fn a_full_quota_is_not_a_request_for_patience() {
        assert_eq!(
            kind(r#"{"code":8,"message":"slow down"}"#),
            CloudKind::Unavailable
        );
        assert_eq!(
            kind(r#"{"code":8,"message":"Quota exceeded"}"#),
            CloudKind::Quota
        );
        let body = r#"{"code":8,"message":"limit","details":[{
            "@type":"type.googleapis.com/yandex.cloud.quota.QuotaFailure",
            "violations":[{"metric":{"name":"ydb.count","limit":"4","usage":4},"required":"5"}]}]}"#;
        let error = CloudError::from_api(&ApiError::parse(429, body, None));
        assert_eq!(error.kind, CloudKind::Quota);
        assert!(
            error.to_string().contains("quota ydb.count, limit 4"),
            "{error}"
        );
    }

    #[test]
    fn what_has_no_id_is_looked_for_again() {
        let error = CloudError::of_a_thing_without_id("lobby");
        assert_eq!(error.kind.class(), Class::Transient);
        assert!(error.to_string().contains("lobby"), "{error}");
    }

    #[test]
    fn what_has_an_impossible_id_is_not_there() {
        let path = "/operations/".to_owned();
        let error = CloudError::from(Error::Endpoint(EndpointError::Path { path }));
        assert_eq!(error.kind, CloudKind::NotFound);
    }

    #[test]
    fn only_a_denial_names_a_role() {
        for (code, named) in [(7, true), (5, false), (14, false)] {
            let body = format!(r#"{{"code":{code},"message":"m"}}"#);
            let error = CloudError::from_api(&ApiError::parse(400, &body, None));
            assert_eq!(
                error.with_roles(&["ydb.editor"]).contains("ydb.editor"),
                named
            );
        }
    }

    #[test]
    fn every_error_says_what_to_do_and_repeats_itself_exactly() {
        let body = r#"{"code":7,"message":"Permission denied."}"#;
        let say = |id: &str| {
            CloudError::from_api(&ApiError::parse(403, body, Some(id.to_owned()))).to_string()
        };
        assert!(say("1").contains("docs/permissions.md"), "{}", say("1"));
        assert_eq!(say("1"), say("2"));
        let refused = |id: &str| {
            let error = ApiError::parse(401, r#"{"code":16,"message":"no"}"#, Some(id.to_owned()));
            let key = "k".to_owned();
            CloudError::from(Error::Auth(AuthError::Refused { key, error })).to_string()
        };
        assert_eq!(refused("1"), refused("2"));
    }
}
