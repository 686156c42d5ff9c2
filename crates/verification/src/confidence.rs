//! What a set of votes is worth, by calibration on labelled data (docs/verification.md).
//!
//! Each vote weighs the logarithm of how much more often sound items get it than defective ones (the weight of evidence
//! of Good 1950); the sum of the weights is turned into a probability by isotonic regression (Zadrozny and Elkan 2002),
//! since votes are not independent and a sum of weights alone would be too sure.

mod calibrated;
mod table;

use crate::roster::Kind;
use crate::verdict::{Ballot, Vote};

pub use table::Table;

/// Verifiers of embeddings that abstain without a reference collection.
const NEED_REFERENCE: [u8; 7] = [9, 10, 13, 14, 15, 16, 17];

/// The calibration that applies to these votes: for embeddings there is one for judgements with a reference
/// collection and one for those without, told apart by whether any verifier that needs one has voted.
pub fn table(kind: Kind, ballot: &Ballot) -> &'static Table {
    match kind {
        Kind::Skill => &calibrated::SKILL,
        Kind::Embedding if NEED_REFERENCE.iter().all(|agent| ballot.get(*agent) == Vote::Abstain) => {
            &calibrated::EMBEDDING_ALONE
        }
        Kind::Embedding => &calibrated::EMBEDDING_WITH_REFERENCE,
    }
}

/// Sum of the weights of the votes: positive speaks for a sound item.
pub fn evidence(table: &Table, ballot: &Ballot) -> f64 {
    let weigh = |(vote, [yes, no]): (&Vote, &[f64; 2])| match vote {
        Vote::Yes => *yes,
        Vote::No => *no,
        Vote::Abstain => 0.0,
    };
    ballot.votes().iter().zip(&table.weights).map(weigh).sum()
}

/// Probability that an item of this kind with these votes is sound, at even odds before the votes.
///
/// A function of the votes alone, so it is the same wherever and in whatever order they were cast; ½ if all abstain.
pub fn of(kind: Kind, ballot: &Ballot) -> f64 {
    if ballot.votes().iter().all(|vote| *vote == Vote::Abstain) {
        return 0.5;
    }
    let table = table(kind, ballot);
    let evidence = evidence(table, ballot);
    let step = table.steps.iter().rev().find(|(from, _)| *from <= evidence).or(table.steps.first());
    step.map_or(0.5, |(_, probability)| *probability)
}
