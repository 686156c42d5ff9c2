//! Agents, as far as they are pure: the life of one as events ([`life`]), and the shapes that a network of them may have
//! ([`topology`]).
//!
//! agent-orchestrator serves them over HTTP; simulations join their sites along them. No I/O, no clock, no randomness.

#![deny(missing_docs)]

pub mod life;
pub mod topology;
