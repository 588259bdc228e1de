//! Connections that wait for the next transaction.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rusqlite::Connection;

use super::file::lock;

/// How many wait, of all databases together. Each has three files open, and a
/// process may have some thousands: a database that is only there has none.
const MOST: usize = 128;

/// Those of all databases; clones share them.
#[derive(Clone, Default)]
pub(crate) struct IdleConnections(Arc<Mutex<VecDeque<Idle>>>);

/// A connection, behind the file that it has open.
type Idle = (Arc<Path>, Connection);

impl IdleConnections {
    /// The one of this file that was used last.
    pub(super) fn take(&self, file: &Path) -> Option<Connection> {
        let mut all = lock(&self.0);
        let place = all.iter().rposition(|(of, _)| **of == *file)?;
        all.remove(place).map(|(_, connection)| connection)
    }

    /// Keeps one for the next transaction; the one that nobody used for the longest
    /// time makes room.
    pub(super) fn give_back(&self, file: &Arc<Path>, connection: Connection) {
        let mut all = lock(&self.0);
        all.push_back((Arc::clone(file), connection));
        let too_many = if all.len() > MOST {
            all.pop_front()
        } else {
            None
        };
        // Closing takes a while, and nobody has to wait for it.
        drop(all);
        drop(too_many);
    }

    /// Closes those of a file.
    pub(super) fn close(&self, file: &Path) {
        lock(&self.0).retain(|(of, _)| **of != *file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(number: i64) -> Connection {
        let connection = Connection::open_in_memory().expect("a database");
        connection
            .pragma_update(None, "user_version", number)
            .expect("a number");
        connection
    }

    fn number(connection: Option<Connection>) -> Option<i64> {
        let number = |row: &rusqlite::Row<'_>| row.get(0);
        connection.map(|one| {
            one.pragma_query_value(None, "user_version", number)
                .expect("a number")
        })
    }

    #[test]
    fn the_one_that_was_used_last_is_used_next() {
        let idle = IdleConnections::default();
        let [a, b]: [Arc<Path>; 2] = ["a", "b"].map(|name| Arc::from(Path::new(name)));
        for (file, number) in [(&a, 1), (&a, 2), (&b, 3)] {
            idle.give_back(file, connection(number));
        }
        let taken = [&a, &a, &a, &b].map(|file| number(idle.take(file)));
        assert_eq!(taken, [Some(2), Some(1), None, Some(3)]);
    }

    #[test]
    fn the_oldest_makes_room() {
        let idle = IdleConnections::default();
        let files: Vec<Arc<Path>> = (0..=MOST)
            .map(|number| Arc::from(Path::new(&number.to_string())))
            .collect();
        for (file, number) in files.iter().zip(0..) {
            idle.give_back(file, connection(number));
        }
        assert_eq!(number(idle.take(&files[0])), None);
        assert_eq!(number(idle.take(&files[1])), Some(1));
    }

    #[test]
    fn a_file_that_goes_has_none() {
        let idle = IdleConnections::default();
        let [a, b]: [Arc<Path>; 2] = ["a", "b"].map(|name| Arc::from(Path::new(name)));
        idle.give_back(&a, connection(1));
        idle.give_back(&b, connection(2));
        idle.close(&a);
        assert_eq!(number(idle.take(&a)), None);
        assert_eq!(number(idle.take(&b)), Some(2));
    }
}
