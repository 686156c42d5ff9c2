//! The variables of transduction-2tdx. `PAGE_LIMIT_MAX`, which all components share, bounds lists and traces.

use ramanujan_egraph::term::{DEFAULT_MAX_DEPTH, MAX_TERM_NODES};

ramanujan_shell::settings! {
    /// Which interface the component is.
    INTERFACE: String = "sync".to_owned();
    /// Where this site is reached by others; empty where it is reached by none.
    LOCAL_ENDPOINT: String = String::new();
    /// The remote site to synchronise with, once that is built; empty where there is none.
    VERS_ENDPOINT: String = String::new();
    /// Time that a synchronisation may take before it counts as degraded.
    MAX_LATENCY_MS: u64 = 100, 0.., "ms";
    /// Most versions of patterns that are stored: 10,000 take about 5 MB.
    MAX_PATTERNS: u64 = 10_000, 0.., "versions";
    /// Most steps of a rewriting.
    MAX_STEPS: u64 = 10_000, 0.., "steps";
    /// Most nodes of a term that is rewritten, written out as a tree; never more than a term may have.
    MAX_NODES: u64 = MAX_TERM_NODES, 0.., "nodes";
    /// Longest and default time of a rewriting.
    REWRITE_TIMEOUT_MS: u64 = 1_000, 0.., "ms";
    /// Deepest term that is read.
    MAX_TERM_DEPTH: u64 = DEFAULT_MAX_DEPTH, 0.., "levels";
    /// Most patterns of a request.
    MAX_BATCH: usize = 100, 0.., "patterns";
}

/// The variable that says who the component is.
pub const IDENTITY: [ramanujan_shell::setting::Fixed; 1] = [INTERFACE.only("sync")];
