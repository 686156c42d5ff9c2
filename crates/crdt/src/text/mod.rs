//! Text as an event graph (Gentle and Kleppmann, "Collaborative Text Editing with Eg-walker", EuroSys 2025).
//!
//! One engine, `walker`, replays runs of operations (`run`); there are two ways to it, for two kinds of caller:
//!
//! - [`TextDocument`] is the replica that a program holds: text under edit with its whole history, at home in memory
//!   and in bytes. A `rope` under edit over a `log` of runs, with `encode`, `decode` and `snapshot` for its bytes
//!   (`docs/encoding.md`). It must have every operation; a `part` of its bytes goes to and from deltas without it.
//! - [`TextGraph`] is for a service that keeps deltas as rows and no replica: it knows deltas by their dots, loaded in
//!   part and mostly without their texts, checks that a new one fits its parents, and tells the length or the text of
//!   any version, as far as what is loaded allows.
//!
//! That both make the same texts of the same deltas is a law (`tests/document/models.rs`).

mod admit;
mod decode;
mod deltas;
mod document;
mod encode;
mod error;
pub mod graph;
mod heads;
mod inserted;
mod join;
mod log;
mod order;
mod part;
mod past;
mod pending;
mod push;
mod receive;
mod rope;
mod run;
mod runs;
mod sealed;
mod settle;
mod snapshot;
mod stretch;
pub mod units;
mod walker;

pub use crate::codec::{DecodeError, Effort};
pub use deltas::Deltas;
pub use document::{Agent, TextDocument};
pub use error::{DocumentError, MAX_DOCUMENT_LENGTH, TextError};
pub use graph::{StoredShape, TextGraph, maximal};
pub use part::{Part, PartDeltas, encode_part};
pub use push::TextEdit;
