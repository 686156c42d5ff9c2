//! What is computed from judged items, of either kind: thresholds, weights of votes and confidence from the
//! calibration part; areas under the curve, correlations and reliability from the held-out part.

use ramanujan_verification::verdict::Verdict;
use ramanujan_verification::{NUM_VERIFIERS, Report, Vote};

use crate::statistics::{Judged, auc, brier, correlation, isotonic, quantile};

/// A judged item: sound, or spoiled by the defect of that index.
pub(crate) struct Item {
    pub(crate) defect: Option<usize>,
    pub(crate) report: Report,
}

/// A defect by name, and the verifiers that are there to find it.
pub(crate) type Kind = (&'static str, &'static [u8]);

/// Share of sound calibration items that a threshold may refuse.
const REFUSED_SOUND: f64 = 0.005;

/// Share of the defective ones, of those beyond what is refused of the sound ones, that a threshold may let pass.
const PASSED_DEFECTIVE: f64 = 0.05;

/// What the verifier measured in an item, and whether less is better.
fn measured(item: &Item, verifier: usize) -> Option<(f64, bool)> {
    let evidence = &item.report.verifiers[verifier].evidence;
    Some((evidence.get("measured")?.as_f64()?, evidence.get("better")?.as_str()? == "less"))
}

/// The threshold of a verifier: between the worst sound items and the defective ones beyond them (the geometric mean,
/// or half of the latter where the former is 0); where the two overlap, the worst sound ones but for
/// [`REFUSED_SOUND`].
pub(crate) fn threshold(items: &[Item], kinds: &[Kind], verifier: usize) -> f64 {
    let all: Vec<(Option<usize>, f64, bool)> = items
        .iter()
        .filter_map(|item| measured(item, verifier).map(|(value, less)| (item.defect, value, less)))
        .collect();
    let less = all.first().is_none_or(|(_, _, less)| *less);
    let sign = if less { 1.0 } else { -1.0 };
    let sound: Vec<f64> = all.iter().filter(|x| x.0.is_none()).map(|x| sign * x.1).collect();
    let agent = verifier as u8 + 1;
    let edge = quantile(&sound, 1.0 - REFUSED_SOUND);
    let beyond: Vec<f64> = all
        .iter()
        .filter(|x| x.0.is_some_and(|defect| kinds[defect].1.contains(&agent)) && sign * x.1 > edge)
        .map(|x| sign * x.1)
        .collect();
    if beyond.is_empty() {
        return edge.abs();
    }
    let bad = quantile(&beyond, PASSED_DEFECTIVE).abs();
    let edge = edge.abs();
    if edge == 0.0 || bad == 0.0 { edge.max(bad) / 2.0 } else { (edge * bad).sqrt() }
}

/// Rounded to three significant digits, as thresholds are written.
pub(crate) fn rounded(x: f64) -> f64 {
    format!("{x:.2e}").parse().expect("a number")
}

/// ln P(vote | sound) − ln P(vote | defective) for yes and for no, defects of all kinds weighing the same. One item
/// more of each is counted everywhere, so that nothing is certain.
pub(crate) fn weights(items: &[Item]) -> Vec<[f64; 2]> {
    let weight = weighing(items);
    let log_odds = |verifier: usize, vote: Vote| {
        let share = |sound: bool| {
            let those = items.iter().filter(|item| item.defect.is_none() == sound);
            let (mut matching, mut all) = (0.0, 0.0);
            for item in those {
                // What it found itself, whether or not it deferred to an objection.
                let Some(score) = item.report.verifiers[verifier].score else { continue };
                all += weight(item);
                matching += if (score >= 0.5) == (vote == Vote::Yes) { weight(item) } else { 0.0 };
            }
            (matching + 0.5) / (all + 1.0)
        };
        rounded((share(true) / share(false)).ln())
    };
    (0..NUM_VERIFIERS).map(|v| [log_odds(v, Vote::Yes), log_odds(v, Vote::No)]).collect()
}

/// Defective items weigh so much that together they weigh as much as the sound ones: even odds before the votes.
pub(crate) fn weighing(items: &[Item]) -> impl Fn(&Item) -> f64 + use<> {
    let sound = items.iter().filter(|item| item.defect.is_none()).count() as f64;
    let defective = items.len() as f64 - sound;
    move |item| if item.defect.is_none() { 1.0 } else { sound / defective }
}

/// Steps of the calibration: from which sum of weights on which probability holds.
pub(crate) fn steps(items: &[Item], weights: &[[f64; 2]]) -> Vec<(f64, f64)> {
    let weight = weighing(items);
    let evidence = |item: &Item| {
        let votes = item.report.verifiers.iter().zip(weights);
        votes
            .map(|(opinion, weight)| match opinion.vote {
                Vote::Yes => weight[0],
                Vote::No => weight[1],
                Vote::Abstain => 0.0,
            })
            .sum::<f64>()
    };
    let judged: Vec<Judged> =
        items.iter().map(|item| (evidence(item), item.defect.is_none(), weight(item))).collect();
    // Steps are written with two digits after the point: rounded down, they hold what they held.
    isotonic(&judged).into_iter().map(|(from, p)| ((from * 100.0).floor() / 100.0, rounded(p))).collect()
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

/// Share of the items of one kind (`None`: sound) with that verdict.
pub(crate) fn share(items: &[Item], defect: Option<usize>, verdict: Verdict) -> f64 {
    let those: Vec<&Item> = items.iter().filter(|item| item.defect == defect).collect();
    those.iter().filter(|item| item.report.verdict == verdict).count() as f64 / those.len() as f64
}

/// Brier score of the confidence at even odds.
pub(crate) fn brier_of(items: &[Item]) -> f64 {
    let weight = weighing(items);
    let judged: Vec<Judged> =
        items.iter().map(|item| (item.report.confidence, item.defect.is_none(), weight(item))).collect();
    brier(&judged)
}

/// Every confidence that occurs, the share of sound items among those that have it, and their weight.
pub(crate) fn reliability(items: &[Item]) -> Vec<(f64, f64, f64)> {
    let weight = weighing(items);
    let mut values: Vec<f64> = items.iter().map(|item| item.report.confidence).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    let row = |value: f64| {
        let those = || items.iter().filter(move |item| item.report.confidence == value);
        let total: f64 = those().map(&weight).sum();
        let sound: f64 = those().filter(|item| item.defect.is_none()).map(&weight).sum();
        (value, sound / total, total)
    };
    values.into_iter().map(row).collect()
}

/// Prints what the held-out part shows.
pub(crate) fn print_tables(title: &str, items: &[Item], kinds: &[Kind]) {
    let roster = &ramanujan_verification::ROSTER;
    println!(
        "### {title}: verifiers\n\n| # | test | for | AUC | sound that get a no | abstains |\n|---|---|---|---|---|---|"
    );
    for (v, verifier) in roster.iter().enumerate() {
        let own: Vec<_> = kinds.iter().filter(|k| k.1.contains(&verifier.agent_id)).map(|k| k.0).collect();
        let area = verifier_auc(items, kinds, v).map_or("–".to_owned(), |area| format!("{area:.3}"));
        let silent = items.iter().filter(|i| i.report.verifiers[v].score.is_none()).count();
        let test = &items[0].report.verifiers[v].test;
        println!(
            "| {} | `{test}` | {} | {area} | {:.1} % | {:.0} % |",
            verifier.agent_id,
            own.join(", "),
            100.0 * refused(items, v),
            100.0 * silent as f64 / items.len() as f64,
        );
    }
    println!(
        "\n### {title}: verdict and confidence\n\n| items | n | ACCEPTED | TENTATIVE | REJECTED | mean confidence | AUC of the confidence |\n|---|---|---|---|---|---|---|"
    );
    for kind in std::iter::once(None).chain((0..kinds.len()).map(Some)) {
        let those: Vec<_> = items.iter().filter(|item| item.defect == kind).collect();
        let mean = those.iter().map(|item| item.report.confidence).sum::<f64>() / those.len() as f64;
        let [accepted, tentative, rejected] =
            [Verdict::Accepted, Verdict::Tentative, Verdict::Rejected].map(|v| 100.0 * share(items, kind, v));
        let name = kind.map_or("sound", |d| kinds[d].0);
        let area =
            kind.map_or("".to_owned(), |d| format!("{:.3}", confidence_auc(items, |other| other == d)));
        println!(
            "| {name} | {} | {accepted:.0} % | {tentative:.0} % | {rejected:.0} % | {mean:.2} | {area} |",
            those.len()
        );
    }
    let (value, a, b) = largest_correlation(items);
    println!(
        "\nAll defects together: AUC of the confidence {:.4}, of the three-valued verdict alone {:.3}. Brier score {:.4}. \
         Largest correlation of two scores: {value:.3} (`{}`, `{}`).\n",
        confidence_auc(items, |_| true),
        verdict_auc(items),
        brier_of(items),
        items[0].report.verifiers[a].test,
        items[0].report.verifiers[b].test,
    );
    println!("### {title}: reliability\n\n| confidence | of these sound | weight |\n|---|---|---|");
    for (confidence, sound, weight) in reliability(items) {
        println!("| {confidence:.3} | {sound:.3} | {weight:.0} |");
    }
    println!();
}
