//! Every kept case of every target, in an ordinary test.

use std::path::{Path, PathBuf};

use super::TARGETS;

fn corpus(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fuzz/corpus")
        .join(target);
    let entries = std::fs::read_dir(&folder).expect("a corpus for each target");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn replay(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let files = corpus(name);
    assert!(!files.is_empty(), "{name} has no cases");
    for file in files {
        // A failing test shows its output: the last line names the case.
        println!("{}", file.display());
        (target.run)(&std::fs::read(&file).unwrap());
    }
}

macro_rules! replays {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            replay(stringify!($name));
        })*

        #[test]
        fn every_target_is_replayed() {
            let mut replayed = [$(stringify!($name)),*];
            replayed.sort_unstable();
            assert_eq!(replayed.to_vec(), TARGETS.map(|target| target.name));
        }
    };
}

replays!(events frames grpc queries rest specifications yql);
