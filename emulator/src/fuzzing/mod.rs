//! What is fuzzed: functions over bytes that panic when a promise is broken.
//! `cargo xtask fuzz` drives them with libFuzzer, and `replay` goes through what
//! earlier runs found worth keeping (`fuzz/corpus/`) in every test run.

mod rest;

#[cfg(test)]
mod replay;

use std::time::Duration;

use tokio::runtime::{Builder, Runtime, RuntimeMetrics};

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

thread_local! {
    /// Made once, since what a runtime opens and starts takes longer than a case.
    static RUNTIME: Runtime = runtime();
}

/// Runs a case on the thread's runtime. No task may outlive it.
pub(crate) fn alone<T>(case: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| {
        let outcome = runtime.block_on(case);
        runtime.block_on(ended(&runtime.metrics()));
        outcome
    })
}

/// Waits until no task is left, nor work for the one thread that may block.
async fn ended(metrics: &RuntimeMetrics) {
    let started = std::time::Instant::now();
    while metrics.num_alive_tasks() > 0 {
        assert!(
            started.elapsed() < ENDING,
            "{} tasks go on after their case",
            metrics.num_alive_tasks()
        );
        tokio::task::yield_now().await;
    }
    let last = tokio::task::spawn_blocking(|| ());
    last.await.expect("a thread");
}

fn runtime() -> Runtime {
    let mut builder = Builder::new_current_thread();
    let built = builder.enable_all().max_blocking_threads(1).build();
    built.expect("a runtime")
}
