//! The zip archive, the same for the same files.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::chore::ChoreError;

/// Above 9, the best that deflate's usual encoder does, zip counts the rounds
/// in which zopfli looks for a shorter encoding. Each takes seconds, and the
/// fifteen that zopfli itself suggests make the archive as small as it gets.
const LEVEL: i64 = 9 + 15;

/// Packs files in this order, with the oldest time that zip knows.
pub(super) fn pack(files: &[(&str, &[u8])]) -> Result<Vec<u8>, ChoreError> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(LEVEL))
        .last_modified_time(DateTime::DEFAULT)
        .unix_permissions(0o644);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive
            .start_file(*name, options)
            .map_err(|error| failed(name, &error))?;
        archive
            .write_all(bytes)
            .map_err(ChoreError::file("pack", name))?;
    }
    let packed = archive
        .finish()
        .map_err(|error| failed("the archive", &error))?;
    Ok(packed.into_inner())
}

fn failed(what: &str, error: &zip::result::ZipError) -> ChoreError {
    ChoreError::refused(format_args!("cannot pack {what}: {error}"))
}
