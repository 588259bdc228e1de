//! How much of what a cloud may have, and has.

use crate::call::{Call, item};
use crate::client::Client;
use crate::endpoint::Service;
use crate::error::Error;
use crate::model::quota::QuotaLimit;

/// `/quota-manager/v1/quotaLimits`.
#[derive(Debug, Clone, Copy)]
pub struct QuotaLimits<'a>(&'a Client);

impl Client {
    /// How much of what a cloud may have, and has.
    #[must_use]
    pub fn quota_limits(&self) -> QuotaLimits<'_> {
        QuotaLimits(self)
    }
}

impl QuotaLimits<'_> {
    /// One quota of a cloud; `NOT_FOUND` when there is none of this name.
    pub async fn get(&self, quota_id: &str, cloud_id: &str) -> Result<QuotaLimit, Error> {
        let path = item("/quota-manager/v1/quotaLimits", quota_id);
        let call = Call::get(Service::QuotaManager, path)
            .query("resource.id", cloud_id)
            .query("resource.type", "resource-manager.cloud");
        self.0.call(&call).await
    }
}
