//! Connections to a chat's database: short ones, for a step each.

use std::time::Duration;

use tokio::time::timeout;
use ydb::{AccessTokenCredentials, Client, ClientBuilder, YdbError};

use crate::context::Pass;
use crate::error::StepError;
use crate::resource::Resource;
use crate::steps::database::Database;

/// How long a connection, or a statement, may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// YDB's statuses for what isn't there (its proto `ydb_status_codes`).
const SCHEME_ERROR: i32 = 400_070;
const NOT_FOUND: i32 = 400_140;

/// Connects as the operator. When that fails, it may be remembered wrongly where
/// the database is.
pub(crate) async fn connect(
    pass: &Pass<'_>,
    database: &Database,
    resource: Resource,
) -> Result<Client, StepError> {
    let token = pass
        .context
        .cloud
        .token()
        .await
        .map_err(|source| StepError::Cloud {
            action: "sign in to",
            resource,
            source,
        })?;
    let connected = async {
        ClientBuilder::new_from_connection_string(&database.connection_string)?
            .with_credentials(AccessTokenCredentials::from(token))
            .build()
            .await
    };
    let connected = within("connect to the database", connected).await;
    connected.inspect_err(|_| pass.doubt())
}

/// Waits for the database, but not for ever.
pub(crate) async fn within<T>(
    action: &'static str,
    call: impl IntoFuture<Output = Result<T, YdbError>>,
) -> Result<T, StepError> {
    match timeout(PATIENCE, call.into_future()).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(source)) => Err(StepError::Database {
            action,
            source: Box::new(source),
        }),
        Err(_) => Err(StepError::DatabaseSilent { action }),
    }
}

/// Whether the error says that a table or topic isn't there.
pub(crate) fn is_missing(error: &StepError) -> bool {
    match error {
        StepError::Database { source, .. } => match source.as_ref() {
            YdbError::YdbStatusError(status) => {
                matches!(status.operation_status, SCHEME_ERROR | NOT_FOUND)
            }
            _ => false,
        },
        _ => false,
    }
}
