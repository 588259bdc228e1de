//! `cargo xtask generate`: the committed files that are made from code.

use std::path::PathBuf;

use crate::behaviours;
use crate::chore::{ChoreError, say};
use crate::workspace;

/// How to generate.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Write nothing; fail if a file is not as it would be written
    #[arg(long)]
    check: bool,
}

/// A file and what belongs in it.
struct Generated {
    path: PathBuf,
    contents: String,
}

/// Writes or checks all of them.
pub(crate) fn run(options: &Options) -> Result<(), ChoreError> {
    if options.check { check() } else { write() }
}

/// Fails with the names of the files that are out of date.
pub(crate) fn check() -> Result<(), ChoreError> {
    let stale: Vec<String> = all()?
        .iter()
        .filter(|file| !is_written(file))
        .map(|file| file.path.display().to_string())
        .collect();
    if stale.is_empty() {
        Ok(())
    } else {
        Err(ChoreError::refused(format_args!(
            "out of date: {}; run `make generate`",
            stale.join(", ")
        )))
    }
}

fn write() -> Result<(), ChoreError> {
    for file in all()?.iter().filter(|file| !is_written(file)) {
        if let Some(folder) = file.path.parent() {
            std::fs::create_dir_all(folder).map_err(ChoreError::file("create", folder))?;
        }
        std::fs::write(&file.path, &file.contents)
            .map_err(ChoreError::file("write", &file.path))?;
        say(format_args!("wrote {}", file.path.display()));
    }
    Ok(())
}

fn is_written(file: &Generated) -> bool {
    std::fs::read_to_string(&file.path).is_ok_and(|written| written == file.contents)
}

fn all() -> Result<Vec<Generated>, ChoreError> {
    let root = workspace::root();
    Ok(vec![
        Generated {
            path: root.join("crds/wschat.yaml"),
            contents: wschat_crds::crd::yaml().map_err(ChoreError::refused)?,
        },
        Generated {
            path: root.join("charts/wschat-crds/templates/wschat.yaml"),
            contents: chart_template()?,
        },
        Generated {
            path: root.join("docs/emulator.md"),
            contents: behaviours::page(root)?,
        },
        Generated {
            path: root.join("docs/status.md"),
            contents: wschat_crds::page::status(),
        },
    ])
}

/// The definition as a template of the chart: kept when the chart is removed,
/// since its removal would delete every chat.
fn chart_template() -> Result<String, ChoreError> {
    let mut definition = wschat_crds::crd::definition().map_err(ChoreError::refused)?;
    let annotations = definition.metadata.annotations.get_or_insert_default();
    annotations.insert("helm.sh/resource-policy".to_owned(), "keep".to_owned());
    let yaml = serde_norway::to_string(&definition).map_err(ChoreError::refused)?;
    Ok(format!(
        "# Generated from the types in crds/src by `make generate`; don't edit.\n{}",
        escape(&yaml)
    ))
}

/// Keeps Helm from taking braces in a description for its own.
fn escape(yaml: &str) -> String {
    yaml.replace("{{", r#"{{ "{{" }}"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chart_keeps_the_definition_when_it_is_removed() {
        let template = chart_template().unwrap();
        assert!(template.contains("helm.sh/resource-policy: keep"));
    }

    #[test]
    fn braces_are_not_left_to_helm() {
        assert_eq!(escape("a {{ b }}"), r#"a {{ "{{" }} b }}"#);
    }
}
