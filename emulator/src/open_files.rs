//! How many files this process may have open: every socket is one.

use std::fmt;
use std::io;

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the limit as far as the process may do it itself. Usually it starts
/// with 1,024, which is kept that low only for programs that use select(2), as
/// getrlimit(2) tells; nothing here does. Functions inherit the limit, and
/// Node.js raises its own in the same way.
///
/// # Errors
/// The system's, when it refuses.
pub fn raise_limit() -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, raised(limit))?)
}

fn raised(limit: Rlimit) -> Rlimit {
    Rlimit {
        current: limit.maximum,
        ..limit
    }
}

/// Why a connection can't be accepted, and what helps when files have run out.
#[derive(Debug)]
pub struct Refused<'a>(pub &'a io::Error);

impl fmt::Display for Refused<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)?;
        if Errno::from_io_error(self.0) != Some(Errno::MFILE) {
            return Ok(());
        }
        if let Some(limit) = getrlimit(Resource::Nofile).current {
            write!(formatter, "; this process may have {limit}")?;
        }
        formatter.write_str(
            "; close some sockets, or start it with a higher hard limit (`ulimit -Hn`, \
             `LimitNOFILE=` of a service, `--ulimit nofile=` of a container)",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_to_what_the_process_may_have() {
        let before = getrlimit(Resource::Nofile);
        // One less takes nothing from the tests that run beside this one.
        let lowered = Rlimit {
            current: Some(before.maximum.map_or(1 << 20, |most| most - 1)),
            ..before
        };
        setrlimit(Resource::Nofile, lowered).unwrap();
        raise_limit().unwrap();
        let after = getrlimit(Resource::Nofile);
        assert_eq!(after.current, before.maximum);
        assert_eq!(after.maximum, before.maximum);
    }

    #[test]
    fn only_who_has_too_many_files_is_told_about_the_limit() {
        let words = |error: Errno| Refused(&io::Error::from(error)).to_string();
        assert!(words(Errno::MFILE).contains("`ulimit -Hn`"));
        assert!(!words(Errno::CONNABORTED).contains("limit"));
    }
}
