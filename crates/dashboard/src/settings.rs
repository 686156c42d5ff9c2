//! What the operator sets.

ramanujan_shell::settings! {
    /// The name that the description gives itself.
    INTERFACE: String = "dashboard".to_owned();
    /// Time between two refreshes of a page. Each one asks all components, and a page that looks dead helps nobody.
    METRICS_REFRESH_MS: u64 = 1000, 200..=60_000, "milliseconds";
    /// How long a stream of events lasts at most; the page opens the next one by itself.
    STREAM_MAX_MS: u64 = 25_000, 100..=28_000, "milliseconds";
    /// What a page is told to wait before it opens the next stream.
    STREAM_RETRY_MS: u64 = 1000, 0..=60_000, "milliseconds";
}

/// The variable that says who the component is.
pub const IDENTITY: [ramanujan_shell::setting::Fixed; 1] = [INTERFACE.only("dashboard")];
