//! The catalogue as a page for people.

use super::catalogue::{Behaviour, Section, Service, Standing, link};

const HEAD: &str = "\
<!-- Generated from emulator/behaviours/ by `make generate`; don't edit. -->

# What the emulator does

Everything here is proved on the emulator, so it says how far it can be believed:

- **supported**: as the cloud documents it; the named tests fail when it isn't so.
- **refused**: not there; whoever asks is told so by name. A false success would be worse.
- **guess**: the cloud's documents are silent; this is what we chose, and the tests hold it still.

Each method of the services below is in a table: tests compare them with the official API descriptors, and call every one to see whether it is refused.
";

/// The whole page.
pub(super) fn render(sections: &[Section]) -> String {
    let head = [HEAD.trim_end().to_owned(), counts(sections)];
    let blocks: Vec<String> = head
        .into_iter()
        .chain(sections.iter().flat_map(blocks))
        .collect();
    blocks.join("\n\n") + "\n"
}

/// What a section consists of, each with an empty line behind it.
fn blocks(section: &Section) -> Vec<String> {
    let mut blocks = vec![format!("## {}", section.title)];
    if !section.introduction.is_empty() {
        blocks.push(section.introduction.trim().to_owned());
    }
    for service in &section.services {
        blocks.push(format!("`{}`", service.name));
        blocks.push(methods(service));
    }
    if !section.behaviours.is_empty() {
        blocks.push(behaviours(&section.behaviours));
    }
    blocks
}

fn counts(sections: &[Section]) -> String {
    let services = || sections.iter().flat_map(|section| &section.services);
    let supported: usize = services().map(|service| service.supported.len()).sum();
    let refused: usize = services().map(|service| service.refused.len()).sum();
    let behaviours = |standing| {
        let all = sections.iter().flat_map(|section| &section.behaviours);
        all.filter(|one| one.is == standing).count().to_string()
    };
    table(
        &["", "supported", "refused", "guess"],
        &[
            row(["methods", &supported.to_string(), &refused.to_string(), "–"]),
            [
                vec!["behaviours".to_owned()],
                Standing::ALL.map(behaviours).to_vec(),
            ]
            .concat(),
        ],
    )
}

fn methods(service: &Service) -> String {
    let supported = service.supported.iter();
    let mut rows: Vec<Vec<String>> = supported
        .map(|(method, tests)| row([method, "supported", &links(tests)]))
        .collect();
    if !service.refused.is_empty() {
        let names = service.refused.join(", ");
        rows.push(row([&names, "refused", &links(&service.refused_by)]));
    }
    table(&["method", "", "test"], &rows)
}

fn behaviours(all: &[Behaviour]) -> String {
    let cells = |one: &Behaviour| {
        row([
            &cell(&one.what),
            one.is.word(),
            &cell(&link(&one.source)),
            &links(&one.tests),
        ])
    };
    let rows: Vec<_> = all.iter().map(cells).collect();
    table(&["behaviour", "", "source", "test"], &rows)
}

fn row<const WIDTH: usize>(cells: [&str; WIDTH]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
    let heads: Vec<String> = heads.iter().map(|&head| head.to_owned()).collect();
    let mut lines = vec![line(&heads), "|---".repeat(heads.len()) + "|"];
    lines.extend(rows.iter().map(|cells| line(cells)));
    lines.join("\n")
}

/// A test as a link to its file.
fn links(tests: &[String]) -> String {
    let link = |test: &String| {
        let (path, name) = test.split_once("::").unwrap_or((test, test));
        format!("[{name}](../{path})")
    };
    tests.iter().map(link).collect::<Vec<_>>().join(", ")
}

fn cell(text: &str) -> String {
    text.trim().replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_has_its_methods_and_behaviours() {
        let section: Section = serde_norway::from_str(
            "title: Things
services:
- name: S
  supported: {Get: [a.rs::reads]}
  refused: [Put, Post]
  refused_by: [a.rs::refuses]
behaviours:
- {what: 'one | two', is: guess, tests: [b.py::test_c]}
",
        )
        .unwrap();
        let page = render(&[section]);
        for line in [
            "## Things",
            "| methods | 1 | 2 | – |",
            "| behaviours | 0 | 0 | 1 |",
            "| Get | supported | [reads](../a.rs) |",
            "| Put, Post | refused | [refuses](../a.rs) |",
            "| one \\| two | guess |  | [test_c](../b.py) |",
        ] {
            assert!(page.lines().any(|one| one == line), "{line} in\n{page}");
        }
    }
}
