//! The judge of recorded traffic is judged itself: each of its rules refuses a
//! bad sample (`tests/judges/descriptors/tests`).

use libtest_mimic::{Failed, Trial};
use tokio::runtime::Runtime;
use wschat_tests::judge;

pub(crate) fn trial_of_samples() -> Trial {
    Trial::test("descriptors refuse bad samples", || {
        Runtime::new()?.block_on(samples())
    })
}

async fn samples() -> Result<(), Failed> {
    let samples = judge::folder("descriptors").join("tests");
    let arguments = ["-m", "pytest", "--quiet", "-p", "no:cacheprovider"].map(Into::into);
    let arguments = arguments.into_iter().chain([samples]);
    judge::python("descriptors")?.run(arguments).await?;
    Ok(())
}
