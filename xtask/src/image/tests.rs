//! With this test executable in the operator's place: it, too, is a Rust
//! binary that needs shared libraries and answers `--help`.

use std::path::Path;

use super::archive::{Image, image};
use super::contents::{self, CERTIFICATES, ENTRYPOINT, HANDLER};
use super::verify;

const REFERENCE: &str = "localhost/wschat-operator:1.2.3";

fn make(zip: &[u8]) -> Image {
    let folder = tempfile::tempdir().unwrap();
    let handler = folder.path().join("handler.zip");
    std::fs::write(&handler, zip).unwrap();
    let files = contents::of(&std::env::current_exe().unwrap(), &handler).unwrap();
    image(&files, REFERENCE).unwrap()
}

fn written(image: &Image, folder: &Path) -> std::path::PathBuf {
    let path = folder.join("image.tar");
    std::fs::write(&path, &image.bytes).unwrap();
    path
}

#[test]
fn an_engine_finds_what_it_needs_and_the_binary_runs_by_its_own_loader() {
    let folder = tempfile::tempdir().unwrap();
    let archive = written(&make(b"a zip"), folder.path());
    let read_back = verify::read(&archive).unwrap();

    let config = &read_back.config["config"];
    assert_eq!(config["Entrypoint"][0], format!("/{ENTRYPOINT}"));
    assert_eq!(config["User"], "65532:65532");
    let files = verify::files(&read_back.layer).unwrap();
    assert_eq!(files[HANDLER], b"a zip");
    let roots = String::from_utf8_lossy(&files[CERTIFICATES]);
    assert!(roots.matches("BEGIN CERTIFICATE").count() > 50);

    let printed =
        verify::run_entrypoint(&read_back, &folder.path().join("root"), &["--help"]).unwrap();
    assert!(printed.contains("--test-threads"), "{printed}");
}

#[test]
fn equal_inputs_make_equal_images_and_others_do_not() {
    let first = make(b"a zip");
    let again = make(b"a zip");
    assert_eq!(first.digest, again.digest);
    assert!(first.bytes == again.bytes);
    assert_ne!(first.digest, make(b"another zip").digest);
}

#[test]
fn a_changed_byte_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let mut image = make(b"a zip");
    let middle = image.bytes.len() / 2;
    image.bytes[middle] ^= 1;
    let archive = written(&image, folder.path());
    let error = verify::read(&archive).map(drop).unwrap_err();
    assert!(error.to_string().contains("digest"), "{error}");
}

#[test]
fn a_library_that_is_missing_is_named() {
    let listed = "\tlinux-vdso.so.1 (0x00007ffc)\n\tlibssl.so.9 => not found\n";
    let error = contents::libraries(listed).unwrap_err();
    assert!(error.to_string().contains("libssl.so.9"), "{error}");
}

#[test]
fn libraries_and_the_loader_are_listed_by_where_they_are_looked_for() {
    let listed = "\tlinux-vdso.so.1 (0x00007ffc)\n\tlibc.so.6 => /lib/x/libc.so.6 (0x0000)\n\t/lib64/ld-linux-x86-64.so.2 (0x0000)\n";
    let paths: Vec<_> = contents::libraries(listed)
        .unwrap()
        .into_iter()
        .map(|library| library.path)
        .collect();
    let expected = ["/lib/x/libc.so.6", "/lib64/ld-linux-x86-64.so.2"];
    assert_eq!(paths, expected.map(std::path::PathBuf::from));
}
