//! What is read of the network's replies.

use ramanujan_core::{Dot, VectorClock};
use serde::Deserialize;
use serde_json::Value;

/// `GET /crdt/{document}`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct State {
    pub(crate) heads: Vec<Dot>,
    /// Empty where the reply leaves it out: of a document that many agents write to it is told to who asks only.
    #[serde(default)]
    pub(crate) vector_clock: VectorClock,
    pub(crate) fingerprint: String,
    pub(crate) digest: String,
    /// Of a text, in code points.
    #[serde(default)]
    pub(crate) length: Option<u64>,
    pub(crate) value: Value,
}

/// `POST /stream/red|blue/apply` with one operation.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Acknowledgement {
    pub(crate) result: Stored,
}

/// An operation as it was stored.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Stored {
    pub(crate) parents: Vec<Dot>,
    /// Of the operation's content.
    #[serde(default)]
    pub(crate) digest: String,
    /// Of a text after the operation, in code points.
    #[serde(default)]
    pub(crate) length: Option<u64>,
}

/// A reply of which only success matters.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Done {}
