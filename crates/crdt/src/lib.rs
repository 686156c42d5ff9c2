//! CRDTs as sets of immutable deltas: text as an event graph, counters, an OR-set, registers, JSON documents, phases.
//!
//! A delta is one operation of one replica, named by its dot (agent, seq) and bound to the deltas it was made after.
//! A replica is sequential: the causal past of `agent:n` holds `agent:n-1` and nothing later of that agent, so a
//! version vector names a set of deltas exactly, and each agent's deltas form a hash chain that fingerprints it.
//!
//! No I/O, no clock, no randomness; builds for native and WebAssembly. The law of each type stands next to it.

pub mod batch;
mod canonical;
pub mod codec;
pub mod counter;
pub mod delta;
pub mod edit;
pub mod record;
pub mod request;
pub mod state;
pub mod tap;
pub mod text;
pub mod types;
pub mod value;
pub mod wire;

pub use delta::{CrdtType, Delta, Op};
pub use edit::{Action, Edit, ItemId, Step};
pub use state::StateDigest;
pub use tap::TapPhase;
pub use text::{TextDocument, TextError, TextGraph};
pub use types::{PnCounter, State};
pub use value::Json;
