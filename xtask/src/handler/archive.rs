//! The zip archive, the same for the same files.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::chore::ChoreError;

/// Above 9, the best that deflate's usual encoder does, zip counts the rounds
/// in which zopfli looks for a shorter encoding. After five, ten more save a
/// thousandth.
const LEVEL: i64 = 9 + 5;

/// zopfli gives what it gets at once sixteen code tables at most, which is too
/// few for a library of machine code, texts and tables: so it gets it in pieces
/// of so many bytes. Whole, the archive is larger by a hundredth.
const PIECE: usize = 32 << 10;

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
        for piece in bytes.chunks(PIECE) {
            archive
                .write_all(piece)
                .map_err(ChoreError::file("pack", name))?;
        }
    }
    let packed = archive
        .finish()
        .map_err(|error| failed("the archive", &error))?;
    Ok(packed.into_inner())
}

fn failed(what: &str, error: &zip::result::ZipError) -> ChoreError {
    ChoreError::refused(format_args!("cannot pack {what}: {error}"))
}
