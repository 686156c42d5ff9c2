//! The variables of a stream: who it is, and for GREEN the bounds of its proofs. `MAX_BODY_BYTES` is shell's.

use ramanujan_core::{Color, Problem};
use ramanujan_shell::setting::Fixed;

use crate::gadgets::Limits;

ramanujan_shell::settings! {
    /// Name of the stream.
    COMPONENT_ID: String = String::new();
    /// Polarity of its operations.
    POLARITY: String = String::new();
    /// Its colour.
    COLOR: String = String::new();
    /// Most nodes of the graph in which GREEN rewrites or compares expressions.
    GADGET_MAX_NODES: u32 = 20_000, 0.., "nodes";
    /// Most rounds of rewriting.
    GADGET_MAX_ITERATIONS: u64 = 30, 0.., "rounds";
    /// Most deltas of a document that are joined in a second order as well; they are kept in memory for it.
    WITNESS_MAX_DELTAS: usize = 10_000, 0.., "deltas";
    /// Most deltas of a document that an instance of GREEN keeps in memory after it has verified it, for requests that ask for
    /// `incremental`: some tens of megabytes at the most.
    VERIFIED_MAX_DELTAS: u64 = 200_000, 0.., "deltas";
}

/// The variables that say who a stream is. Its colour is compiled in: no variable makes RED take a deletion.
pub(crate) fn identity(component: &'static str, color: Color) -> [Fixed; 3] {
    [COMPONENT_ID.only(component), POLARITY.only(color.polarity().as_str()), COLOR.only(color.as_str())]
}

/// The bounds of one rewriting or proof.
///
/// # Errors
/// 500 `invalid-setting`.
pub(crate) fn gadget_limits() -> Result<Limits, Problem> {
    Ok(Limits { iterations: GADGET_MAX_ITERATIONS.read()?, nodes: GADGET_MAX_NODES.read()? })
}
