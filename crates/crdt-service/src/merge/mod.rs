//! Merging states: pure functions of what was sent.
//!
//! `read` reads states, `replay` joins sets of deltas, `join` joins states of any form, `reply` tells of the result.

pub(crate) mod join;
pub(crate) mod read;
pub(crate) mod replay;
pub(crate) mod reply;
