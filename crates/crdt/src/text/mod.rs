//! Text as an event graph (Gentle and Kleppmann, "Collaborative Text Editing with Eg-walker", EuroSys 2025).
//!
//! `graph` knows deltas by their dots, whole or in part; `run` is the run-length form that replay works on; `walker`
//! replays it. [`TextDocument`] is the replica that a program holds: a `rope` under edit over a `log` of runs, with
//! `encode`, `decode` and `snapshot` for its bytes (`docs/encoding.md`).

mod admit;
pub(crate) mod column;
pub(crate) mod container;
mod decode;
mod deltas;
mod document;
mod encode;
mod error;
pub mod graph;
mod join;
mod log;
mod order;
mod past;
mod receive;
mod rope;
mod run;
mod settle;
mod snapshot;
mod stretch;
pub mod units;
mod walker;

pub use column::Effort;
pub use container::DecodeError;
pub use deltas::Deltas;
pub use document::{Agent, TextDocument};
pub use error::DocumentError;
pub use graph::{MAX_DOCUMENT_LENGTH, StoredShape, TextError, TextGraph, maximal};
