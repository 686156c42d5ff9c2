//! What is known of the text's future before anybody looks at it.

use super::log::Version;
use super::run::Lv;
use super::walker::Change;

/// Changes that a replay has found and that are not in the text yet.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) changes: Vec<Change>,
    /// The log's end and heads with them.
    pub(super) end: Lv,
    pub(super) version: Version,
}
