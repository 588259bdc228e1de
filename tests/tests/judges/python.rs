//! YDB's Python SDK: `tests/judges/python-ydb`.

use libtest_mimic::{Failed, Trial};
use wschat_tests::binaries::{target_folder, workspace_root};

use crate::stage::{Stage, trial};

pub(crate) fn trial_of_python() -> Trial {
    trial("python-ydb", judge)
}

async fn judge(stage: Stage) -> Result<Stage, Failed> {
    let python = target_folder().join("judges/python-ydb/bin/python");
    if !python.is_file() {
        return Err("build the Python judge with `cargo xtask judges`".into());
    }
    let scenarios = workspace_root().join("tests/judges/python-ydb");
    let pytest = stage
        .judge(&python)
        .environment("PYTHONDONTWRITEBYTECODE", "1");
    let arguments = [
        "-m".into(),
        "pytest".into(),
        "-p".into(),
        "no:cacheprovider".into(),
        "--quiet".into(),
        "--durations=5".into(),
        scenarios.into_os_string(),
    ];
    pytest.run(arguments).await?;
    Ok(stage)
}
