//! Sites that synchronise, over the real components.

mod converge;
mod network;
mod trouble;
