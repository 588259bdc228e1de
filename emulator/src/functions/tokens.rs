//! Tokens of a version's service account: what its calls and its metadata
//! service give out, unless a fault rule for `TOKEN` wants it otherwise.

use crate::iam::IssuedToken;
use crate::inspect::faults::Phase;
use crate::inspect::{Call, Inspector, Verdict};

/// Whose tokens they are.
#[derive(Debug, Clone)]
pub(super) struct Tokens {
    pub(super) inspector: Inspector,
    pub(super) function_id: String,
    /// Without one there is no token to give.
    pub(super) service_account_id: Option<String>,
}

/// How a token reaches the function; the last part of a rule's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// `context`: in the context of a call.
    Context,
    /// `metadata`: from the metadata service.
    Metadata,
}

impl Tokens {
    /// Those that are given out where it is allowed, and none elsewhere.
    pub(super) fn only_if(mut self, allowed: bool) -> Self {
        self.service_account_id = self.service_account_id.filter(|_| allowed);
        self
    }

    /// What rules say to one token.
    pub(super) async fn verdict(&self, way: Way) -> Verdict {
        if !self.inspector.concerns("TOKEN") {
            return Verdict::Pass;
        }
        let way = match way {
            Way::Context => "context",
            Way::Metadata => "metadata",
        };
        let path = format!("/{}/{way}", self.function_id);
        let call = Call {
            method: "TOKEN",
            path: &path,
            subject: self.service_account_id.as_deref(),
            ..Call::default()
        };
        self.inspector.apply(Phase::Before, &call).await
    }

    /// A token; none without an account, or when that was deleted meanwhile, as
    /// in the cloud.
    pub(super) fn issue(&self, verdict: &Verdict) -> Option<IssuedToken> {
        let iam = self.inspector.iam();
        let id = self.service_account_id.as_deref()?;
        let issued = match verdict {
            Verdict::Expired => iam.issue_expired_token(id),
            _ => iam.issue_token(id),
        };
        issued.ok()
    }

    /// The token of a call's context; none when a rule makes it fail.
    pub(super) async fn of_call(&self) -> Option<IssuedToken> {
        match self.verdict(Way::Context).await {
            Verdict::Status(_) | Verdict::Cut => None,
            verdict => self.issue(&verdict),
        }
    }
}
