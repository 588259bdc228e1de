//! Handlers that are deployed one after another.

use std::io::Cursor;

use zip::ZipWriter;

use crate::cloud::{CloudError, packed};

/// One that says of itself that it wouldn't serve.
pub fn unhealthy() -> Result<Vec<u8>, CloudError> {
    packed("exports.handler = async () => ({ ok: false, checks: { database: 'gone' } });")
}

/// The same handler in another archive.
pub fn another(zip: &[u8]) -> Result<Vec<u8>, CloudError> {
    let mut archive = ZipWriter::new_append(Cursor::new(zip.to_vec()))?;
    archive.set_comment("another")?;
    Ok(archive.finish()?.into_inner())
}
