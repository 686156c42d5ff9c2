//! What a reader may take from the heap.
//!
//! Every reader here is held to a number of bytes per byte of input. The number follows from the densest structure that
//! the format can express: the most memory that one byte can ask for, times what growing a vector costs. It does not
//! depend on the input's length, so no input, however long, makes a reader take more than that multiple.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// Most that a reader has taken.
static LARGEST: AtomicUsize = AtomicUsize::new(0);

/// Most bytes that a reader has taken since the last call.
pub fn largest() -> usize {
    LARGEST.swap(0, Relaxed)
}

/// Most bytes of heap that a reader may hold at one time: `floor + per_byte * input`.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// What it may take whatever the input: tables, messages, short columns that expand without limit.
    pub floor: usize,
    pub per_byte: usize,
}

impl Bound {
    /// Does `work`, which reads `length` bytes from outside.
    ///
    /// # Panics
    /// If it takes more than the bound.
    pub fn hold<T>(self, length: usize, work: impl FnOnce() -> T) -> T {
        HEAP.reset_peak_usage();
        let before = HEAP.current_usage();
        let result = work();
        let taken = HEAP.peak_usage().saturating_sub(before);
        LARGEST.fetch_max(taken, Relaxed);
        let allowed = self.floor + self.per_byte * length;
        assert!(
            taken <= allowed,
            "reading {length} bytes took {taken} bytes of memory; {allowed} are allowed"
        );
        result
    }
}
