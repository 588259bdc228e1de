//! The `WsChat` custom resource (`wschat.dev/v1alpha1`).
//!
//! * [`spec`] is what a user writes; every field has a default.
//! * [`status`] is what the operator answers, with the bookkeeping that lets it
//!   continue after a crash.
//! * [`condition`] names the conditions, [`reason`] their reasons, each with its
//!   meaning, cause and remedy; [`page`] makes `docs/status.md` of them.
//! * [`rules`] lists what the API server refuses, and with which words.
//! * [`crd`] renders the definition that is committed as `crds/wschat.yaml`
//!   (`wschat-operator crd` prints the same).

pub mod condition;
pub mod crd;
pub mod duration;
pub mod page;
pub mod quantity;
pub mod reason;
pub mod rules;
#[expect(
    clippy::duplicated_attributes,
    reason = "each printer column has a type of its own"
)]
pub mod spec;
pub mod status;

pub use condition::{Condition, ConditionStatus, ConditionType};
pub use duration::DurationText;
pub use quantity::Quantity;
pub use reason::{Occasion, Reason};
pub use spec::{
    BroadcastSpec, DatabaseSpec, DeletionPolicy, HandlerSpec, LogLevel, NamesSpec, SecretRef,
    TopicSpec, WsChat, WsChatSpec,
};
pub use status::{ResourceStatus, Resources, WsChatStatus};

/// The finalizer that holds a `WsChat` until its cloud side is gone.
pub const FINALIZER: &str = "wschat.dev/cloud";

/// The finalizer that holds a Secret until the last `WsChat` that refers to it is
/// gone, and a `WsChat` until it has let its Secret go.
pub const CREDENTIALS_FINALIZER: &str = "wschat.dev/credentials";

/// The field manager and the event reporter of the operator.
pub const MANAGER: &str = "wschat-operator";
