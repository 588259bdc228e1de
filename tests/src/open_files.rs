//! How many files this process may have open: every socket is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The process can't have as many as it needs.
#[derive(Debug, thiserror::Error)]
pub enum OpenFilesError {
    /// Only somebody with more rights may give it more.
    #[error(
        "{needed} open files are needed and {most} allowed; start this from a shell with a \
         higher hard limit (`ulimit -Hn`)"
    )]
    TooFew {
        /// How many it needs.
        needed: u64,
        /// The hard limit.
        most: u64,
    },
    /// The system refuses.
    #[error("cannot raise the limit of open files: {0}")]
    Raise(std::io::Error),
}

/// Raises the limit as far as it goes, which must be to `needed` at least.
pub fn allow(needed: u64) -> Result<(), OpenFilesError> {
    let limit = enough(getrlimit(Resource::Nofile), needed)?;
    setrlimit(Resource::Nofile, limit).map_err(|error| OpenFilesError::Raise(error.into()))
}

/// The raised limit; none is no limit.
fn enough(limit: Rlimit, needed: u64) -> Result<Rlimit, OpenFilesError> {
    match limit.maximum {
        Some(most) if most < needed => Err(OpenFilesError::TooFew { needed, most }),
        maximum => Ok(Rlimit {
            current: maximum,
            maximum,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(current: u64, maximum: Option<u64>) -> Rlimit {
        Rlimit {
            current: Some(current),
            maximum,
        }
    }

    #[test]
    fn the_limit_is_raised_as_far_as_it_goes() {
        let raised = enough(limit(1024, Some(4096)), 4096).unwrap();
        assert_eq!(raised, limit(4096, Some(4096)));
        let raised = enough(limit(1024, None), 4096).unwrap();
        assert_eq!((raised.current, raised.maximum), (None, None));
    }

    #[test]
    fn a_hard_limit_that_is_too_low_is_named() {
        let error = enough(limit(1024, Some(4096)), 4097).unwrap_err();
        let words = error.to_string();
        assert!(words.starts_with("4097 open files are needed and 4096 allowed"));
    }
}
