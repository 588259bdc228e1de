//! What is fuzzed: functions over bytes that panic when a promise is broken.
//! `cargo xtask fuzz` drives them with libFuzzer, and `replay` goes through what
//! earlier runs found worth keeping (`fuzz/corpus/`) in every test run.

mod rest;

#[cfg(test)]
mod replay;

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

/// How long what a case started may take to end.
const ENDING: Duration = Duration::from_secs(5);

/// Something that takes bytes from outside.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Names the corpus as well.
    pub name: &'static str,
    /// Runs one case.
    pub run: fn(&[u8]),
}

/// All of them.
pub const TARGETS: [Target; 7] = [
    Target {
        name: "events",
        run: crate::gateway::fuzzing::events,
    },
    Target {
        name: "frames",
        run: crate::gateway::fuzzing::frames,
    },
    Target {
        name: "grpc",
        run: crate::ydb::fuzzing::grpc,
    },
    Target {
        name: "queries",
        run: crate::ydb::fuzzing::queries,
    },
    Target {
        name: "rest",
        run: rest::calls,
    },
    Target {
        name: "specifications",
        run: crate::gateway::fuzzing::specifications,
    },
    Target {
        name: "yql",
        run: crate::ydb::fuzzing::yql,
    },
];

/// Runs a case on a runtime of its own. No task may outlive it.
pub(crate) fn alone<T>(case: impl Future<Output = T>) -> T {
    let runtime = runtime();
    let outcome = runtime.block_on(case);
    runtime.block_on(async {
        let started = std::time::Instant::now();
        while runtime.metrics().num_alive_tasks() > 0 {
            assert!(
                started.elapsed() < ENDING,
                "{} tasks go on after their case",
                runtime.metrics().num_alive_tasks()
            );
            tokio::task::yield_now().await;
        }
    });
    outcome
}

fn runtime() -> Runtime {
    let built = Builder::new_current_thread().enable_all().build();
    built.expect("a runtime")
}
