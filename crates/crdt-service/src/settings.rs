//! Every variable of the component. Two more are read by shell for all components: `MAX_BODY_BYTES` and
//! `PAGE_LIMIT_MAX`.

ramanujan_shell::settings! {
    /// Which service the component is.
    SERVICE: String = "crdt".to_owned();
    /// The phase of start-up that the component belongs to.
    PHASE: String = "1".to_owned();
    /// Most operations in one batch; at least one is taken.
    MAX_BATCH: usize = 1000, 0.., "operations";
    /// Deltas since the last snapshot after which a new one is written; at least one. 256 cost some milliseconds of
    /// merging.
    SNAPSHOT_TAIL: u64 = 256, 0.., "deltas";
    /// Longest wait for a change. Less than the time limit of a request, so that a client that waits gets an answer.
    LONG_POLL_MAX_MS: u64 = 20_000, 0.., "milliseconds";
    /// Memory that one instance spends on remembered answers.
    CACHE_SIZE_MB: u64 = 50, 0.., "megabytes";
    /// Life of a remembered answer, and of a task after its end.
    CACHE_TTL_SECONDS: u64 = 3600, 0.., "seconds";
}

/// The variables that say who the component is.
pub(crate) const IDENTITY: [ramanujan_shell::setting::Fixed; 2] = [SERVICE.only("crdt"), PHASE.only("1")];
