//! The database's migrations, embedded, and goose's notation for them.
//!
//! The operator keeps goose's own version table, so that the tool and the
//! operator agree about what was applied.

/// goose's table of applied versions.
pub(crate) const VERSION_TABLE: &str = "goose_db_version";

/// All migrations, oldest first: their file names and texts.
const FILES: [(&str, &str); 1] = [(
    "001_create_connections.sql",
    include_str!("../../migrations/001_create_connections.sql"),
)];

/// One migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Migration {
    pub(crate) version: i64,
    /// The statements that apply it, in order.
    pub(crate) statements: Vec<String>,
}

/// A migration that this program cannot read: its build is broken.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the embedded migration {file} is not in goose's notation: {problem}")]
pub(crate) struct BadMigration {
    file: String,
    problem: &'static str,
}

/// The embedded migrations, oldest first.
pub(crate) fn all() -> Result<Vec<Migration>, BadMigration> {
    FILES.iter().map(|(file, text)| parse(file, text)).collect()
}

/// The embedded files' texts, for their hash.
pub(crate) fn texts() -> [&'static str; FILES.len()] {
    FILES.map(|(_, text)| text)
}

fn parse(file: &str, text: &str) -> Result<Migration, BadMigration> {
    let bad = |problem| BadMigration {
        file: file.to_owned(),
        problem,
    };
    let number: String = file.chars().take_while(char::is_ascii_digit).collect();
    let version = number.parse().map_err(|_| bad("its name has no number"))?;
    let up = text
        .split_once("-- +goose Up")
        .ok_or_else(|| bad("it has no Up part"))?
        .1;
    let up = up.split_once("-- +goose Down").map_or(up, |(up, _)| up);
    let mut statements = Vec::new();
    let mut statement = String::new();
    let mut whole = false;
    for line in up.lines() {
        match line.trim() {
            "-- +goose StatementBegin" => whole = true,
            "-- +goose StatementEnd" => {
                whole = false;
                finish(&mut statements, &mut statement);
            }
            comment if comment.starts_with("--") && !whole => {}
            code => {
                statement.push_str(line);
                statement.push('\n');
                if code.ends_with(';') && !whole {
                    finish(&mut statements, &mut statement);
                }
            }
        }
    }
    finish(&mut statements, &mut statement);
    if statements.is_empty() {
        return Err(bad("its Up part is empty"));
    }
    Ok(Migration {
        version,
        statements,
    })
}

/// Ends a statement; blank ones are dropped.
fn finish(statements: &mut Vec<String>, statement: &mut String) {
    let text = std::mem::take(statement)
        .trim()
        .trim_end_matches(';')
        .trim_end()
        .to_owned();
    if !text.is_empty() {
        statements.push(text);
    }
}

/// The table that a statement creates, if it creates one. Such a statement is
/// left out when the table is there: the operator may have died between the
/// statement and the version's row.
pub(crate) fn created_table(statement: &str) -> Option<&str> {
    let mut words = statement.split_whitespace();
    let mut next_is = |word: &str| {
        words
            .next()
            .is_some_and(|next| next.eq_ignore_ascii_case(word))
    };
    if !(next_is("CREATE") && next_is("TABLE")) {
        return None;
    }
    let name = match words.next()? {
        word if word.eq_ignore_ascii_case("IF") => words.nth(2)?,
        word => word,
    };
    Some(name.split('(').next()?.trim_matches('`'))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_of_the_folder_is_embedded() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| Path::new(name).extension() == Some(OsStr::new("sql")))
            .collect();
        files.sort();
        assert_eq!(files, FILES.map(|(name, _)| name.to_owned()));
    }

    #[test]
    fn the_first_migration_creates_the_connections() {
        let migrations = all().unwrap();
        assert_eq!(migrations[0].version, 1);
        let tables: Vec<_> = migrations[0]
            .statements
            .iter()
            .filter_map(|s| created_table(s))
            .collect();
        assert_eq!(tables, ["connections"]);
    }

    #[test]
    fn goose_notation_is_understood() {
        let text = "-- about it\n-- +goose Up\n-- a comment\nCREATE TABLE a (\n  id Utf8\n);\n\
                    -- +goose StatementBegin\nALTER TABLE a SET (x = 1);\nSELECT 1;\n\
                    -- +goose StatementEnd\n-- +goose Down\nDROP TABLE a;\n";
        let migration = parse("007_a.sql", text).unwrap();
        assert_eq!(migration.version, 7);
        assert_eq!(
            migration.statements,
            [
                "CREATE TABLE a (\n  id Utf8\n)",
                "ALTER TABLE a SET (x = 1);\nSELECT 1"
            ]
        );
        assert!(parse("a.sql", text).is_err());
        assert!(parse("001_a.sql", "CREATE TABLE a;").is_err());
    }

    #[test]
    fn created_tables_are_recognised() {
        assert_eq!(created_table("CREATE TABLE `t` (id Utf8)"), Some("t"));
        assert_eq!(
            created_table("create table if not exists t(id Utf8)"),
            Some("t")
        );
        assert_eq!(created_table("ALTER TABLE t ADD COLUMN x Utf8"), None);
    }
}
