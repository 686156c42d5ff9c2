//! The time of a run, which is asked of the caller.

use std::ops::ControlFlow;

/// Nodes looked at, or matches applied, between two looks at the clock.
const CLOCK_STEPS: u32 = 512;

/// Looks at the time only once in a while.
pub(super) struct Clock<'c> {
    expired: &'c mut dyn FnMut(usize) -> bool,
    left: u32,
}

impl<'c> Clock<'c> {
    /// A clock that asks `expired` whether the time is over.
    pub(super) fn new(expired: &'c mut dyn FnMut(usize) -> bool) -> Clock<'c> {
        Clock { expired, left: 0 }
    }

    /// Counts a step in a graph of so many nodes; breaks when the time is over.
    pub(super) fn step(&mut self, nodes: usize) -> ControlFlow<()> {
        if self.left == 0 {
            self.left = CLOCK_STEPS;
            if (self.expired)(nodes) {
                self.left = 0;
                return ControlFlow::Break(());
            }
        }
        self.left -= 1;
        ControlFlow::Continue(())
    }
}
