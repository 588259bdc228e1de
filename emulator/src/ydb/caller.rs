//! Who calls, in which database, and with which rights.

use std::sync::Arc;

use tonic::Status;
use tonic::metadata::MetadataMap;

use super::Ydb;
use super::engine::{Database, Rights};
use super::status::YdbError;
use crate::iam::{Permission, Resource, Subject};

const TOKEN: &str = "x-ydb-auth-ticket";
const DATABASE: &str = "x-ydb-database";

/// A caller whose token is good.
pub(crate) struct Caller {
    pub(crate) database: Arc<Database>,
    subject: Subject,
    ydb: Ydb,
}

impl Ydb {
    /// The caller of a request.
    ///
    /// # Errors
    /// gRPC's `UNAUTHENTICATED` without a good token, `NOT_FOUND` for a database that
    /// isn't there.
    pub(crate) fn caller(&self, metadata: &MetadataMap) -> Result<Caller, Status> {
        let text = |name| metadata.get(name).and_then(|value| value.to_str().ok());
        let subject = self.iam().authenticate(text(TOKEN));
        let subject = subject.map_err(|status| Status::unauthenticated(status.message))?;
        let path = text(DATABASE).unwrap_or_default().trim_end_matches('/');
        let database = self.database(path);
        let database =
            database.ok_or_else(|| Status::not_found(format!("Unknown database: {path}")))?;
        Ok(Caller {
            database,
            subject,
            ydb: self.clone(),
        })
    }
}

impl Caller {
    /// The service account's id.
    pub(crate) fn id(&self) -> &str {
        &self.subject.id
    }

    fn may(&self, permission: Permission) -> Result<(), YdbError> {
        let resource = Resource::database(&self.database.folder_id, &self.database.id);
        let allowed = self
            .ydb
            .iam()
            .authorize(&self.subject, permission, &resource);
        allowed.map_err(|status| YdbError::denied(status.message))
    }

    /// Refuses who may not even look.
    pub(crate) fn must(&self, permission: Permission) -> Result<(), YdbError> {
        self.may(permission)
    }

    /// The same for what counts as an operation on the schema.
    pub(crate) fn must_for_schema(&self, permission: Permission) -> Result<(), YdbError> {
        self.may(permission)?;
        self.database.spend_schema_operation()
    }

    /// What the caller's queries may do; refuses who may not read.
    pub(crate) fn rights(&self) -> Result<Rights, YdbError> {
        self.may(Permission::YdbConnect)?;
        Ok(Rights {
            write: self.may(Permission::YdbWrite).is_ok(),
            schema: self.may(Permission::YdbSchema).is_ok(),
        })
    }

    /// A path below the database, whether it was given whole or not.
    pub(crate) fn absolute(&self, path: &str) -> String {
        let root = &self.database.path;
        let path = path.trim_end_matches('/');
        if path.is_empty() || path == root {
            root.clone()
        } else if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("{root}/{path}")
        }
    }
}
