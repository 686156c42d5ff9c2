//! The variables of the component. Those that every component has are shell's: `MAX_BODY_BYTES` and `PAGE_LIMIT_MAX`.

ramanujan_shell::settings! {
    /// What the component calls itself in its description.
    INTERFACE: String = "timeline".to_owned();
    /// What may happen to an event: it is added, and nothing else.
    SEMANTICS: String = "append-only".to_owned();
    /// Most events in one post.
    MAX_BATCH: usize = 1000, 1..=1_000_000, "events";
    /// How long the unsealed part of the log may grow before appending seals too.
    SEAL_LAG: u64 = 65_536, 1..=1_000_000_000, "events";
    /// Most events checked by one `/timeline/verify`, up to the end of a sealed range: a few seconds of work.
    VERIFY_MAX_EVENTS: u64 = 300_000, 1..=1_000_000_000, "events";
    /// Most events sealed for one proof or one archived segment: more than `SEAL_LAG` leaves unsealed.
    PROOF_SEAL_EVENTS: u64 = 131_072, 1..=1_000_000_000, "events";
    /// Longest stream or export: below the time limit of a request, which is 30 s as a rule. Not less than the least
    /// `max_ms` that a subscriber may ask for.
    STREAM_MAX_MS: u64 = 25_000, 100..=86_400_000, "milliseconds";
    /// Longest time between two looks into the store, where nothing has come for long.
    STREAM_POLL_MS: u64 = 200, 10..=60_000, "milliseconds";
    /// Shortest time between two looks into the store, where something has just come; never without a pause, or one
    /// subscriber would take a core.
    STREAM_POLL_MIN_MS: u64 = 3, 1..=60_000, "milliseconds";
    /// Longest silence of a stream: proxies cut a connection at a minute or so. Not less than the least `heartbeat_ms`
    /// that a subscriber may ask for.
    STREAM_HEARTBEAT_MS: u64 = 10_000, 100..=86_400_000, "milliseconds";
    /// Time after which a subscriber comes back; 0 is at once.
    STREAM_RETRY_MS: u64 = 1000, 0..=86_400_000, "milliseconds";
    /// Longest wait of a long poll; with 0 every poll is answered at once.
    LONG_POLL_MAX_MS: u64 = 20_000, 0..=86_400_000, "milliseconds";
    /// Whether the log can be frozen and earlier states of it be read.
    FREEZE_RECOVER_ENABLED: bool = true;
    /// Most events hashed or looked at by one request that freezes or recovers: a few seconds of work.
    FREEZE_MAX_EVENTS: u64 = 200_000, 1..=1_000_000_000, "events";
    /// Most freezes; with 0 none can be made, and earlier states can still be read.
    FREEZE_MAX_SNAPSHOTS: u64 = 10_000, 0..=1_000_000_000, "freezes";
    /// Most events of an archived segment.
    ARCHIVE_EVENTS: u64 = 1024, 1..=1_000_000, "events";
    /// Most bytes of a segment's rows: its file, in which quotes are escaped, must fit in a body of `MAX_BODY_BYTES` to
    /// come back. A segment has one event at least, which is always smaller.
    ARCHIVE_BYTES: usize = 1 << 20, 1..=1_073_741_824, "bytes";
    /// Newest events that are never archived.
    ARCHIVE_KEEP: u64 = 1024, 1..=1_000_000_000_000, "events";
    /// Most events measured by one request, the latest of its window: some 30 MB while they are counted.
    METRICS_MAX_EVENTS: u64 = 50_000, 1..=10_000_000, "events";
    /// Most events that one walk along causes or effects comes to.
    TRAVERSE_MAX_EVENTS: u64 = 10_000, 1..=10_000_000, "events";
    /// Most events that one request compares to find concurrent ones.
    CONCURRENT_MAX_SCAN: u64 = 5000, 1..=10_000_000, "events";
    /// Longest time that one request works on the causal index before it is answered from what is in it; with 0 each
    /// request takes one step of it.
    CAUSAL_INDEX_MS: u64 = 1000, 0..=3_600_000, "milliseconds";
}

/// The variables that say who the component is.
pub const IDENTITY: [ramanujan_shell::setting::Fixed; 2] =
    [INTERFACE.only("timeline"), SEMANTICS.only("append-only")];
