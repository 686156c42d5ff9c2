//! Runs of the event graph: what the log stores and the walker walks.
//!
//! An event is one code point inserted or deleted. Events are numbered in the order of the log, which is a causal
//! order; a run is a stretch of them that one agent made one directly after the other.

/// Number of an event in the log ("local version"): differs between replicas, never leaves one.
pub(crate) type Lv = u32;

/// What an event does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Insert,
    Delete,
}

/// Consecutive events of one agent, each made directly after the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// First event.
    pub(crate) start: Lv,
    /// Number of events.
    pub(crate) len: u32,
    /// Index of the agent in its log.
    pub(crate) agent: u32,
    pub(crate) kind: Kind,
    /// Where the first event inserts or deletes, in the version that its parents name. Each further insertion is one
    /// to the right; each further deletion is at the same place, or one to the left if `backward`.
    pub(crate) position: u32,
    /// Deletions with the backspace key.
    pub(crate) backward: bool,
}

impl Run {
    /// The event after the last one.
    pub(crate) fn end(&self) -> Lv {
        self.start + self.len
    }
}
