use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::ECHO;
use crate::error::Code;
use crate::functions::testing::{Stage, archive};
use crate::functions::unpack::{MAX_ARCHIVE, UnpackError, find_handler, unpack};

#[test]
fn bad_archives_are_refused_and_good_ones_keep_their_bits() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("code");
    let escape = unpack(&archive(&[("../escape.js", "1")]), &target).unwrap_err();
    assert!(matches!(escape, UnpackError::Outside(_)), "{escape}");
    assert!(!folder.path().join("escape.js").exists());
    assert!(matches!(
        unpack(b"no zip", &target),
        Err(UnpackError::NotAnArchive(_))
    ));
    let large = vec![0; MAX_ARCHIVE + 1];
    assert!(matches!(
        unpack(&large, &target),
        Err(UnpackError::ArchiveTooLarge(_))
    ));

    unpack(
        &archive(&[("bin/tool", "#!/bin/sh"), ("index.js", "")]),
        &target,
    )
    .unwrap();
    let mode = fs::metadata(target.join("bin/tool"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o755);
    let handler = find_handler(&target, "index.handler").unwrap();
    assert_eq!(
        (handler.file, handler.export.as_str()),
        (target.join("index.js"), "handler")
    );
    assert!(matches!(
        find_handler(&target, "main.handler"),
        Err(UnpackError::NoSuchFile(_))
    ));
    assert!(matches!(
        find_handler(&target, "../index.handler"),
        Err(UnpackError::Entrypoint(_))
    ));
}

#[tokio::test]
async fn a_bad_archive_fails_the_deployment() {
    let stage = Stage::new();
    let mut deployment = stage.deployment("d4e1", ECHO);
    deployment.entrypoint = "main.handler".to_owned();
    let status = stage.functions.deploy(deployment).await.unwrap_err();
    assert_eq!(status.code, Code::InvalidArgument);
    assert!(!stage.work.path().join("functions/d4e1-version").exists());
}
