//! Identity and access: service accounts, keys, tokens, bindings, decisions.

pub mod accounts;
pub mod bindings;
pub mod exchange;
pub mod federations;
pub mod keys;
pub mod permission;
pub mod roles;
pub mod tokens;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use accounts::Account;
pub use bindings::{Binding, Delta, DeltaAction};
pub use permission::{Permission, Resource, ResourceKind};
pub use tokens::IssuedToken;

use crate::clock::Clock;
use crate::error::Status;
use crate::ids::Ids;
use crate::store::{StateError, Store};

/// What the identity service must know from the command line.
#[derive(Debug, Clone)]
pub struct IamSettings {
    /// All folders of the emulated cloud; the first one is the default.
    pub folders: Vec<String>,
    /// How long a changed binding goes unnoticed.
    pub propagation_delay: Duration,
    /// How long a token is good for, at most 12 h.
    pub token_lifetime: Duration,
}

impl Default for IamSettings {
    fn default() -> Self {
        Self {
            folders: vec!["b1gemulator000000000".to_owned()],
            propagation_delay: Duration::ZERO,
            token_lifetime: Duration::from_hours(12),
        }
    }
}

/// Who makes a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The service account's id.
    pub id: String,
}

/// The identity service; clones share one state.
#[derive(Debug, Clone)]
pub struct Iam(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: IamSettings,
    clock: Clock,
    ids: Ids,
    secret: [u8; 32],
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    accounts: accounts::Accounts,
    keys: keys::Keys,
    bindings: bindings::Bindings,
    tokens: tokens::Tokens,
    federations: federations::Federations,
}

impl Iam {
    /// An identity service without accounts, which nothing remembers.
    #[must_use]
    pub fn new(settings: IamSettings, clock: Clock, ids: Ids) -> Self {
        Self(Arc::new(Inner {
            settings,
            clock,
            ids,
            secret: rand::random(),
            state: Mutex::default(),
        }))
    }

    /// The identity service that is in the store, which also remembers what
    /// becomes of it.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn load(
        settings: IamSettings,
        clock: Clock,
        ids: Ids,
        store: &Store,
    ) -> Result<Self, StateError> {
        let state = State {
            accounts: accounts::Accounts::load(store)?,
            keys: keys::Keys::load(store)?,
            bindings: bindings::Bindings::load(store)?,
            tokens: tokens::Tokens::load(store)?,
            federations: federations::Federations::load(store)?,
        };
        Ok(Self(Arc::new(Inner {
            settings,
            clock,
            ids,
            secret: tokens::secret(store)?,
            state: Mutex::new(state),
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who a token belongs to; takes `Bearer X` or `X`.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` without a token, with an unknown, expired or revoked
    /// one, or one whose service account is gone.
    pub fn authenticate(&self, bearer: Option<&str>) -> Result<Subject, Status> {
        let Some(text) = bearer.map(str::trim).filter(|text| !text.is_empty()) else {
            return Err(Status::unauthenticated(
                "The authorization header is missing",
            ));
        };
        let token = match text.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
            Some(_) => {
                return Err(Status::unauthenticated(
                    "The authorization scheme must be Bearer",
                ));
            }
            None => text,
        };
        let id = self.token_subject(token)?;
        if !self.state().accounts.contains(&id) {
            return Err(Status::unauthenticated("The token is invalid"));
        }
        Ok(Subject { id })
    }

    /// Whether the subject may do it; bindings on the resource and on its
    /// folder count, and bindings of `system:allUsers` and
    /// `system:allAuthenticatedUsers`.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`.
    pub fn authorize(
        &self,
        subject: &Subject,
        permission: Permission,
        resource: &Resource,
    ) -> Result<(), Status> {
        self.check(Some(subject), permission, resource)
    }

    /// Whether a caller without a token may do it (`system:allUsers`).
    ///
    /// # Errors
    /// `PERMISSION_DENIED`.
    pub fn authorize_anonymous(
        &self,
        permission: Permission,
        resource: &Resource,
    ) -> Result<(), Status> {
        self.check(None, permission, resource)
    }

    fn check(
        &self,
        subject: Option<&Subject>,
        permission: Permission,
        resource: &Resource,
    ) -> Result<(), Status> {
        let now = self.0.clock.now();
        let delay = self.0.settings.propagation_delay;
        let allowed = self
            .state()
            .bindings
            .in_force(resource, now, delay)
            .any(|binding| {
                binding.covers(subject.map(|subject| subject.id.as_str()))
                    && roles::allows(&binding.role_id, permission)
            });
        if allowed {
            Ok(())
        } else {
            Err(denied(resource))
        }
    }

    /// A new id that starts with `prefix`.
    #[must_use]
    pub fn next_id(&self, prefix: &str) -> String {
        self.0.ids.next(prefix)
    }

    /// The clock that tokens and bindings go by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// All folders of the cloud; the first one is the default.
    #[must_use]
    pub fn folders(&self) -> &[String] {
        &self.0.settings.folders
    }

    /// Whether the cloud has this folder.
    #[must_use]
    pub fn has_folder(&self, folder_id: &str) -> bool {
        self.0
            .settings
            .folders
            .iter()
            .any(|folder| folder == folder_id)
    }
}

/// The cloud names what was asked for and where a role would have helped.
fn denied(resource: &Resource) -> Status {
    let own = format!("{} {}", resource.kind.name(), resource.id);
    let message = if resource.kind == ResourceKind::Folder {
        format!("Permission to [{own}] denied")
    } else {
        format!(
            "Permission to [{own}, {} {}] denied",
            ResourceKind::Folder.name(),
            resource.folder_id
        )
    };
    Status::permission_denied(message)
}

#[cfg(test)]
mod tests;
