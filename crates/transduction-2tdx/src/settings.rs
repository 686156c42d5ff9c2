//! The variables of transduction-2tdx. `PAGE_LIMIT_MAX`, which all components share, bounds lists and traces.

use ramanujan_egraph::term::{DEFAULT_MAX_DEPTH, MAX_TERM_NODES};

ramanujan_shell::settings! {
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
