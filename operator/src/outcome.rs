//! What came of a step, and what that means for the steps that need it.

use std::time::Duration;

use wschat_crds::Reason;

use crate::error::StepError;
use crate::resource::Resource;

/// What came of a step.
#[derive(Debug)]
pub(crate) enum Outcome<T> {
    /// The resource is as wished.
    Ready(T),
    /// The resource serves, but the spec has changed since it was made.
    Outdated(T),
    /// The cloud is at work; waiting isn't an error.
    Pending(Pending),
    /// Something that this needs isn't there yet.
    Blocked(Resource),
    /// It didn't work.
    Failed(StepError),
}

/// Why, and how long, to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pending {
    pub(crate) reason: Reason,
    pub(crate) message: String,
    pub(crate) again: Duration,
}

impl<T> Outcome<T> {
    /// What the next steps need, if it is there.
    pub(crate) fn value(&self) -> Option<&T> {
        match self {
            Self::Ready(value) | Self::Outdated(value) => Some(value),
            Self::Pending(_) | Self::Blocked(_) | Self::Failed(_) => None,
        }
    }

    /// What was made serves; whether it is what the request with `wanted` asks
    /// for, its own request's hash tells.
    pub(crate) fn made(value: T, made: &str, wanted: &str) -> Self {
        if made == wanted {
            Self::Ready(value)
        } else {
            Self::Outdated(value)
        }
    }

    /// The same with another value, if there is one.
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Outcome<U> {
        self.try_map(|value| Ok(change(value)))
    }

    /// The same with another value, if there is one and it can be had.
    pub(crate) fn try_map<U>(self, change: impl FnOnce(T) -> Result<U, StepError>) -> Outcome<U> {
        match self {
            Self::Ready(value) => change(value).map_or_else(Outcome::Failed, Outcome::Ready),
            Self::Outdated(value) => change(value).map_or_else(Outcome::Failed, Outcome::Outdated),
            Self::Pending(pending) => Outcome::Pending(pending),
            Self::Blocked(on) => Outcome::Blocked(on),
            Self::Failed(error) => Outcome::Failed(error),
        }
    }

    /// Waiting for the cloud to make or remove something.
    pub(crate) fn pending(message: impl Into<String>, again: Duration) -> Self {
        Self::Pending(Pending {
            reason: Reason::Provisioning,
            message: message.into(),
            again,
        })
    }
}

/// Runs `step` with what it needs, or answers what it is blocked on.
pub(crate) async fn after<I, T, F: Future<Output = Outcome<T>>>(
    needed: Result<I, Resource>,
    step: impl FnOnce(I) -> F,
) -> Outcome<T> {
    match needed {
        Ok(input) => step(input).await,
        Err(missing) => Outcome::Blocked(missing),
    }
}

/// The value of an outcome, or the name of what is missing.
pub(crate) fn needed<T>(outcome: &Outcome<T>, resource: Resource) -> Result<&T, Resource> {
    outcome.value().ok_or(resource)
}

/// A `?` for steps: errors become [`Outcome::Failed`].
pub(crate) fn settle<T>(result: Result<Outcome<T>, StepError>) -> Outcome<T> {
    result.unwrap_or_else(Outcome::Failed)
}
