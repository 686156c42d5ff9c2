//! What is told of the deltas that an operation was made on: whoever keeps a history of operations finds theirs by it.

use ramanujan_core::{Color, Digest};
use serde::Serialize;

use crate::record::{Parent, Recorded};

/// A parent of a delta, by what it is and not only by its dot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Cause {
    /// SHA-256 of its canonical bytes.
    digest: Digest,
    /// That of its operation.
    color: Color,
}

impl Cause {
    pub(crate) fn of(parent: &Parent) -> Self {
        Cause { digest: parent.digest, color: parent.color }
    }

    pub(crate) fn of_record(record: &Recorded) -> Self {
        Cause { digest: record.digest, color: record.delta.op.color() }
    }
}
