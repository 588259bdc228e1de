//! The database's tables: applies the embedded migrations, and keeps goose's
//! version table as goose itself does.

use std::collections::BTreeSet;

use serde_json::json;
use wschat_crds::{Occasion, ResourceStatus};
use ydb::QueryClient;

use super::database::Database;
use crate::change::{Change, LATER};
use crate::context::Pass;
use crate::error::StepError;
use crate::idempotency::request_hash;
use crate::migrations::{self, Migration, VERSION_TABLE, created_table};
use crate::outcome::{Outcome, settle};
use crate::resource::Resource;
use crate::ydb_client::{connect, is_missing, within};

const RESOURCE: Resource = Resource::Schema;

/// Sees to it that the database is migrated.
pub(crate) async fn ensure(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    database: &Database,
) -> Outcome<()> {
    let known = saved.hash.is_some().then_some(());
    settle(try_ensure(pass, saved, database).await).or_serving(known)
}

async fn try_ensure(
    pass: &Pass<'_>,
    saved: &mut ResourceStatus,
    database: &Database,
) -> Result<Outcome<()>, StepError> {
    let hash = request_hash(&(&database.path, migrations::texts()))?;
    if pass.believes(RESOURCE, saved, &hash) {
        return Ok(Outcome::Ready(()));
    }
    if database.path == LATER {
        for migration in &migrations::all()? {
            pass.planned(&applying(migration, Occasion::Created));
        }
        return Ok(Outcome::Ready(()));
    }
    let mut client = connect(pass, database, RESOURCE).await?.query_client();
    let applied = match applied(&mut client).await? {
        Some(applied) if applied.contains(&0) => applied,
        _ if pass.plans => BTreeSet::new(),
        there => start_ledger(pass, &mut client, there.is_some()).await?,
    };
    let was_there = saved.hash.as_ref() == Some(&hash);
    for migration in &migrations::all()? {
        let is_there = applied.contains(&migration.version)
            && !(was_there && lacks_table(&mut client, migration).await?);
        if is_there {
            continue;
        }
        let change = applying(migration, Occasion::of_creation(was_there));
        if !pass.planned(&change) {
            migrate(pass, &mut client, migration).await?;
            pass.changes.add(change);
        }
    }
    saved.hash = Some(hash);
    pass.journal.save(RESOURCE, saved).await?;
    Ok(Outcome::Ready(()))
}

fn applying(migration: &Migration, occasion: Occasion) -> Change {
    let version = json!({ "migration": migration.version });
    Change::create(RESOURCE, occasion, &version)
}

/// The versions that goose's table knows; nothing without the table.
async fn applied(client: &mut QueryClient) -> Result<Option<BTreeSet<i64>>, StepError> {
    let action = "read the applied migrations";
    let query =
        format!("SELECT CAST(version_id AS Int64) AS version, is_applied FROM `{VERSION_TABLE}`");
    let rows = match within(action, client.query_result_set(query).idempotent(true)).await {
        Ok(rows) => rows,
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut versions = BTreeSet::new();
    for mut row in rows.rows() {
        let read = (|| {
            let version: Option<i64> = row.remove_field_by_name("version")?.try_into()?;
            let applied: Option<bool> = row.remove_field_by_name("is_applied")?.try_into()?;
            Ok((version, applied))
        })();
        if let (Some(version), Some(true)) = read.map_err(|source| StepError::Database {
            action,
            source: Box::new(source),
        })? {
            versions.insert(version);
        }
    }
    Ok(Some(versions))
}

/// Makes goose's table with its first row, as goose does (goose, dialect YDB).
async fn start_ledger(
    pass: &Pass<'_>,
    client: &mut QueryClient,
    exists: bool,
) -> Result<BTreeSet<i64>, StepError> {
    if !exists {
        let table = format!(
            "CREATE TABLE `{VERSION_TABLE}` (version_id Uint64, is_applied Bool, \
             tstamp Timestamp, PRIMARY KEY(version_id))"
        );
        run(pass, client, "create the table of migrations", &table).await?;
    }
    record(pass, client, 0).await?;
    Ok(BTreeSet::from([0]))
}

async fn migrate(
    pass: &Pass<'_>,
    client: &mut QueryClient,
    migration: &Migration,
) -> Result<(), StepError> {
    for statement in &migration.statements {
        let there = match created_table(statement) {
            Some(table) => has_table(client, table).await?,
            None => false,
        };
        if !there {
            run(pass, client, "migrate the database", statement).await?;
        }
    }
    record(pass, client, migration.version).await
}

/// Whether somebody removed a table that the migration made.
async fn lacks_table(client: &mut QueryClient, migration: &Migration) -> Result<bool, StepError> {
    for table in migration
        .statements
        .iter()
        .filter_map(|text| created_table(text))
    {
        if !has_table(client, table).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn has_table(client: &mut QueryClient, table: &str) -> Result<bool, StepError> {
    let query = format!("SELECT 1 FROM `{table}` LIMIT 1");
    match within(
        "look at a table",
        client.query_result_set(query).idempotent(true),
    )
    .await
    {
        Ok(_) => Ok(true),
        Err(error) if is_missing(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Notes a version as applied. Repeated, it changes only the time.
async fn record(pass: &Pass<'_>, client: &mut QueryClient, version: i64) -> Result<(), StepError> {
    let row = format!(
        "UPSERT INTO `{VERSION_TABLE}` (version_id, is_applied, tstamp) \
         VALUES (CAST({version} AS Uint64), true, CurrentUtcTimestamp())"
    );
    run(pass, client, "note an applied migration", &row).await
}

async fn run(
    pass: &Pass<'_>,
    client: &mut QueryClient,
    action: &'static str,
    statement: &str,
) -> Result<(), StepError> {
    if !pass.leadership.holds() {
        return Err(StepError::NotLeading);
    }
    let answer = within(action, client.exec(statement).idempotent(true)).await;
    pass.context.metrics.mutated(RESOURCE, answer.is_ok());
    answer
}
