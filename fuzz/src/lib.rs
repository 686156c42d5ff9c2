//! Fuzz targets for every reader of bytes from outside (`docs/fuzzing.md`).
//!
//! [`TARGETS`] has them all: each takes any bytes, and panics if a reader panics, takes more memory than its bound, or
//! accepts what it does not give back. `fuzz_targets` hands each to libFuzzer, the tests run each over its corpus, and
//! [`seeds`] makes the first inputs of the corpora from the real encoders. [`memory`] counts, [`envelope`] mends
//! checksums; [`collections`], [`deltas`], [`egraph`], [`text`], [`replicas`], [`states`], [`vocabulary`], [`files`],
//! [`sites`], [`agents`] and [`verification`] are the targets.

pub mod agents;
pub mod collections;
pub mod deltas;
pub mod egraph;
pub mod envelope;
pub mod files;
pub mod memory;
pub mod replicas;
pub mod seeds;
pub mod sites;
pub mod states;
pub mod text;
pub mod verification;
pub mod vocabulary;

/// What a target does with an input.
pub type Check = fn(&[u8]);

/// All targets by name.
pub const TARGETS: &[(&str, Check)] = &[
    ("batch", deltas::batch),
    ("canonical", deltas::canonical),
    ("clock", vocabulary::clock),
    ("embedding", verification::embedding),
    ("event", files::event),
    ("facts", egraph::facts),
    ("frame", sites::frame),
    ("life", agents::life),
    ("names", vocabulary::names),
    ("operation", deltas::operation),
    ("pattern", egraph::pattern),
    ("question", sites::question),
    ("record", deltas::record),
    ("recording", files::recording),
    ("resolve", states::resolve),
    ("rule", egraph::rule),
    ("segment", files::segment),
    ("skill", verification::skill),
    ("state", states::state),
    ("term", egraph::term),
    ("text_apply", text::apply),
    ("text_load", text::load),
    ("text_part", text::part),
    ("text_replay", replicas::replay),
    ("vectors", collections::vectors),
    ("vote", collections::vote),
];
