//! The topic that the trigger broadcasts to every open socket.
//!
//! At least once: a record whose acknowledgement didn't come in time is written
//! again over a new link, and receivers drop the repeat by its user and id.

use async_trait::async_trait;
use tokio::time::Instant;
use wschat_protocol::ServerMessage;

use crate::call::Token;
use crate::cloud::Cloud;
use crate::environment::Environment;
use crate::ports::{Broadcaster, Unavailable};

/// The topic with one call's rights.
pub(crate) struct Topic<'a> {
    pub(crate) cloud: &'a Cloud<Environment>,
    pub(crate) token: &'a Token,
}

#[async_trait]
impl Broadcaster for Topic<'_> {
    async fn publish(&self, message: &ServerMessage, deadline: Instant) -> Result<(), Unavailable> {
        let record = message.to_json();
        self.cloud
            .with_link(
                "cannot write to the topic",
                self.token,
                deadline,
                |link, _deadline| {
                    let record = record.clone();
                    async move { link.writers.publish(&record).await }
                },
            )
            .await
    }

    async fn check(&self, deadline: Instant) -> Result<(), Unavailable> {
        self.cloud
            .with_link(
                "cannot open the topic",
                self.token,
                deadline,
                |link, _deadline| async move { link.writers.check().await },
            )
            .await
    }
}
