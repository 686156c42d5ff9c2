//! That the verifiers discriminate: on embeddings of a real model and on skills, both of the part that no threshold was
//! made from. The tables are in docs/verification.md.

#[path = "../../examples/calibrate/embeddings.rs"]
mod embeddings;
#[path = "../../examples/calibrate/evaluate.rs"]
mod evaluate;
mod model;
#[path = "../../examples/calibrate/skills.rs"]
mod skills;
#[path = "../../examples/calibrate/spoiled.rs"]
mod spoiled;
#[path = "../../examples/calibrate/statistics.rs"]
mod statistics;

use embeddings::{Collection, DEFECTS, Part, Vectors, labelled};
use evaluate::{Item, Kind};
use ramanujan_verification::verdict::Verdict;
use ramanujan_verification::{NUM_VERIFIERS, Vote};

/// Items spoiled in each way: fewer than the calibration has, for the time that a test may take.
const PER_DEFECT: usize = 30;

fn embedding_kinds() -> Vec<Kind> {
    DEFECTS.iter().map(|defect| (defect.name, defect.found_by)).collect()
}

fn discriminates(items: &[Item], kinds: &[Kind]) {
    for verifier in 0..NUM_VERIFIERS {
        let test = items[0].report.verifiers[verifier].test;
        let area = evaluate::verifier_auc(items, kinds, verifier).expect("each is there for some defect");
        assert!(area > 0.6, "{test}: AUC {area:.3} on the defects that it is there for");
        let refused = evaluate::refused(items, verifier);
        assert!(refused < 0.05, "{test} votes against {:.1} % of the sound items", 100.0 * refused);
    }
    let (verdict, confidence) = (evaluate::verdict_auc(items), evaluate::confidence_auc(items, |_| true));
    assert!(verdict > 0.95, "AUC of the verdict {verdict:.4}");
    assert!(confidence > 0.95, "AUC of the confidence {confidence:.4}");
    let (correlation, a, b) = evaluate::largest_correlation(items);
    let [a, b] = [a, b].map(|v| items[0].report.verifiers[v].test);
    assert!(correlation <= 0.95, "{a} and {b} say the same: correlation {correlation:.3}");
    let brier = evaluate::brier_of(items);
    assert!(brier < 0.08, "Brier score {brier:.4}: the confidence is not what it says");
}

fn held_out(vectors: &Vectors, collection: &Collection) -> Vec<Item> {
    let judge =
        |item: embeddings::Labelled| Item { defect: item.defect, report: collection.judge(&item.vector) };
    labelled(vectors, collection, Part::HeldOut, PER_DEFECT).into_iter().map(judge).collect()
}

#[test]
fn embeddings_of_a_real_model_and_spoiled_ones_are_told_apart() {
    let Some(vectors) = model::vectors() else { return };
    let collection = Collection::of(&vectors.minilm);
    discriminates(&held_out(&vectors, &collection), &embedding_kinds());
}

/// No threshold was made for these, so they hold only because thresholds give way to the reference.
#[test]
fn sound_vectors_of_other_spaces_are_accepted() {
    let Some(vectors) = model::vectors() else { return };
    for (name, rows) in [("pooled", &vectors.pooled), ("wide", &vectors.wide), ("bag", &vectors.bag)] {
        let collection = Collection::of(rows);
        let sound: Vec<usize> = Part::HeldOut.sentences(rows.len()).into_iter().step_by(3).collect();
        let accepted =
            sound.iter().filter(|i| collection.judge(&rows[**i]).verdict == Verdict::Accepted).count();
        assert!(
            accepted * 10 >= sound.len() * 9,
            "{name}: {accepted} of {} sound vectors are accepted",
            sound.len()
        );
    }
}

#[test]
fn skills_and_spoiled_ones_are_told_apart() {
    let items = skills::judged(2, 150, PER_DEFECT);
    let kinds: Vec<Kind> = spoiled::DEFECTS.iter().map(|defect| (defect.name, defect.found_by)).collect();
    discriminates(&items, &kinds);
}

/// A verifier that never votes no, or never yes, judges nothing.
#[test]
fn every_verifier_of_embeddings_votes_both_ways() {
    let Some(vectors) = model::vectors() else { return };
    let collection = Collection::of(&vectors.minilm);
    let items = held_out(&vectors, &collection);
    for verifier in 0..NUM_VERIFIERS {
        let votes: Vec<Vote> = items.iter().map(|item| item.report.verifiers[verifier].vote).collect();
        let test = items[0].report.verifiers[verifier].test;
        assert!(votes.contains(&Vote::Yes) && votes.contains(&Vote::No), "{test}");
    }
}
