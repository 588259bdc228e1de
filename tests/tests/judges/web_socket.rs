//! The conformance cases of WebSocket, through a gateway and a function that
//! returns every message.

use libtest_mimic::{Failed, Trial};
use wschat_tests::cloud::Cloud;
use wschat_tests::judge;

use crate::stage::{Stage, trial};

/// What a gateway does otherwise on purpose.
const LEFT_OUT: [(&str, &[&str]); 4] = [
    // A function's reply without a body is no message.
    ("empty messages", &["1.1.1", "1.2.1", "6.1.1", "6.1.2"]),
    // The cloud closes with 1009, documented.
    (
        "frames above 32 KB",
        &["1.1.6", "1.1.7", "1.1.8", "1.2.6", "1.2.7", "1.2.8"],
    ),
    ("messages above 128 KB, and speed", &["9.*"]),
    ("compression, which isn't documented", &["12.*", "13.*"]),
];

pub(crate) fn trial_of_gateway() -> Trial {
    trial("web-socket", judge)
}

async fn judge(stage: Stage) -> Result<Stage, Failed> {
    let cloud = Cloud::of(stage.emulator.addresses())?;
    let url = cloud.echo(cloud.account()).await?;
    let report = stage.folder.join("report");
    let mut arguments = ["--mode", "fuzzingclient"].map(str::to_owned).to_vec();
    arguments.extend(["--parallelism".to_owned(), "4".to_owned()]);
    arguments.extend(["--outdir".to_owned(), report.to_string_lossy().into_owned()]);
    for case in LEFT_OUT.iter().flat_map(|(_, cases)| *cases) {
        arguments.extend(["--exclude".to_owned(), (*case).to_owned()]);
    }
    arguments.push(url);
    let printed = judge::command("web-socket", "kosoku")?
        .run(arguments)
        .await?;
    assert!(printed.contains("cases passed"), "{printed}");
    Ok(stage)
}
