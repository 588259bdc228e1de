//! Handlers that are deployed one after another.

use std::io::Cursor;

use zip::ZipWriter;

use crate::world::Problem;

/// One that says of itself that it wouldn't serve.
pub(crate) fn unhealthy() -> Result<Vec<u8>, Problem> {
    let code = "exports.handler = async () => ({ ok: false, checks: { database: 'gone' } });";
    wschat_tests::cloud::packed(code).map_err(|error| error.to_string())
}

/// The same handler in another archive.
pub(crate) fn another(zip: &[u8]) -> Result<Vec<u8>, Problem> {
    let archive = ZipWriter::new_append(Cursor::new(zip.to_vec()));
    let mut archive = archive.map_err(|error| error.to_string())?;
    let commented = archive.set_comment("another");
    commented.map_err(|error| error.to_string())?;
    let archive = archive.finish().map_err(|error| error.to_string())?;
    Ok(archive.into_inner())
}
