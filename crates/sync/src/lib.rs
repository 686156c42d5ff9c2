//! Anti-entropy between sites: how independent stores exchange deltas until they hold the same (`docs/sync.md`).
//!
//! [`Engine`] is a state machine. It takes [`Input`]s, which are messages of peers, answers of the store and the passing of
//! time, and gives [`Output`]s, which are messages, questions to the store ([`store`]) and events to record. It has no I/O, no
//! clock and no randomness of its own, so a simulation can drive it through a year of faults in a second.
//!
//! What travels is in [`message`], its bytes in [`codec`]; what is checked before anything is stored in [`verify`]; what two
//! sites compare to find the documents that differ in [`fold`]; what is kept of a lie in [`evidence`].

#![deny(missing_docs)]

pub mod change;
pub mod codec;
pub mod engine;
pub mod evidence;
pub mod fold;
pub mod interest;
pub mod limits;
pub mod message;
pub mod pack;
pub mod range;
pub mod store;
pub mod verify;

pub use engine::{Direction, Engine, Event, Input, Now, Output, PeerSettings, Settings};
pub use message::{Frame, Message};

/// Names a site; of the form that names of agents have.
pub type SiteId = ramanujan_core::AgentId;
