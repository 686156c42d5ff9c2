//! What a reader of the log wants of it.

use ramanujan_core::{AgentId, Color, DocumentId};
use ramanujan_timeline::Stored;

use crate::order::{After, Order};

/// Places of the log that one read may look at: some milliseconds of work.
pub const SCAN_EVENTS: u64 = 16_384;

/// Which events a reader wants; all of them by default.
#[derive(Clone, Debug, Default)]
pub struct Feed {
    /// Of this agent.
    pub agent: Option<AgentId>,
    /// Of this type.
    pub kind: Option<String>,
    /// About this document.
    pub document: Option<DocumentId>,
    /// Of this colour.
    pub color: Option<Color>,
}

/// Which events to read, in which order, from where on.
#[derive(Clone, Debug)]
pub struct Filter {
    /// From this time on, Unix milliseconds.
    pub from: Option<u64>,
    /// Before this time, Unix milliseconds.
    pub to: Option<u64>,
    /// Which events.
    pub feed: Feed,
    /// In which order.
    pub order: Order,
    /// Go on after this event.
    pub after: Option<After>,
}

/// What one read of the growing log found.
#[derive(Debug)]
pub struct Read {
    /// In the order of the log.
    pub events: Vec<Stored>,
    /// Everything up to here was looked at.
    pub position: u64,
    /// Whether the log goes on.
    pub more: bool,
}
