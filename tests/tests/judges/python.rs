//! YDB's Python SDK: `tests/judges/python-ydb`.

use libtest_mimic::{Failed, Trial};
use wschat_tests::judge;

use crate::stage::{Stage, trial};

pub(crate) fn trial_of_python() -> Trial {
    trial("python-ydb", judge)
}

async fn judge(stage: Stage) -> Result<Stage, Failed> {
    let pytest = stage.told(judge::python("python-ydb")?);
    let arguments = [
        "-m".into(),
        "pytest".into(),
        "-p".into(),
        "no:cacheprovider".into(),
        "--quiet".into(),
        "--durations=5".into(),
        judge::folder("python-ydb").into_os_string(),
    ];
    pytest.run(arguments).await?;
    Ok(stage)
}
