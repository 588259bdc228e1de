//! Between libFuzzer and the targets.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use libfuzzer_sys::fuzz_target;

/// Cases between two looks at what the process holds.
const CASES: u64 = 1000;
/// Files that targets may keep open between cases: databases that they share.
const SHARED: usize = 64;

fuzz_target!(|data: &[u8]| Driver::get().case(data));

/// The target that runs, and what the process had when it began.
struct Driver {
    run: fn(&[u8]),
    cases: AtomicU64,
    files: usize,
}

impl Driver {
    /// Made when the first case comes; libFuzzer calls a function without a state.
    fn get() -> &'static Self {
        static DRIVER: OnceLock<Driver> = OnceLock::new();
        DRIVER.get_or_init(Self::new)
    }

    fn new() -> Self {
        let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
        let chat = wschat_fuzz::TARGETS.map(|target| (target.name, target.run));
        let emulator = yc_emulator::fuzzing::TARGETS.map(|target| (target.name, target.run));
        let mut all = chat.into_iter().chain(emulator);
        let (_, run) = all
            .find(|(own, _)| *own == name)
            .unwrap_or_else(|| panic!("there is no target {name:?}"));
        Self {
            run,
            cases: AtomicU64::new(0),
            files: open_files(),
        }
    }

    fn case(&self, data: &[u8]) {
        (self.run)(data);
        if self.cases.fetch_add(1, Ordering::Relaxed) % CASES == 0 {
            let open = open_files();
            assert!(
                open <= self.files + SHARED,
                "{open} files are open, and {} were before the first case",
                self.files
            );
        }
    }
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}
