//! What is in the image's one layer.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;

use crate::chore::{ChoreError, capture};

/// A file of the layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) bytes: Vec<u8>,
    pub(super) executable: bool,
}

/// Files by their absolute path in the image, without the leading slash.
pub(super) type Files = BTreeMap<String, Entry>;

/// Where the operator is in the image.
pub(super) const ENTRYPOINT: &str = "usr/bin/wschat-operator";
/// Where the handler's zip is.
pub(super) const HANDLER: &str = "usr/share/wschat/handler.zip";
/// Where programs look for root certificates.
pub(super) const CERTIFICATES: &str = "etc/ssl/certs/ca-certificates.crt";
/// The user and group that the operator runs as: nobody's, by convention.
pub(super) const USER: u32 = 65532;

/// A shared library, or the loader, and where the binary looks for it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Library {
    pub(super) path: PathBuf,
}

/// The binary with all that it needs to run, and the handler's zip.
pub(super) fn of(binary: &Path, handler: &Path) -> Result<Files, ChoreError> {
    let mut files = Files::new();
    files.insert(ENTRYPOINT.to_owned(), read(binary, true)?);
    files.insert(HANDLER.to_owned(), read(handler, false)?);
    for library in libraries(&capture(Command::new("ldd").arg(binary))?)? {
        let name = library.path.to_string_lossy().into_owned();
        let entry = read(&library.path, true)?;
        files.insert(name.trim_start_matches('/').to_owned(), entry);
    }
    let texts = [
        (CERTIFICATES, certificates()),
        (
            "etc/passwd",
            format!("root:x:0:0::/:/\nnonroot:x:{USER}:{USER}::/:/\n"),
        ),
        ("etc/group", format!("root:x:0:\nnonroot:x:{USER}:\n")),
        // The C library's own default asks no DNS for some names.
        ("etc/nsswitch.conf", "hosts: files dns\n".to_owned()),
    ];
    for (name, text) in texts {
        let entry = Entry {
            bytes: text.into_bytes(),
            executable: false,
        };
        files.insert(name.to_owned(), entry);
    }
    Ok(files)
}

fn read(path: &Path, executable: bool) -> Result<Entry, ChoreError> {
    let bytes = std::fs::read(path).map_err(ChoreError::file("read", path))?;
    Ok(Entry { bytes, executable })
}

/// What `ldd` lists. The kernel's own page has no file.
pub(super) fn libraries(listed: &str) -> Result<Vec<Library>, ChoreError> {
    let mut libraries = Vec::new();
    for line in listed.lines().map(str::trim) {
        let place = line.split_once(" => ").map_or(line, |(_, place)| place);
        let path = place.split_once(" (").map_or(place, |(path, _)| path);
        if path.starts_with('/') {
            libraries.push(Library { path: path.into() });
        } else if path == "not found" {
            return Err(ChoreError::refused(format_args!(
                "the operator needs {line}"
            )));
        }
    }
    if libraries.is_empty() {
        return Err(ChoreError::refused(format_args!(
            "ldd lists no library that the operator needs: {listed}"
        )));
    }
    Ok(libraries)
}

/// Mozilla's roots as a PEM bundle: pinned by Cargo.lock, and not whatever
/// the building machine happens to trust.
fn certificates() -> String {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .map(|certificate| pem(certificate))
        .collect()
}

fn pem(certificate: &[u8]) -> String {
    let encoded = base64::engine::general_purpose::STANDARD.encode(certificate);
    let mut text = "-----BEGIN CERTIFICATE-----\n".to_owned();
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = more;
    }
    text + "-----END CERTIFICATE-----\n"
}
