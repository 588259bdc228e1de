//! A namespace per test.

use k8s_openapi::api::core::v1::Namespace as NamespaceObject;
use kube::Api;
use kube::api::{DeleteParams, ObjectMeta, PostParams};

/// The API server refused.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} namespace {name}: {source}")]
pub struct NamespaceError {
    action: &'static str,
    name: String,
    source: Box<kube::Error>,
}

/// A namespace that nobody else uses.
#[derive(Clone)]
pub struct Namespace {
    name: String,
    client: kube::Client,
}

impl Namespace {
    /// Creates `<prefix>-<random>`.
    pub async fn create(client: kube::Client, prefix: &str) -> Result<Self, NamespaceError> {
        let random = uuid::Uuid::new_v4().simple().to_string();
        Self::named(client, &format!("{prefix}-{}", &random[..8])).await
    }

    /// Creates one of this name.
    pub async fn named(client: kube::Client, name: &str) -> Result<Self, NamespaceError> {
        let name = name.to_owned();
        let object = NamespaceObject {
            metadata: ObjectMeta {
                name: Some(name.clone()),
                ..ObjectMeta::default()
            },
            ..NamespaceObject::default()
        };
        Api::<NamespaceObject>::all(client.clone())
            .create(&PostParams::default(), &object)
            .await
            .map_err(|source| NamespaceError {
                action: "create",
                name: name.clone(),
                source: Box::new(source),
            })?;
        Ok(Self { name, client })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The API of a kind of objects in it.
    #[must_use]
    pub fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<Scope = kube::core::NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        Api::namespaced(self.client.clone(), &self.name)
    }

    /// Asks for its deletion, which goes on in the background.
    pub async fn delete(self) -> Result<(), NamespaceError> {
        Api::<NamespaceObject>::all(self.client)
            .delete(&self.name, &DeleteParams::default())
            .await
            .map_err(|source| NamespaceError {
                action: "delete",
                name: self.name,
                source: Box::new(source),
            })?;
        Ok(())
    }
}
