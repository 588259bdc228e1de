//! Every kept case of every target, in an ordinary test.

use std::path::{Path, PathBuf};
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

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

/// Panics of this process. Runtimes catch those of their tasks, and libFuzzer's
/// driver ends with the first.
static PANICS: AtomicUsize = AtomicUsize::new(0);

fn count_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.fetch_add(1, Ordering::SeqCst);
            usual(panic);
        }));
    });
}

fn replay(name: &str) {
    count_panics();
    let before = PANICS.load(Ordering::SeqCst);
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let files = corpus(name);
    assert!(!files.is_empty(), "{name} has no cases");
    for file in files {
        // A failing test shows its output: the last line names the case.
        println!("{}", file.display());
        (target.run)(&std::fs::read(&file).unwrap());
        let panics = PANICS.load(Ordering::SeqCst) - before;
        assert_eq!(panics, 0, "something panicked meanwhile");
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
