//! Calls to addresses elsewhere: what they may take, and how they fail.

use std::fmt;

/// What a call to an address elsewhere may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Milliseconds until the whole reply is there.
    pub timeout_ms: u64,
    /// Most bytes of the reply's body: who answers is a stranger.
    pub most: usize,
}

/// Why there is no reply from an address elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreached {
    /// The manifest's `allowed_outbound_hosts` does not have it: nothing was sent.
    NotAllowed,
    /// The time was up.
    TimedOut,
    /// The reply is longer than it may be.
    TooLong,
    /// Anything else, in the words of the host.
    Failed(String),
}

impl fmt::Display for Unreached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreached::NotAllowed => f.write_str("allowed_outbound_hosts does not have its address"),
            Unreached::TimedOut => f.write_str("it did not answer in time"),
            Unreached::TooLong => f.write_str("its reply is longer than it may be"),
            Unreached::Failed(reason) => f.write_str(reason),
        }
    }
}
