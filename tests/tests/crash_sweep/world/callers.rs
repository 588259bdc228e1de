//! Who calls the cloud: operators, and whoever else has their key.

use std::path::Path;
use std::sync::PoisonError;

use wschat_operator::embedded::{Embedded, Start};
use wschat_tests::cloud::Cloud;
use yandex_cloud_rest::auth::{AuthorizedKey, Credentials};

use super::{INSTALLATION, Problem, World};

impl World {
    /// Where the cloud is.
    pub(crate) fn address(&self) -> &str {
        &self.emulator.ready().api
    }

    /// An operator that remembers nothing.
    pub(crate) fn operator(&self) -> Result<Embedded, Problem> {
        self.operator_at(self.address())
    }

    /// The same, which takes what is at this address for the cloud.
    pub(crate) fn operator_at(&self, address: &str) -> Result<Embedded, Problem> {
        let cloud = self.client_at(address)?;
        let ready = self.emulator.ready();
        let handler_zip = self.deployed.lock();
        let start = Start {
            folder_id: ready.folder_id.clone(),
            installation_id: INSTALLATION.to_owned(),
            handler_zip: handler_zip.unwrap_or_else(PoisonError::into_inner).clone(),
            showing_up: self.showing_up,
        };
        Ok(Embedded::new(self.kube.client(), cloud, start))
    }

    /// Somebody with the operator's rights, who works by hand.
    pub(crate) fn person(&self) -> Result<Cloud, Problem> {
        let addresses = serde_json::to_value(self.emulator.ready());
        let addresses = addresses.and_then(serde_json::from_value);
        let addresses = addresses.map_err(|error| error.to_string())?;
        Cloud::of(&addresses).map_err(|error| error.to_string())
    }

    /// A client with the operator's rights.
    pub(crate) fn client(&self) -> Result<yandex_cloud_rest::Client, Problem> {
        self.client_at(self.address())
    }

    fn client_at(&self, address: &str) -> Result<yandex_cloud_rest::Client, Problem> {
        let key = AuthorizedKey::read(&self.key).map_err(|error| error.to_string())?;
        let credentials = Credentials::AuthorizedKey(Box::new(key));
        let mut config = yandex_cloud_rest::Config::new(credentials);
        address.clone_into(&mut config.api_endpoint);
        // Another try would only take time.
        config.attempts = 1;
        yandex_cloud_rest::Client::new(config).map_err(|error| error.to_string())
    }
}

/// Whose key it is.
pub(super) fn account(key: &Path) -> Result<String, Problem> {
    let key = AuthorizedKey::read(key).map_err(|error| error.to_string())?;
    Ok(key.service_account_id().to_owned())
}
