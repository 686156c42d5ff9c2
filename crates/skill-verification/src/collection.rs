//! A reference collection as it stands: vectors of one dimension, which are only added to.

use ramanujan_core::{Code, Problem};

/// A collection as it stands.
#[derive(Clone, Debug)]
pub(crate) struct Collection {
    pub(crate) name: String,
    pub(crate) dimension: usize,
    /// Unix milliseconds.
    pub(crate) created: u64,
    pub(crate) vectors: u64,
    pub(crate) blocks: u64,
}

impl Collection {
    /// Refuses an embedding of another dimension, which stands at `place` of the request.
    ///
    /// # Errors
    /// 422 `dimension-mismatch`.
    pub(crate) fn check_dimension(&self, place: &str, dimension: usize) -> Result<(), Problem> {
        if dimension == self.dimension {
            return Ok(());
        }
        let detail = format!(
            "{place} has {dimension} components, the collection {} has {}",
            self.name, self.dimension
        );
        Err(Problem::new(Code::DimensionMismatch, detail).with("dimension", self.dimension))
    }
}
