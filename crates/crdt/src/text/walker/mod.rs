//! Replay of the event graph: Eg-walker (Gentle and Kleppmann, "Collaborative Text Editing with Eg-walker", EuroSys
//! 2025) with the order of FugueMax (Weidner and Kleppmann, "The Art of the Fugue").
//!
//! `history` finds what lies between two versions. Events with nothing concurrent to them are emitted as they are; a
//! stretch of concurrent ones is a `window`, replayed on the `tracker`, which holds the window's characters (`item`) in
//! a B+`tree` of `node`s and forgets them at the window's end; a replica that follows its history keeps the last one
//! (`follow`). No I/O; knows runs only, neither dots nor content.

mod change;
mod follow;
mod history;
mod item;
mod kept;
mod levels;
mod node;
#[cfg(test)]
mod tests;
mod tracker;
mod tree;
mod walk;
mod window;

pub(crate) use change::{Change, Sink};
pub(crate) use history::{NotLoaded, UNLOADED};
pub(crate) use walk::{Walker, transform};
