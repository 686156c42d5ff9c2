//! Work that nobody waits for: the queue, and the snapshots that are written through it.

mod queue;
mod refresh;
