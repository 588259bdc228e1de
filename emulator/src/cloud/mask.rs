//! Which of the mutable fields an update sets.

use serde::{Deserialize, Serialize};
use yandex_cloud_rest::model::FieldMask;

/// No mask means all of them: what the request leaves out is reset to its
/// default (reference §1.2).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Mask(Option<FieldMask>);

impl Mask {
    pub(crate) fn of(mask: Option<FieldMask>) -> Self {
        Self(mask)
    }

    /// Of a create call: everything.
    pub(crate) fn all() -> Self {
        Self(None)
    }

    /// Whether the update sets the field.
    pub(crate) fn has(&self, field: &str) -> bool {
        self.0.as_ref().is_none_or(|mask| mask.has(field))
    }

    /// Gives a field its new value, if the update sets it.
    pub(crate) fn set<T>(&self, field: &str, slot: &mut T, value: T) {
        if self.has(field) {
            *slot = value;
        }
    }
}
