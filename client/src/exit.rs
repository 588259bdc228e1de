//! Exit codes.

/// How the process ends; the numbers are a promise to scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything was done.
    Clean,
    /// Something that shouldn't happen.
    Unexpected,
    /// The command line is wrong.
    Usage,
    /// The chat doesn't exist or isn't Ready.
    NotReady,
    /// Name resolution, TCP or TLS failed.
    Unreachable,
    /// 401 or 403.
    Denied,
    /// The connection is gone and isn't coming back.
    Disconnected,
    /// A message wasn't acknowledged.
    NotAcknowledged,
    /// A message is too large, or the peer doesn't speak this protocol.
    Protocol,
    /// SIGINT.
    Interrupted,
    /// SIGTERM.
    Terminated,
}

impl Exit {
    /// The number that the shell sees.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Unexpected => 1,
            Self::Usage => 2,
            Self::NotReady => 3,
            Self::Unreachable => 4,
            Self::Denied => 5,
            Self::Disconnected => 6,
            Self::NotAcknowledged => 7,
            Self::Protocol => 8,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}
