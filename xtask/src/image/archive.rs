//! Writing an OCI image layout (image-spec v1) as a tar archive.

use std::collections::BTreeSet;
use std::io::Write as _;

use flate2::{Compression, GzBuilder};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::contents::{CERTIFICATES, ENTRYPOINT, Entry, Files, HANDLER, USER};
use crate::chore::ChoreError;
use crate::stamp::hexadecimal;

const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Times would make every build another image.
const EPOCH: &str = "1970-01-01T00:00:00Z";

/// A whole archive.
pub(super) struct Image {
    pub(super) bytes: Vec<u8>,
    /// Of the manifest, as in `name@sha256:…`.
    pub(super) digest: String,
}

/// A blob of the layout and what refers to it.
struct Blob {
    bytes: Vec<u8>,
    digest: String,
}

impl Blob {
    fn new(bytes: Vec<u8>) -> Self {
        let digest = digest(&bytes);
        Self { bytes, digest }
    }

    fn json(value: &serde_json::Value) -> Self {
        Self::new(value.to_string().into_bytes())
    }

    fn descriptor(&self, media_type: &str) -> serde_json::Value {
        json!({ "mediaType": media_type, "digest": self.digest, "size": self.bytes.len() })
    }
}

/// An image of one layer that is called `reference`.
pub(super) fn image(files: &Files, reference: &str) -> Result<Image, ChoreError> {
    let uncompressed = layer(files).map_err(ChoreError::file("write", "the layer"))?;
    let difference = digest(&uncompressed);
    let layer = Blob::new(compress(&uncompressed).map_err(ChoreError::file("pack", "the layer"))?);
    let config = Blob::json(&config(&difference)?);
    let manifest = Blob::json(&json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config.descriptor(CONFIG),
        "layers": [layer.descriptor(LAYER)],
    }));
    let mut entry = manifest.descriptor(MANIFEST);
    entry["platform"] = json!({ "os": "linux", "architecture": architecture()? });
    entry["annotations"] = json!({
        "io.containerd.image.name": reference,
        "org.opencontainers.image.ref.name": reference,
    });
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [entry] });

    let plain = |bytes: Vec<u8>| Entry {
        bytes,
        executable: false,
    };
    let mut layout = Files::new();
    let version = json!({ "imageLayoutVersion": "1.0.0" });
    layout.insert(
        "oci-layout".to_owned(),
        plain(version.to_string().into_bytes()),
    );
    layout.insert(
        "index.json".to_owned(),
        plain(index.to_string().into_bytes()),
    );
    let digest = manifest.digest.clone();
    for blob in [config, layer, manifest] {
        let name = format!("blobs/{}", blob.digest.replace(':', "/"));
        layout.insert(name, plain(blob.bytes));
    }
    let bytes = tar(&layout, &[]).map_err(ChoreError::file("write", "the archive"))?;
    Ok(Image { bytes, digest })
}

fn config(difference: &str) -> Result<serde_json::Value, ChoreError> {
    Ok(json!({
        "architecture": architecture()?,
        "os": "linux",
        "created": EPOCH,
        "config": {
            "User": format!("{USER}:{USER}"),
            "Entrypoint": [format!("/{ENTRYPOINT}")],
            "WorkingDir": "/",
            "Env": [
                "PATH=/usr/bin",
                format!("SSL_CERT_FILE=/{CERTIFICATES}"),
                format!("WSCHAT_HANDLER_ZIP=/{HANDLER}"),
            ],
            "ExposedPorts": { "8080/tcp": {} },
            "Labels": {
                "org.opencontainers.image.title": "wschat-operator",
                "org.opencontainers.image.version": env!("CARGO_PKG_VERSION"),
                "org.opencontainers.image.licenses": "Apache-2.0",
            },
        },
        "rootfs": { "type": "layers", "diff_ids": [difference] },
        "history": [{ "created": EPOCH, "created_by": "cargo xtask image" }],
    }))
}

/// Go's name of this machine's architecture, as images have it.
fn architecture() -> Result<&'static str, ChoreError> {
    match std::env::consts::ARCH {
        "x86_64" => Ok("amd64"),
        "aarch64" => Ok("arm64"),
        other => Err(ChoreError::refused(format_args!(
            "no image can be made on {other}; use x86_64 or aarch64"
        ))),
    }
}

fn layer(files: &Files) -> std::io::Result<Vec<u8>> {
    tar(files, &[("tmp", 0o1777)])
}

/// Folders first, then files, all root's and as old as time.
fn tar(files: &Files, folders: &[(&str, u32)]) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for folder in parents(files) {
        append(&mut archive, &folder, tar::EntryType::Directory, 0o755, &[])?;
    }
    for (folder, mode) in folders {
        append(&mut archive, folder, tar::EntryType::Directory, *mode, &[])?;
    }
    for (name, entry) in files {
        let mode = if entry.executable { 0o755 } else { 0o644 };
        append(
            &mut archive,
            name,
            tar::EntryType::Regular,
            mode,
            &entry.bytes,
        )?;
    }
    archive.into_inner()
}

fn append(
    archive: &mut tar::Builder<Vec<u8>>,
    name: &str,
    kind: tar::EntryType,
    mode: u32,
    bytes: &[u8],
) -> std::io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(bytes.len() as u64);
    archive.append_data(&mut header, name, bytes)
}

/// Every folder that a file is in, outer ones first.
fn parents(files: &Files) -> BTreeSet<String> {
    files
        .keys()
        .flat_map(|name| name.match_indices('/').map(|(at, _)| name[..at].to_owned()))
        .collect()
}

fn compress(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut writer = GzBuilder::new()
        .mtime(0)
        .write(Vec::new(), Compression::best());
    writer.write_all(bytes)?;
    writer.finish()
}

/// A digest as OCI writes it.
pub(super) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hexadecimal(&Sha256::digest(bytes)))
}
