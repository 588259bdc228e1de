//! The judges' own tests: each of their rules refuses a bad sample.

use wschat_tests::judge;

#[tokio::test]
async fn descriptors_refuse_bad_samples() {
    let python = judge::python("descriptors").unwrap();
    let samples = judge::folder("descriptors").join("tests");
    let arguments = ["-m", "pytest", "--quiet", "-p", "no:cacheprovider"].map(Into::into);
    let arguments = arguments.into_iter().chain([samples]);
    let output = python.output(arguments, "").await.unwrap();
    println!("{}", output.stdout);
    assert!(output.status.success(), "{}", output.stderr);
}
