//! The end of the database. Its protection in the cloud goes first.

use std::time::Duration;

use wschat_crds::ResourceStatus;
use yandex_cloud_rest::model::FieldMask;
use yandex_cloud_rest::model::database::UpdateDatabaseRequest;

use super::{Databases, RESOURCE};
use crate::context::Pass;
use crate::error::StepError;
use crate::idempotency::request_hash;
use crate::outcome::{Outcome, settle};
use crate::steps::child::{State, is_adopted, remove as remove_child};
use crate::steps::operation::{Mutation, begin};

/// Sees to it that the database doesn't exist.
pub(crate) async fn remove(pass: &Pass<'_>, saved: &mut ResourceStatus) -> Outcome<()> {
    settle(try_remove(pass, saved).await)
}

async fn try_remove(pass: &Pass<'_>, saved: &mut ResourceStatus) -> Result<Outcome<()>, StepError> {
    // The user has said that it may go; the cloud has to be told too.
    if saved.operation.is_none()
        && let Some(again) = unprotect(pass, saved).await?
    {
        return Ok(Outcome::pending(
            "lifting the database's deletion protection",
            again,
        ));
    }
    remove_child::<Databases>(pass, saved, &pass.identity.names.database).await
}

/// Lifts the deletion protection, if there is one of ours to lift.
async fn unprotect(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
) -> Result<Option<Duration>, StepError> {
    let cloud = &pass.context.cloud;
    let Some(id) = saved.id.clone() else {
        return Ok(None);
    };
    // Whatever that means, the removal finds out.
    let Ok(database) = cloud.database(&id).await else {
        return Ok(None);
    };
    let ours = crate::names::owns(&pass.identity.labels, &database.labels)
        && !saved.adopted
        && !is_adopted(&database.labels);
    if !database.deletion_protection || !ours || State::of(&database.status) == State::Leaving {
        return Ok(None);
    }
    let request = UpdateDatabaseRequest {
        folder_id: database.folder_id,
        update_mask: Some(FieldMask::of(["deletionProtection"])),
        deletion_protection: false,
        ..UpdateDatabaseRequest::default()
    };
    let hash = request_hash(&request)?;
    let mutation = Mutation {
        resource: RESOURCE,
        action: "unprotect",
        hash: &hash,
        id_field: None,
        change: None,
    };
    let call = |key| cloud.update_database(&id, &request, key);
    Ok(Some(begin(pass, mutation, saved, call).await?.again()))
}
