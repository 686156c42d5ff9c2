//! Fuzz targets for every reader of bytes from outside (`docs/fuzzing.md`).
//!
//! [`TARGETS`] has them all: each takes any bytes, and panics if a reader panics, takes more memory than its bound, or
//! accepts what it does not give back. `fuzz_targets` hands each to libFuzzer, the tests run each over its corpus, and
//! [`seeds`] makes the first inputs of the corpora from the real encoders. [`memory`] counts, [`envelope`] mends
//! checksums; [`deltas`], [`text`], [`replicas`], [`states`], [`vocabulary`] and [`files`] are the targets.

pub mod deltas;
pub mod envelope;
pub mod files;
pub mod memory;
pub mod replicas;
pub mod seeds;
pub mod states;
pub mod text;
pub mod vocabulary;

/// What a target does with an input.
pub type Check = fn(&[u8]);

/// All targets by name.
pub const TARGETS: &[(&str, Check)] = &[
    ("batch", deltas::batch),
    ("canonical", deltas::canonical),
    ("clock", vocabulary::clock),
    ("event", files::event),
    ("names", vocabulary::names),
    ("operation", deltas::operation),
    ("record", deltas::record),
    ("recording", files::recording),
    ("resolve", states::resolve),
    ("segment", files::segment),
    ("state", states::state),
    ("term", files::term),
    ("text_apply", text::apply),
    ("text_load", text::load),
    ("text_replay", replicas::replay),
];
