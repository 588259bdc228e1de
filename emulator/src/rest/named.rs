//! What databases, federations, functions, gateways and triggers have in common: they are in
//! a folder, and have a name there that is theirs alone.

use serde::Serialize;
use serde_json::Value;
use yandex_cloud_rest::model::apigateway::ApiGateway;
use yandex_cloud_rest::model::database::Database;
use yandex_cloud_rest::model::function::Function;
use yandex_cloud_rest::model::trigger::Trigger;
use yandex_cloud_rest::model::workload::Federation;

use super::Call;
use super::page::page;
use crate::cloud::unique;
use crate::error::Status;

/// A resource with a name, in a folder.
pub(super) trait Named {
    fn id(&self) -> &str;
    fn folder_id(&self) -> &str;
    fn name(&self) -> &str;
}

macro_rules! named {
    ($($resource:ty),*) => {
        $(impl Named for $resource {
            fn id(&self) -> &str {
                &self.id
            }

            fn folder_id(&self) -> &str {
                &self.folder_id
            }

            fn name(&self) -> &str {
                &self.name
            }
        })*
    };
}
named!(ApiGateway, Database, Federation, Function, Trigger);

/// A page of the folder's resources, or of those with the name.
pub(super) fn page_of_folder<'a, T: Named + Serialize + 'a>(
    call: &Call,
    key: &str,
    folder_id: &str,
    name: Option<&str>,
    all: impl IntoIterator<Item = &'a T>,
) -> Result<Value, Status> {
    let own = all
        .into_iter()
        .filter(|one| one.folder_id() == folder_id)
        .filter(|one| name.is_none_or(|name| one.name() == name));
    page(&call.query, key, own.map(|one| (one.id().to_owned(), one)))
}

/// Refuses a name that another resource of the folder has.
pub(super) fn unique_in_folder<'a, T: Named + 'a>(
    kind: &str,
    folder_id: &str,
    name: &str,
    own_id: Option<&str>,
    all: impl IntoIterator<Item = &'a T>,
) -> Result<(), Status> {
    let others = all
        .into_iter()
        .filter(|other| other.folder_id() == folder_id && own_id != Some(other.id()));
    unique(kind, name, others.map(Named::name))
}
