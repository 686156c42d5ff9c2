//! The vocabulary every other crate speaks: colours and polarities, vector clocks, fingerprints, identifiers,
//! times, problem documents, and the one pseudorandom generator.
//!
//! No I/O, no clock, no randomness of its own: times and seeds come in as arguments. Depends on nothing else in the workspace.

#![deny(missing_docs)]

pub mod actor_map;
mod actor_table;
pub mod clock;
pub mod color;
pub mod fingerprint;
pub mod id;
pub mod json;
pub mod problem;
#[cfg(not(target_family = "wasm"))]
mod schema;
pub mod splitmix;
pub mod time;

pub use actor_map::{ActorMap, ascending};
pub use clock::{Causality, LamportClock, VectorClock, VersionVector};
pub use color::{Color, Polarity};
pub use fingerprint::{Digest, Fingerprint, fnv1a64};
pub use id::{AgentId, DocumentId, Dot, PatternName};
pub use problem::{Code, Problem};

/// Largest integer that every JSON reader keeps exact (RFC 8259 §6): 2^53 − 1.
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;
