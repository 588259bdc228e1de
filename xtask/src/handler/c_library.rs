//! Which C library the handler needs.

use object::elf::FileHeader64;
use object::read::elf::FileHeader as _;
use object::{Endianness, Error};

use crate::chore::ChoreError;

/// The functions' runtime is Ubuntu 22.04, whose C library is glibc 2.35 (docs
/// functions/concepts/runtime).
const NEWEST: Version = (2, 35);

type Version = (u32, u32);

/// Refuses a library that the functions' runtime could not load.
pub(super) fn check(library: &[u8]) -> Result<(), ChoreError> {
    let needed = needed(library).map_err(|error| {
        ChoreError::refused(format_args!(
            "cannot read the handler's library: {error}; functions run on Linux, so build it there"
        ))
    })?;
    match needed {
        Some(version) if version > NEWEST => Err(ChoreError::refused(format_args!(
            "the handler needs glibc {}.{}, but the functions' runtime has {}.{}; build it on a \
             system that is no newer, such as Ubuntu 22.04 or Debian 12",
            version.0, version.1, NEWEST.0, NEWEST.1
        ))),
        Some(_) | None => Ok(()),
    }
}

/// The newest version of glibc among those that the library's symbols name.
pub(super) fn needed(library: &[u8]) -> Result<Option<Version>, Error> {
    let header = FileHeader64::<Endianness>::parse(library)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, library)?;
    let Some((needs, strings)) = sections.gnu_verneed(endian, library)? else {
        return Ok(None);
    };
    let strings = sections.strings(endian, library, strings)?;
    let mut newest = None;
    for need in needs {
        let (_file, versions) = need?;
        for version in versions {
            newest = newest.max(glibc(version?.name(endian, strings)?));
        }
    }
    Ok(newest)
}

/// Reads `GLIBC_2.34`, or `GLIBC_2.2.5`, whose last part doesn't matter.
pub(super) fn glibc(name: &[u8]) -> Option<Version> {
    let name = std::str::from_utf8(name).ok()?;
    let mut numbers = name.strip_prefix("GLIBC_")?.split('.');
    let major = numbers.next()?.parse().ok()?;
    let minor = numbers.next()?.parse().ok()?;
    Some((major, minor))
}
