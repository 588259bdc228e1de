//! Makes `proto/ydb-services.bin` from the descriptors that the crate
//! `ydb-grpc` ships: the files that hold services, without comments.
//!
//! `cargo run -p yc-emulator --example trim_descriptors -- <ydb-grpc>/src/descriptors.bin`

use std::error::Error;
use std::path::Path;

use prost::Message;
use prost_types::FileDescriptorSet;

fn main() -> Result<(), Box<dyn Error>> {
    let source = std::env::args()
        .nth(1)
        .ok_or("name ydb-grpc's descriptors.bin")?;
    let mut files = FileDescriptorSet::decode(std::fs::read(source)?.as_slice())?;
    files.file.retain(|file| !file.service.is_empty());
    for file in &mut files.file {
        file.source_code_info = None;
    }
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("proto/ydb-services.bin");
    std::fs::write(target, files.encode_to_vec())?;
    Ok(())
}
