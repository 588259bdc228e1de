//! The function; what it runs is in its versions.

use uuid::Uuid;
use wschat_crds::ResourceStatus;
use yandex_cloud_rest::model::function::{
    CreateFunctionRequest, Function as Model, UpdateFunctionRequest,
};
use yandex_cloud_rest::model::operation::Operation;
use yandex_cloud_rest::model::{FieldMask, Labels};

use super::child::{
    Child, Facts, Marks, State, all_labels, ensure as ensure_child, remove as remove_child,
};
use crate::change::{Difference, paths};
use crate::cloud::{Cloud, CloudError};
use crate::context::Pass;
use crate::inventory::Folder;
use crate::outcome::{Outcome, settle};
use crate::resource::Resource;
use crate::validate::Identity;

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

    type Model = Model;
    type Wish = CreateFunctionRequest;

    fn facts(model: &Model) -> Facts {
        facts(model)
    }

    fn differences(wish: &CreateFunctionRequest, model: &Model) -> Vec<Difference> {
        differences(wish, model)
    }

    fn listed(lists: &Folder, id: &str) -> Result<Option<Model>, CloudError> {
        let all = lists.functions.as_ref().map_err(Clone::clone)?;
        Ok(all.get(id).cloned())
    }

    async fn get(cloud: &Cloud, id: &str) -> Result<Model, CloudError> {
        cloud.function(id).await
    }

    async fn named(pass: &Pass<'_>, name: &str) -> Result<Vec<Model>, CloudError> {
        let (cloud, folder) = (&pass.context.cloud, &pass.identity.folder_id);
        cloud.functions_named(folder, name).await
    }

    async fn create(
        cloud: &Cloud,
        wish: &CreateFunctionRequest,
        key: Uuid,
    ) -> Result<Operation, CloudError> {
        cloud.create_function(wish, key).await
    }

    async fn update(
        cloud: &Cloud,
        wish: &CreateFunctionRequest,
        model: &Model,
        differences: &[Difference],
        key: Uuid,
    ) -> Result<Operation, CloudError> {
        let request = update(wish, model, differences);
        cloud.update_function(&model.id, &request, key).await
    }

    async fn label(
        cloud: &Cloud,
        model: &Model,
        labels: Labels,
        key: Uuid,
    ) -> Result<Operation, CloudError> {
        let request = UpdateFunctionRequest {
            update_mask: Some(FieldMask::of(["labels"])),
            labels,
            ..UpdateFunctionRequest::default()
        };
        cloud.update_function(&model.id, &request, key).await
    }

    async fn delete(cloud: &Cloud, id: &str, key: Uuid) -> Result<Operation, CloudError> {
        cloud.delete_function(id, key).await
    }
}

fn facts(function: &Model) -> Facts {
    Facts {
        id: function.id.clone(),
        labels: function.labels.clone(),
        created_at: function.created_at.clone().unwrap_or_default(),
        state: State::of(&function.status),
        endpoint: Some(function.http_invoke_url.clone()),
    }
}

fn request(identity: &Identity) -> CreateFunctionRequest {
    CreateFunctionRequest {
        folder_id: identity.folder_id.clone(),
        name: identity.names.function.clone(),
        description: identity.description(),
        labels: identity.labels.clone(),
    }
}

fn differences(wish: &CreateFunctionRequest, found: &Model) -> Vec<Difference> {
    let is = Marks {
        name: &found.name,
        description: &found.description,
        labels: &found.labels,
    };
    is.differences(Marks {
        name: &wish.name,
        description: &wish.description,
        labels: &wish.labels,
    })
}

fn update(
    wish: &CreateFunctionRequest,
    found: &Model,
    differences: &[Difference],
) -> UpdateFunctionRequest {
    UpdateFunctionRequest {
        update_mask: Some(FieldMask::of(paths(differences))),
        name: wish.name.clone(),
        description: wish.description.clone(),
        labels: all_labels(&found.labels, &wish.labels),
    }
}

/// Sees to it that the function exists.
pub(crate) async fn ensure(pass: &Pass<'_>, saved: &mut ResourceStatus) -> Outcome<Function> {
    let wish = request(pass.identity);
    let outcome = ensure_child::<Functions>(pass, saved, &wish, &wish.name).await;
    outcome.map(|facts| Function {
        id: facts.id,
        invoke_url: facts.endpoint.unwrap_or_default(),
    })
}

/// Sees to it that the function doesn't exist. Its versions, tags and bindings
/// go with it.
pub(crate) async fn remove(pass: &Pass<'_>, saved: &mut ResourceStatus) -> Outcome<()> {
    settle(remove_child::<Functions>(pass, saved, &pass.identity.names.function).await)
}
