//! What requests of several services have in common.

use std::collections::HashMap;

use tonic::metadata::MetadataMap;
use ydb_grpc::ydb_proto as ydb;
use ydb_grpc::ydb_proto::operations::Operation;

use crate::ydb::caller::Caller;
use crate::ydb::engine::Query;
use crate::ydb::parameters::Parameter;
use crate::ydb::status::{self, YdbError};
use crate::ydb::{Ydb, caller};

/// A script with its parameters, and what its sender may do.
pub(super) fn query(
    caller: &Caller,
    text: String,
    parameters: &HashMap<String, ydb::TypedValue>,
) -> Result<Query, YdbError> {
    let mut parsed = HashMap::with_capacity(parameters.len());
    for (name, value) in parameters {
        let parameter = Parameter::parse(name, value)?;
        parsed.insert(name.trim_start_matches('$').to_owned(), parameter);
    }
    Ok(Query {
        text,
        parameters: parsed,
        rights: caller.rights()?,
    })
}

/// The session that a request names; without one it gets one for itself, which
/// ends when the guard goes.
pub(super) fn session(ydb: &Ydb, caller: &Caller, id: &str) -> (String, Option<ImplicitSession>) {
    if !id.is_empty() {
        return (id.to_owned(), None);
    }
    let id = ydb
        .sessions()
        .create(std::sync::Arc::clone(&caller.database));
    let guard = ImplicitSession {
        ydb: ydb.clone(),
        id: id.clone(),
    };
    (id, Some(guard))
}

/// A session for one request.
pub(super) struct ImplicitSession {
    ydb: Ydb,
    id: String,
}

impl Drop for ImplicitSession {
    fn drop(&mut self) {
        drop(self.ydb.sessions().delete(&self.id));
    }
}

/// The caller, for services whose answers carry YDB's own status.
pub(super) fn caller(ydb: &Ydb, metadata: &MetadataMap) -> Result<caller::Caller, tonic::Status> {
    ydb.caller(metadata)
}

/// The answer to a call that there is none for here. A call that is missing
/// altogether would be taken for a broken connection and tried for ever.
pub(super) fn not_served(call: &str) -> Operation {
    let message = format!("{call} is not supported by this emulator");
    status::done(&Err::<(), _>(YdbError::unsupported(message)))
}

/// Runs what may wait for a disk or for another writer.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, YdbError> + Send + 'static,
) -> Result<T, YdbError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(YdbError::internal)?
}
