use std::io::{Cursor, Read as _};

use zip::ZipArchive;

use super::*;

#[test]
fn the_archive_holds_the_files_and_nothing_of_the_moment() {
    let files: [(&str, &[u8]); 2] = [("handler.node", b"ELF"), ("index.js", b"exports")];
    let packed = archive::pack(&files).unwrap();
    assert_eq!(packed, archive::pack(&files).unwrap());
    let mut archive = ZipArchive::new(Cursor::new(packed)).unwrap();
    let names: Vec<_> = archive
        .file_names()
        .map(|name| name.unwrap().into_owned())
        .collect();
    assert_eq!(names, ["handler.node", "index.js"]);
    let mut file = archive.by_name("index.js").unwrap();
    assert_eq!(file.unix_mode().map(|mode| mode & 0o777), Some(0o644));
    assert_eq!(file.last_modified().map(|time| time.year()), Some(1980));
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    assert_eq!(text, "exports");
}

#[test]
fn too_large_an_archive_is_refused() {
    assert!(check_size(MOST_BYTES).is_ok());
    let error = check_size(MOST_BYTES + 1).unwrap_err().to_string();
    assert!(error.contains("2097153 bytes"), "{error}");
}

#[test]
fn a_stand_in_that_nobody_takes_is_named() {
    let package = "[[package]]\nname = \"url\"\nversion = \"2.5.8\"\n\n";
    assert_eq!(unused_stand_in(package), None);
    let unused = "[[patch.unused]]\nname = \"reqwest\"\nversion = \"0.11.27\"\n";
    assert_eq!(
        unused_stand_in(&format!("{package}{unused}")),
        Some("reqwest")
    );
}

#[test]
fn versions_of_glibc_are_compared_as_numbers() {
    assert_eq!(c_library::glibc(b"GLIBC_2.34"), Some((2, 34)));
    assert_eq!(c_library::glibc(b"GLIBC_2.2.5"), Some((2, 2)));
    assert_eq!(c_library::glibc(b"GCC_3.0"), None);
    assert!(c_library::glibc(b"GLIBC_2.4") < c_library::glibc(b"GLIBC_2.34"));
}

#[test]
fn a_programs_needs_are_read_from_it() {
    // Any program of this machine will do: the test itself needs a C library.
    let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let (major, minor) = c_library::needed(&program).unwrap().unwrap();
    assert_eq!(major, 2);
    assert!(minor > 2, "2.{minor}");
    let error = c_library::check(b"no program").unwrap_err().to_string();
    assert!(error.contains("build it there"), "{error}");
}

#[test]
fn a_file_is_replaced_at_once_and_only_when_it_differs() {
    use std::os::unix::fs::MetadataExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("handler.zip");
    let inode = || std::fs::metadata(&path).unwrap().ino();
    replace(&path, b"one").unwrap();
    let first = inode();
    replace(&path, b"one").unwrap();
    assert_eq!(inode(), first);
    replace(&path, b"two").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"two");
    assert_ne!(inode(), first);
}
