//! Networks of agents, as far as they are pure: the shapes that one may have ([`topology`]).
//!
//! agent-orchestrator serves them over HTTP; simulations join their sites along them. No I/O, no clock, no randomness.

#![deny(missing_docs)]

pub mod topology;
