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
    /// The resource serves, but isn't as wished yet.
    Serving(T, Lag),
    /// The cloud is at work; waiting isn't an error.
    Pending(Pending),
    /// Something that this needs isn't there yet.
    Blocked(Resource),
    /// It didn't work.
    Failed(StepError),
}

/// Why something that serves isn't as wished.
#[derive(Debug)]
pub(crate) enum Lag {
    Pending(Pending),
    Blocked(Resource),
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
            Self::Ready(value) | Self::Serving(value, _) => Some(value),
            Self::Pending(_) | Self::Blocked(_) | Self::Failed(_) => None,
        }
    }

    /// The same, while `known` goes on serving: what an earlier look made
    /// doesn't vanish because it is being changed, or can't be looked at.
    pub(crate) fn or_serving(self, known: Option<T>) -> Self {
        let Some(known) = known else { return self };
        match self {
            Self::Ready(_) | Self::Serving(..) => self,
            Self::Pending(pending) => Self::Serving(known, Lag::Pending(pending)),
            Self::Blocked(on) => Self::Serving(known, Lag::Blocked(on)),
            Self::Failed(error) => Self::Serving(known, Lag::Failed(error)),
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
            Self::Serving(value, lag) => {
                change(value).map_or_else(Outcome::Failed, |value| Outcome::Serving(value, lag))
            }
            Self::Pending(pending) => Outcome::Pending(pending),
            Self::Blocked(on) => Outcome::Blocked(on),
            Self::Failed(error) => Outcome::Failed(error),
        }
    }

    /// Waiting for the cloud to make or remove something.
    pub(crate) fn pending(message: impl Into<String>, again: Duration) -> Self {
        Self::waiting(Reason::Provisioning, message, again)
    }

    /// Waiting for the cloud, for another reason.
    pub(crate) fn waiting(reason: Reason, message: impl Into<String>, again: Duration) -> Self {
        Self::Pending(Pending {
            reason,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_serves_goes_on_serving_while_it_is_changed_or_out_of_sight() {
        let changing = Outcome::pending("changing", Duration::ZERO).or_serving(Some(1));
        assert!(matches!(changing, Outcome::Serving(1, Lag::Pending(_))));
        let unseen = Outcome::Failed(StepError::NotLeading).or_serving(Some(1));
        assert!(matches!(unseen, Outcome::Serving(1, Lag::Failed(_))));
        assert!(matches!(
            Outcome::Ready(2).or_serving(Some(1)),
            Outcome::Ready(2)
        ));
    }

    #[test]
    fn what_never_served_does_not_begin_to_by_failing() {
        let failed = Outcome::<i32>::Failed(StepError::NotLeading).or_serving(None);
        assert!(failed.value().is_none());
    }
}
