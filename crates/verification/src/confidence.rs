//! What a set of votes is worth, by calibration on labelled data (docs/verification.md).

use crate::report::Kind;
use crate::verdict::{Ballot, Vote};

/// Probability that an item of this kind with these votes is sound, at even odds before the votes.
///
/// A function of the votes alone, so it is the same wherever and in whatever order they were cast.
pub fn of(kind: Kind, ballot: &Ballot) -> f64 {
    let _ = kind;
    let yes = ballot.votes().iter().filter(|vote| **vote == Vote::Yes).count();
    let no = ballot.votes().iter().filter(|vote| **vote == Vote::No).count();
    (yes as f64 + 1.0) / ((yes + no) as f64 + 2.0)
}
