//! YDB's Go SDK: `tests/judges/go-ydb`, as a test binary.

use libtest_mimic::{Failed, Trial};
use wschat_tests::binaries::target_folder;
use wschat_tests::program::Program;

use crate::stage::{Stage, trial};

pub(crate) fn trial_of_go() -> Trial {
    trial("go-ydb", judge)
}

async fn judge(stage: Stage) -> Result<Stage, Failed> {
    let scenarios = target_folder().join("judges/go-ydb/go-ydb.test");
    if !scenarios.is_file() {
        return Err("build the Go judge with `cargo xtask judges`".into());
    }
    let arguments = ["-test.v", "-test.timeout=90s"];
    stage.told(Program::new(&scenarios)).run(arguments).await?;
    Ok(stage)
}
