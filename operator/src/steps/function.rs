//! The function; what it runs is in its versions.

use uuid::Uuid;
use wschat_crds::ResourceStatus;
use yandex_cloud_rest::model::function::{CreateFunctionRequest, Function as Model};
use yandex_cloud_rest::model::operation::Operation;

use super::child::{Child, Facts, State, ensure as ensure_child, remove as remove_child};
use crate::cloud::{Cloud, CloudError};
use crate::context::Pass;
use crate::error::StepError;
use crate::idempotency::request_hash;
use crate::outcome::{Outcome, settle};
use crate::resource::Resource;

/// What other steps need of the function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) id: String,
    /// For direct calls.
    pub(crate) invoke_url: String,
}

struct Functions;

impl Child for Functions {
    const RESOURCE: Resource = Resource::Function;
    const ID_FIELD: &'static str = "functionId";

    async fn get(cloud: &Cloud, id: &str) -> Result<Facts, CloudError> {
        cloud.function(id).await.map(facts)
    }

    async fn named(cloud: &Cloud, folder_id: &str, name: &str) -> Result<Vec<Facts>, CloudError> {
        let functions = cloud.functions_named(folder_id, name).await?;
        Ok(functions.into_iter().map(facts).collect())
    }

    async fn delete(cloud: &Cloud, id: &str, key: Uuid) -> Result<Operation, CloudError> {
        cloud.delete_function(id, key).await
    }
}

fn facts(function: Model) -> Facts {
    Facts {
        state: State::of(&function.status),
        id: function.id,
        labels: function.labels,
        created_at: function.created_at.unwrap_or_default(),
        endpoint: Some(function.http_invoke_url),
    }
}

/// Sees to it that the function exists.
pub(crate) async fn ensure(pass: &Pass<'_>, saved: &mut ResourceStatus) -> Outcome<Function> {
    settle(try_ensure(pass, saved).await).map(|facts| Function {
        id: facts.id,
        invoke_url: facts.endpoint.unwrap_or_default(),
    })
}

async fn try_ensure(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
) -> Result<Outcome<Facts>, StepError> {
    let name = &pass.identity.names.function;
    let request = CreateFunctionRequest {
        folder_id: pass.identity.folder_id.clone(),
        name: name.clone(),
        description: pass.identity.description(),
        labels: pass.identity.labels.clone(),
    };
    let hash = request_hash(&request)?;
    let cloud = &pass.context.cloud;
    ensure_child::<Functions, _>(pass, saved, name, &hash, |key| async move {
        cloud.create_function(&request, key).await
    })
    .await
}

/// Sees to it that the function doesn't exist. Its versions, tags and bindings
/// go with it.
pub(crate) async fn remove(pass: &Pass<'_>, saved: &mut ResourceStatus) -> Outcome<()> {
    settle(remove_child::<Functions>(pass, saved, &pass.identity.names.function).await)
}
