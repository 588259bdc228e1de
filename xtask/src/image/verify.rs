//! Reading an archive back as a container engine would, trusting nothing that
//! the writer believes.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::read::GzDecoder;
use serde_json::Value;

use super::archive::digest;
use crate::chore::{ChoreError, capture};

/// What an archive holds.
pub(super) struct ReadBack {
    /// The image's configuration: entrypoint, user, environment.
    pub(super) config: Value,
    /// The layer, unpacked from gzip.
    pub(super) layer: Vec<u8>,
}

/// Follows index, manifest, configuration and layer, and checks each digest
/// and size on the way.
pub(super) fn read(archive: &Path) -> Result<ReadBack, ChoreError> {
    let bytes = std::fs::read(archive).map_err(ChoreError::file("read", archive))?;
    let files = files(&bytes).map_err(ChoreError::file("read", archive))?;
    let layout = json(files.get("oci-layout"), "oci-layout")?;
    demand(
        layout["imageLayoutVersion"] == "1.0.0",
        "oci-layout names version 1.0.0",
    )?;
    let index = json(files.get("index.json"), "index.json")?;
    let manifest = json(Some(blob(&files, &index["manifests"][0])?), "the manifest")?;
    let config = json(
        Some(blob(&files, &manifest["config"])?),
        "the configuration",
    )?;
    let layer = unpack(blob(&files, &manifest["layers"][0])?)?;
    demand(
        config["rootfs"]["diff_ids"][0] == digest(&layer),
        "the configuration names the layer's contents",
    )?;
    let blobs = files
        .keys()
        .filter(|name| name.starts_with("blobs/"))
        .count();
    demand(blobs == 3, "nothing else is in the archive")?;
    Ok(ReadBack { config, layer })
}

/// Unpacks the layer into a folder and runs its entrypoint there, by the
/// layer's own loader and with its own libraries.
pub(super) fn run_entrypoint(
    image: &ReadBack,
    folder: &Path,
    arguments: &[&str],
) -> Result<String, ChoreError> {
    tar::Archive::new(image.layer.as_slice())
        .unpack(folder)
        .map_err(ChoreError::file("unpack the layer into", folder))?;
    let entrypoint = image.config["config"]["Entrypoint"][0]
        .as_str()
        .unwrap_or_default();
    let libraries = library_folders(image)?;
    let loader = libraries
        .iter()
        .flat_map(|place| std::fs::read_dir(folder.join(place)).into_iter().flatten())
        .flatten()
        .map(|entry| entry.path())
        .find(|path| is_loader(path))
        .ok_or_else(|| ChoreError::refused("the layer has no loader (ld-linux…)"))?;
    let places: Vec<String> = libraries
        .iter()
        .map(|place| folder.join(place).display().to_string())
        .collect();
    capture(
        Command::new(loader)
            .env_clear()
            // Where it would look for libraries otherwise.
            .arg("--inhibit-cache")
            .args(["--library-path", &places.join(":")])
            .arg(folder.join(entrypoint.trim_start_matches('/')))
            .args(arguments),
    )
}

/// The layer's folders with shared libraries.
fn library_folders(image: &ReadBack) -> Result<Vec<PathBuf>, ChoreError> {
    let names = files(&image.layer).map_err(ChoreError::file("read", "the layer"))?;
    let mut folders: Vec<PathBuf> = names
        .keys()
        .filter(|name| name.contains(".so"))
        .filter_map(|name| Path::new(name).parent().map(Path::to_path_buf))
        .collect();
    folders.dedup();
    Ok(folders)
}

fn is_loader(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy());
    name.is_some_and(|name| name.starts_with("ld-linux") || name.starts_with("ld64"))
}

/// A tar archive's regular files.
pub(super) fn files(archive: &[u8]) -> std::io::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(archive).entries()? {
        let mut entry = entry?;
        if entry.header().entry_type().is_file() {
            let name = entry.path()?.to_string_lossy().into_owned();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            files.insert(name, bytes);
        }
    }
    Ok(files)
}

/// The blob that a descriptor refers to, if it is what it should be.
fn blob<'a>(
    files: &'a BTreeMap<String, Vec<u8>>,
    descriptor: &Value,
) -> Result<&'a [u8], ChoreError> {
    let wanted = descriptor["digest"].as_str().unwrap_or_default();
    let name = format!("blobs/{}", wanted.replace(':', "/"));
    let bytes = files
        .get(&name)
        .ok_or_else(|| ChoreError::refused(format_args!("the archive has no {name}")))?;
    demand(
        digest(bytes) == wanted,
        "a blob has the digest that it is named by",
    )?;
    demand(
        descriptor["size"] == bytes.len(),
        "a blob has the size that its descriptor says",
    )?;
    Ok(bytes)
}

fn unpack(bytes: &[u8]) -> Result<Vec<u8>, ChoreError> {
    let mut unpacked = Vec::new();
    GzDecoder::new(bytes)
        .read_to_end(&mut unpacked)
        .map_err(ChoreError::file("unpack", "the layer"))?;
    Ok(unpacked)
}

fn json(bytes: Option<impl AsRef<[u8]>>, name: &str) -> Result<Value, ChoreError> {
    let bytes = bytes.ok_or_else(|| ChoreError::refused(format_args!("no {name}")))?;
    serde_json::from_slice(bytes.as_ref())
        .map_err(|error| ChoreError::refused(format_args!("{name}: {error}")))
}

fn demand(holds: bool, what: &str) -> Result<(), ChoreError> {
    if holds {
        Ok(())
    } else {
        Err(ChoreError::refused(format_args!(
            "the image is broken: it doesn't hold that {what}"
        )))
    }
}
