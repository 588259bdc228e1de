//! Operations of all services.

use crate::call::{Call, item};
use crate::client::Client;
use crate::endpoint::Service;
use crate::error::Error;
use crate::model::operation::Operation;

const PATH: &str = "/operations";

/// `/operations`.
#[derive(Debug, Clone, Copy)]
pub struct Operations<'a>(&'a Client);

impl Client {
    /// Operations of all services.
    #[must_use]
    pub fn operations(&self) -> Operations<'_> {
        Operations(self)
    }
}

impl Operations<'_> {
    /// How an operation stands.
    pub async fn get(&self, id: &str) -> Result<Operation, Error> {
        let call = Call::get(Service::Operation, item(PATH, id));
        self.0.call(&call).await
    }

    /// Asks to stop an operation; best effort.
    pub async fn cancel(&self, id: &str) -> Result<Operation, Error> {
        let call = Call::get(Service::Operation, format!("{}:cancel", item(PATH, id)));
        self.0.call(&call).await
    }
}
