//! What the emulator does and refuses, and how that is known:
//! `emulator/behaviours/*.yaml`, from which `docs/emulator.md` is generated.

mod catalogue;
mod evidence;
mod page;

use std::path::Path;

use crate::chore::ChoreError;
use catalogue::Section;
use evidence::Sources;

/// The page. Fails with everything that is claimed without a test, a source or
/// in a form that isn't known.
pub(crate) fn page(root: &Path) -> Result<String, ChoreError> {
    let folder = root.join("emulator/behaviours");
    let sections = catalogue::read(&folder)?;
    let sources = Sources::below(root);
    let complaints: Vec<String> = sections
        .iter()
        .flat_map(|section| complaints(section, &sources))
        .collect();
    if complaints.is_empty() {
        Ok(page::render(&sections))
    } else {
        Err(ChoreError::refused(format_args!(
            "emulator/behaviours: {}",
            complaints.join("\nxtask: emulator/behaviours: ")
        )))
    }
}

fn complaints(section: &Section, sources: &Sources) -> Vec<String> {
    let mut found = section.complaints();
    for test in section.tests() {
        if let Err(reason) = sources.look_for(test) {
            found.push(format!("{}: {test}: {reason}", section.title));
        }
    }
    found
}
