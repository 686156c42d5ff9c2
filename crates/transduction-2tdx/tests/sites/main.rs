//! Sites that synchronise, over the real components.

mod converge;
mod liars;
mod network;
mod restored;
mod rollback;
mod trouble;
mod versions;
