//! Every kept case of the chat's targets; the emulator replays its own.

use std::path::Path;

use wschat_fuzz::TARGETS;

#[test]
fn kept_cases_are_still_read_as_promised() {
    for target in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("corpus")
            .join(target.name);
        let mut cases = 0;
        for entry in std::fs::read_dir(&folder).expect("a corpus for each target") {
            let file = entry.unwrap().path();
            // A failing test shows its output: the last line names the case.
            println!("{}", file.display());
            (target.run)(&std::fs::read(&file).unwrap());
            cases += 1;
        }
        assert!(cases > 0, "{} has no cases", target.name);
    }
}
