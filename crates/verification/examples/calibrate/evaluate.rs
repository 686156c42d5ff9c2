//! What the held-out part shows of judged items, of either kind: areas under the curve, correlations, Brier score.

use ramanujan_verification::{NUM_VERIFIERS, Report, Vote};

use crate::statistics::{Judged, auc, brier, correlation};

/// A judged item: sound, or spoiled by the defect of that index.
pub(crate) struct Item {
    pub(crate) defect: Option<usize>,
    pub(crate) report: Report,
}

/// A defect by name, and the verifiers that are there to find it.
pub(crate) type Kind = (&'static str, &'static [u8]);

/// Defective items weigh so much that together they weigh as much as the sound ones: even odds before the votes.
pub(crate) fn weighing(items: &[Item]) -> impl Fn(&Item) -> f64 + use<> {
    let sound = items.iter().filter(|item| item.defect.is_none()).count() as f64;
    let defective = items.len() as f64 - sound;
    move |item| if item.defect.is_none() { 1.0 } else { sound / defective }
}

fn scores(items: &[Item], verifier: usize, of: impl Fn(Option<usize>) -> bool) -> Vec<f64> {
    items
        .iter()
        .filter(|item| of(item.defect))
        .filter_map(|item| item.report.verifiers[verifier].score)
        .collect()
}

/// Area under the curve of one verifier's score, sound items against the defects that it is there for; `None` if it
/// scored none of either.
pub(crate) fn verifier_auc(items: &[Item], kinds: &[Kind], verifier: usize) -> Option<f64> {
    let agent = verifier as u8 + 1;
    let sound = scores(items, verifier, |defect| defect.is_none());
    let own = scores(items, verifier, |defect| defect.is_some_and(|d| kinds[d].1.contains(&agent)));
    (!sound.is_empty() && !own.is_empty()).then(|| auc(&sound, &own))
}

/// Area under the curve of the confidence, sound items against `of`.
pub(crate) fn confidence_auc(items: &[Item], of: impl Fn(usize) -> bool) -> f64 {
    let take = |wanted: &dyn Fn(Option<usize>) -> bool| -> Vec<f64> {
        items.iter().filter(|item| wanted(item.defect)).map(|item| item.report.confidence).collect()
    };
    auc(&take(&|defect| defect.is_none()), &take(&|defect| defect.is_some_and(&of)))
}

/// Area under the curve of the three-valued verdict alone.
pub(crate) fn verdict_auc(items: &[Item]) -> f64 {
    let take = |sound: bool| -> Vec<f64> {
        let those = items.iter().filter(|item| item.defect.is_none() == sound);
        those.map(|item| f64::from(item.report.verdict as u8)).collect()
    };
    auc(&take(true), &take(false))
}

/// The largest absolute correlation of two verifiers' scores over all items, and whose it is.
pub(crate) fn largest_correlation(items: &[Item]) -> (f64, usize, usize) {
    let mut largest = (0.0, 0, 0);
    for a in 0..NUM_VERIFIERS {
        for b in 0..a {
            let score = |item: &Item, v: usize| item.report.verifiers[v].score;
            let pairs: Vec<_> = items.iter().map(|item| (score(item, a), score(item, b))).collect();
            let found = correlation(&pairs).unwrap_or(0.0).abs();
            if found > largest.0 {
                largest = (found, b, a);
            }
        }
    }
    largest
}

/// Share of the sound items that a verifier votes against.
pub(crate) fn refused(items: &[Item], verifier: usize) -> f64 {
    let sound = || items.iter().filter(|item| item.defect.is_none());
    sound().filter(|item| item.report.verifiers[verifier].vote == Vote::No).count() as f64
        / sound().count() as f64
}

/// Brier score of the confidence at even odds.
pub(crate) fn brier_of(items: &[Item]) -> f64 {
    let weight = weighing(items);
    let judged: Vec<Judged> =
        items.iter().map(|item| (item.report.confidence, item.defect.is_none(), weight(item))).collect();
    brier(&judged)
}
