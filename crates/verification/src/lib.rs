//! Seventeen verifiers that judge embeddings and skills, each by its own deterministic test.
//!
//! [`roster`] says who they are and what each one measures; [`embedding`] and [`skill`] read what is judged and hold
//! the tests; [`verdict`] counts votes; [`confidence`] says what a set of votes is worth, by calibration on labelled
//! data; [`report`] is the reply. Pure: no I/O, no clock, no randomness. Depends on nothing above `ramanujan-core`.

#![deny(missing_docs)]

pub mod confidence;
pub mod embedding;
pub mod knn;
pub mod report;
pub mod roster;
#[cfg(not(target_family = "wasm"))]
mod schema;
pub mod skill;
pub mod verdict;
pub mod votes;

pub use report::{Opinion, Report};
pub use roster::{Kind, NUM_VERIFIERS, ROSTER, Verifier};
pub use verdict::{Ballot, Groups, Tally, Verdict, Vote};

/// The example of the README is a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct ReadmeExample;
