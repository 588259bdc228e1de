//! How large is the function that is deployed? Every cold start loads it.

use std::fs::File;

use wschat_tests::measure::table::Table;
use zip::ZipArchive;

use crate::Failure;
use crate::stage::archive;

/// What a request that carries the archive itself may hold, in bytes (proto
/// serverless/functions/v1, `CreateFunctionVersionRequest.content`).
const MOST_BYTES: u64 = 3_670_016;

pub(crate) fn table() -> Result<Table, Failure> {
    let file = File::open(archive("handler.zip")?)?;
    let packed = file.metadata()?.len();
    let mut archive = ZipArchive::new(file)?;
    let unpacked = archive.by_name("handler.node")?.size();
    let share = |bytes: u64| format!("{}%", (bytes * 100).div_ceil(MOST_BYTES));
    let title = "archive: the deployed function, in bytes";
    Ok(Table::new(title, &["", "bytes", "of an upload's limit"])
        .row(["handler.zip".to_owned(), packed.to_string(), share(packed)])
        .row(["  handler.node in it".to_owned(), unpacked.to_string()]))
}
