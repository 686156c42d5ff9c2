//! Memory of one instance: the sum of its linear memories, composed dependencies included.

use std::sync::Arc;

use wasmtime::ResourceLimiter;

use super::request::RequestCell;

/// Table elements an instance may have in all; a Rust component uses some hundred.
const MAX_TABLE_ELEMENTS: usize = 100_000;

/// Refuses growth beyond the limit, and notes on the current request that it did.
pub(crate) struct Limits {
    max_memory: usize,
    memory: usize,
    /// The request being handled.
    pub(crate) request: Option<Arc<RequestCell>>,
}

impl Limits {
    /// `max_memory` in bytes.
    pub(crate) fn new(max_memory: usize) -> Self {
        Limits { max_memory, memory: 0, request: None }
    }
}

impl ResourceLimiter for Limits {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let memory = self.memory.saturating_add(desired.saturating_sub(current));
        if memory > self.max_memory {
            if let Some(request) = &self.request {
                request.set_memory_refused();
            }
            return Ok(false);
        }
        self.memory = memory;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= MAX_TABLE_ELEMENTS)
    }
}

#[cfg(test)]
mod tests {
    use http::{Method, Uri};

    use super::*;

    #[test]
    fn the_sum_of_all_memories_counts() {
        let cell = RequestCell::new("test".into(), Method::GET, Uri::default(), Arc::default());
        let mut limits = Limits::new(300);
        limits.request = Some(cell.clone());
        assert!(limits.memory_growing(0, 100, None).unwrap());
        assert!(limits.memory_growing(0, 100, None).unwrap());
        assert!(limits.memory_growing(100, 200, None).unwrap());
        assert!(!cell.was_memory_refused());
        assert!(!limits.memory_growing(100, 101, None).unwrap());
        assert!(cell.was_memory_refused());
    }
}
