//! The state machine.
//!
//! A `peer` has tasks, done one after the other; a `task` is a step of an exchange that this site began, and goes on when
//! the peer or the store answers. What the tasks do is in `round` (steady state), `repair`, `reconcile` (from a change to
//! stored deltas), `inquiry` (where histories part) and `push`; `serve` answers the exchanges of others, and `machine`
//! hands everything to where it belongs.

mod context;
mod inquiry;
mod interface;
mod machine;
mod peer;
mod push;
mod reconcile;
mod repair;
mod round;
mod serve;
mod task;

pub use interface::{
    Cursors, Direction, Event, Input, Memory, Now, Output, PeerSettings, PeerStatus, Quarantine, Settings,
    Trouble,
};
pub use machine::{Engine, TooManyPeers};
