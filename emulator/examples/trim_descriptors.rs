//! Makes the files in `proto/` from the descriptors that the crate `ydb-grpc`
//! ships, without their comments: `ydb-services.bin`, the files that hold
//! services that are served, and `ydb-messages.bin`, these with all messages that
//! they need, for the fuzz targets.
//!
//! `cargo run -p yc-emulator --example trim_descriptors -- <ydb-grpc>/src/descriptors.bin`

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;

use prost::Message;
use prost_types::FileDescriptorSet;

/// Services that are served, by their files.
const SERVED: [&str; 5] = ["discovery", "query", "scheme", "table", "topic"];

fn main() -> Result<(), Box<dyn Error>> {
    let source = std::env::args()
        .nth(1)
        .ok_or("name ydb-grpc's descriptors.bin")?;
    let mut files = FileDescriptorSet::decode(std::fs::read(source)?.as_slice())?;
    for file in &mut files.file {
        file.source_code_info = None;
    }
    let mut services = files.clone();
    services.file.retain(|file| !file.service.is_empty());
    write("ydb-services.bin", &services)?;
    let mut needed: BTreeSet<String> = SERVED.map(|name| format!("ydb_{name}_v1.proto")).into();
    // Files come behind those that they import.
    for file in files.file.iter().rev() {
        if needed
            .iter()
            .any(|name| file.name().ends_with(name.as_str()))
        {
            needed.extend(file.dependency.iter().cloned());
        }
    }
    files.file.retain(|file| {
        needed
            .iter()
            .any(|name| file.name().ends_with(name.as_str()))
    });
    write("ydb-messages.bin", &files)
}

fn write(name: &str, files: &FileDescriptorSet) -> Result<(), Box<dyn Error>> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("proto")
        .join(name);
    Ok(std::fs::write(target, files.encode_to_vec())?)
}
