//! CRDTs as sets of immutable deltas: text as an event graph, counters, an OR-set, registers, JSON documents, phases.
//!
//! A delta is one operation of one replica, named by its dot (agent, seq) and bound to the deltas it was made after.
//! A replica is sequential: the causal past of `agent:n` holds `agent:n-1` and nothing later of that agent, so a
//! version vector names a set of deltas exactly. The hash of a delta commits to all of its past, so the hashes of the
//! newest ones fingerprint the set ([`state`]).
//!
//! No I/O, no clock, no randomness; builds for native and WebAssembly. The law of each type stands next to it, what
//! differs from type to type in one table (`crdts`), and bytes at the ground of everything ([`codec`]).

#![deny(missing_docs)]

pub mod ancestry;
pub mod batch;
pub mod claims;
pub mod codec;
pub mod counter;
mod crdts;
pub mod delta;
pub mod edit;
pub mod pasts;
pub mod record;
pub mod request;
#[cfg(not(target_family = "wasm"))]
pub mod schema;
pub mod state;
pub mod tap;
pub mod text;
pub mod types;
pub mod value;
pub mod wire;

pub use crdts::any::State;
pub use crdts::crdt_type::CrdtType;
pub use crdts::op::Op;
pub use crdts::pn_counter::PnCounter;
pub use delta::Delta;
pub use edit::{Action, Edit, ItemId, Step};
pub use state::StateDigest;
pub use tap::TapPhase;
pub use text::{TextDocument, TextError, TextGraph};
pub use value::Json;
