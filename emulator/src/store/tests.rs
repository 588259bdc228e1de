//! Tests of the store and of its folder.

use std::path::Path;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::{Kept, Records, StateError, StateFolder, Store};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Cat {
    lives: u32,
}

impl Kept for Cat {
    const KIND: &'static str = "cat";
}

fn state(folder: &Path) -> StateFolder {
    StateFolder::open(folder).unwrap()
}

fn lives(store: &Store) -> Vec<(String, u32)> {
    let cats: Records<Cat> = Records::load(store).unwrap();
    let all = cats.iter();
    all.map(|(id, cat)| (id.clone(), cat.lives)).collect()
}

#[test]
fn changes_are_there_after_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let first = state(folder.path());
    let mut cats: Records<Cat> = Records::load(first.store()).unwrap();
    for name in ["felix", "minka", "tom"] {
        cats.insert(name.to_owned(), Cat { lives: 9 });
    }
    cats.edit("felix").unwrap().lives = 8;
    cats.edit_those(|cat| cat.lives == 8, |cat| cat.lives = 7);
    cats.remove("minka");
    cats.insert("garfield".to_owned(), Cat { lives: 0 });
    cats.retain(|cat| cat.lives > 0);
    first.store().keep("name", &"cats");
    drop((cats, first));

    let second = state(folder.path());
    let expected = [("felix", 7), ("tom", 9)];
    let expected = expected.map(|(name, lives)| (name.to_owned(), lives));
    assert_eq!(lives(second.store()), expected);
    let name: Option<String> = second.store().kept("name").unwrap();
    assert_eq!(name.as_deref(), Some("cats"));
}

#[test]
fn what_is_pushed_goes_behind_all_others() {
    let folder = tempfile::tempdir().unwrap();
    for start in 0..3 {
        let state = state(folder.path());
        let mut cats: Records<Cat> = Records::load(state.store()).unwrap();
        for number in 0..5 {
            let lives = start * 5 + number;
            cats.push(Cat { lives });
        }
        let in_order: Vec<u32> = cats.values().map(|cat| cat.lives).collect();
        assert!(in_order.is_sorted(), "{in_order:?}");
        assert_eq!(in_order.last(), Some(&(start * 5 + 4)), "{in_order:?}");
    }
}

#[tokio::test]
async fn a_unit_is_saved_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let state = state(folder.path());
    let mut cats: Records<Cat> = Records::load(state.store()).unwrap();
    // What a process that starts after a kill would see.
    let other = Connection::open(folder.path().join("cloud.sqlite")).unwrap();
    let seen = || -> i64 {
        let sql = "SELECT COUNT(*) FROM records WHERE kind = 'cat'";
        other.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let unit = state.store().unit().await;
    cats.insert("felix".to_owned(), Cat { lives: 9 });
    cats.insert("tom".to_owned(), Cat { lives: 9 });
    assert_eq!(seen(), 0);
    drop(unit);
    assert_eq!(seen(), 2);
    cats.insert("minka".to_owned(), Cat { lives: 9 });
    assert_eq!(seen(), 3);
}

#[test]
fn without_a_folder_nothing_is_kept() {
    let mut cats: Records<Cat> = Records::default();
    cats.insert("felix".to_owned(), Cat { lives: 9 });
    assert_eq!(cats.len(), 1);
    assert_eq!(lives(&Store::default()), []);
}

#[test]
fn two_emulators_dont_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let first = state(folder.path());
    let refused = StateFolder::open(folder.path()).unwrap_err();
    let text = refused.to_string();
    assert!(matches!(refused, StateError::Locked { .. }), "{text}");
    assert!(text.contains(&std::process::id().to_string()), "{text}");
    drop(first);
    state(folder.path());
}

#[test]
fn a_folder_with_something_else_in_it_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("thesis.txt");
    std::fs::write(&file, "years of work").unwrap();
    let refused = StateFolder::open(folder.path()).unwrap_err();
    assert!(matches!(refused, StateError::Foreign { .. }), "{refused}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_file_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cloud.sqlite");
    std::fs::write(
        &file,
        "not a file of SQLite, but long enough to look like one",
    )
    .unwrap();
    let refused = StateFolder::open(folder.path()).unwrap_err();
    assert!(matches!(refused, StateError::Foreign { .. }), "{refused}");
    std::fs::remove_file(&file).unwrap();
    let other = Connection::open(&file).unwrap();
    other.execute_batch("CREATE TABLE theirs (a)").unwrap();
    drop(other);
    let before = std::fs::read(&file).unwrap();
    let refused = StateFolder::open(folder.path()).unwrap_err();
    assert!(matches!(refused, StateError::Foreign { .. }), "{refused}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn another_format_is_refused_by_its_number() {
    let folder = tempfile::tempdir().unwrap();
    drop(state(folder.path()));
    let file = Connection::open(folder.path().join("cloud.sqlite")).unwrap();
    file.execute_batch("PRAGMA user_version = 77").unwrap();
    drop(file);
    let refused = StateFolder::open(folder.path()).unwrap_err();
    let text = refused.to_string();
    assert!(matches!(refused, StateError::Format { .. }), "{text}");
    assert!(text.contains("format 77"), "{text}");
}

#[test]
fn only_its_owner_reads_a_state() {
    use std::os::unix::fs::PermissionsExt;
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("new/state");
    let state = state(&folder);
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(state.path()), 0o700);
    assert_eq!(mode(&folder.join("cloud.sqlite")), 0o600);
}
