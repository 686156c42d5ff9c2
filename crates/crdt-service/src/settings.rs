//! Every variable of the component. Two more are read by shell for all components: `MAX_BODY_BYTES` and
//! `PAGE_LIMIT_MAX`.

ramanujan_shell::settings! {
    /// Which service the component is.
    SERVICE: String = "crdt".to_owned();
    /// The phase of start-up that the component belongs to.
    PHASE: String = "1".to_owned();
    /// Most operations in one batch; at least one is taken.
    MAX_BATCH: usize = 1000, 0.., "operations";
    /// Most agents that ever wrote to one document: its version vector has an entry for each, and if none of them has seen
    /// another, so have its heads.
    MAX_DOCUMENT_AGENTS: u64 = 16_384, 1.., "agents";
    /// Most bytes that a document of any type holds: texts and keys as in JSON, values, 48 more for each of these, in a JSON
    /// document 144, and 576 for each list and text in that. Reading one that holds as much takes less than an instance's memory.
    MAX_DOCUMENT_BYTES: u64 = 16_777_216, 1.., "bytes";
    /// Most freezes of one document.
    MAX_DOCUMENT_FREEZES: u64 = 10_000, 1.., "freezes";
    /// Most documents, deleted ones included: their deltas stay.
    MAX_DOCUMENTS: u64 = 1_000_000, 1.., "documents";
    /// Most bytes of a page of what is stored; one row is given however large. Also most bytes that are read from the store
    /// at a time.
    MAX_PAGE_BYTES: u64 = 4_194_304, 1.., "bytes";
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
