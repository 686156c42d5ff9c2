//! The shapes a network of agents may have, and what is true of each.
//!
//! [`Kind`] names a shape and says which sizes it has; [`Graph`] is the shape itself; [`Report`] is what can be said
//! of it: degrees, distances, spectrum, and whether it is Ramanujan. Pure: no I/O, no settings, nothing asserted that
//! is not computed from the adjacency.

mod cayley;
mod graph;
mod kind;
mod report;
mod size;
mod spectrum;

pub use graph::Graph;
pub use kind::{Kind, UnknownKind, UnsupportedSize};
pub use report::Report;
pub use size::{FORTY_EIGHT, NINE};
pub use spectrum::symmetric_eigenvalues;
