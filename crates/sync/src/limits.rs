//! Every bound, with its reason.

/// The version of the messages that this library writes.
pub const VERSION: u8 = 1;
/// The oldest version that it reads.
pub const OLDEST_VERSION: u8 = 1;

/// Most peers of a site. The densest of the shapes in use joins eight; room for a hub.
pub const MAX_PEERS: usize = 64;

/// Longest frame in bytes: twice what a request to a site may have, so that whatever could be written can be sent.
pub const MAX_FRAME: usize = 8 << 20;

/// Bytes of an answer that a site asks for: leaves room in a frame for the last document, which may exceed it.
pub const BUDGET: u32 = 1 << 20;

/// Most documents in a message: bounds what one message makes the store do.
pub const MAX_DOCUMENTS: usize = 256;

/// Most heads or claims of a document: as many as agents may write to one.
pub const MAX_HEADS: usize = 16_384;

/// Most ranges of a document in a message, for the same reason.
pub const MAX_RANGES: usize = 16_384;

/// Most deltas in a pack. Columns say "a million operations" in a few bytes, and each takes memory when it is read.
pub const MAX_PACK_DELTAS: usize = 1 << 16;

/// Most spans in a comparison: sixteen parts of sixteen spans, so that many differences are narrowed side by side.
pub const MAX_SPANS: usize = 256;

/// Into how many parts a span is divided.
pub const FAN_OUT: u64 = 16;

/// Documents of a span that are listed instead of dividing it: a list costs some 20 bytes a document, a division 400.
pub const LEAF: u64 = 48;

/// Most dots that are probed at once.
pub const MAX_PROBES: usize = 256;

/// Dots of an agent that are probed at once to find where histories part: a million operations take five rounds.
pub const PROBE_PARTS: u64 = 16;

/// Most steps of an inquiry to earlier agents; histories that part in more places are given up on.
pub const MAX_DESCENTS: u32 = 64;

/// Exchanges of others that are answered at a time.
pub const MAX_SERVING: usize = 32;

/// What a site that answers too many exchanges asks others to wait, in milliseconds.
pub const BUSY_MS: u64 = 1000;

/// Tasks that wait with a peer; a round that makes more ends, and the next one goes on.
pub const MAX_TASKS: usize = 4096;

/// Pieces of evidence that are kept; those that come later are counted.
pub const MAX_EVIDENCE: usize = 64;

/// Quarantines at one peer: past them nothing is taken from it at all.
pub const MAX_QUARANTINES: usize = 256;

/// Documents of a peer that are not asked for again until it says something new of them.
pub const MAX_STUCK: usize = 4096;

/// Documents of which the state that a peer has said is kept for the rest of a round; others are offered back to it.
pub const MAX_AGREED: usize = 4096;

/// Patterns of an interest, ...
pub const MAX_PATTERNS: usize = 16;
/// ... and the bytes of one: as long as an id may be.
pub const MAX_PATTERN: usize = 128;

/// Bytes of a cursor, which only the store reads.
pub const MAX_CURSOR: usize = 64;

/// Freezes in a message.
pub const MAX_FREEZES: usize = 256;

/// Most time that one step may advance, in milliseconds: a clock that jumps ahead makes nothing later than this.
pub const MAX_STEP_MS: u64 = 60_000;

/// Bytes of the version of a manifest.
pub const MAX_MANIFEST: usize = 64;

/// Documents that a repair finds differing before it goes on with these: bounds its memory where all differ.
pub const MAX_DIFFERING: usize = 16_384;

/// Spans of a question to the store: the parts of as many as a message has.
pub const MAX_PLACES: usize = MAX_SPANS * FAN_OUT as usize;

/// Documents of a span that the store lists: more than the engine asks for, and a bound where it was wrong.
pub const MAX_LISTED: usize = 4096;

/// Agents, or dots, of a document that are looked for at once: those of a pack, and their parents.
pub const MAX_LOOKS: usize = 4 * MAX_PACK_DELTAS;

/// Inquiries in a round with a peer: a liar could keep a site busy. What is left shows in the next comparison.
pub const MAX_INQUIRIES: u32 = 64;
