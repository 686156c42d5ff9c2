//! Text as an event graph (Gentle and Kleppmann, "Collaborative Text Editing with Eg-walker", EuroSys 2025).
//!
//! `graph` knows deltas by their dots, whole or in part; `run` is the run-length form that replay works on; `walker`
//! replays it.

pub mod graph;
mod run;
mod walker;

pub use graph::{MAX_DOCUMENT_LENGTH, StoredShape, TextError, TextGraph, maximal};
